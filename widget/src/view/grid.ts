import { type TemplateResult, html, nothing } from 'lit-html';
import { guard } from 'lit-html/directives/guard.js';
import type { Row } from '../api/operations.js';
import type { Words } from '../i18n/words.js';
import { colourOf, iconOf } from '../journey/channels.js';
import { scoreOf, ticketNumberOf, titleOf } from '../journey/rows.js';
import { icon } from './icons.js';
import { channelName, contactName, escalatedPill, idleSeconds, isThisCall, numberName, outcomeWords, statePill, topicOf } from './item.js';
import { keyed } from './keyed.js';
import { newEvents, older } from './list.js';
import { place } from './place.js';
import type { Scene, Sort } from './scene.js';

const COLUMNS = ['date', 'channel', 'topic', 'queue', 'agent', 'outcome', 'wrapUp', 'tags', 'duration'] as const;
type Column = (typeof COLUMNS)[number];

/** The height of a row, which the styles have too. */
export const ROW = 33;
/** From so many rows, only those around what is in sight are in the document. */
const WINDOW_FROM = 100;
const WINDOW = 75;

export function grid(scene: Scene): TemplateResult {
  const { words, act, session, sort } = scene;
  const rows = sorted(session.rows, sort, words);
  const from = rows.length < WINDOW_FROM ? 0 : Math.min(scene.firstRow, rows.length - WINDOW);
  const to = rows.length < WINDOW_FROM ? rows.length : from + WINDOW;
  return html`${newEvents(scene)}<div class="table" part="grid" tabindex="0" role="region" aria-label=${words.t('list.label')}>
    <table aria-rowcount=${rows.length + 1}>
      <thead><tr>${COLUMNS.map((column) => {
        const by = sort.column === column ? (sort.descending ? 'descending' : 'ascending') : null;
        return html`<th scope="col" class="g-${column}" aria-sort=${by ?? nothing}><button @click=${() => act.sortBy(column)}>${words.t(`field.${column}`)}<span class="by" aria-hidden="true">${by === 'descending' ? '↓' : by ? '↑' : ''}</span></button></th>`;
      })}</tr></thead>
      <tbody>${gap(from)}${keyed(rows.slice(from, to), ({ id }) => id, (row, index) => line(scene, row, from + index + 2))}${gap(rows.length - to)}</tbody>
    </table>${older(scene)}
  </div>`;
}

const gap = (rows: number): TemplateResult | typeof nothing => (rows > 0 ? html`<tr aria-hidden="true" ${place({ 'block-size': `${rows * ROW}px` })}></tr>` : nothing);

function line(scene: Scene, row: Row, index: number): TemplateResult {
  const light = scene.light(row);
  const depends = [scene.words, scene.stale, row, scene.picture.matterIds, scene.interaction, light === 'idle' ? idleSeconds(scene, row) : light, scene.selected === row.id];
  return html`<tr part="row" aria-rowindex=${index} class=${scene.picture.matterIds.has(row.id) ? 'matter' : ''}>${guard(depends, () => cells(scene, row))}</tr>`;
}

function cells(scene: Scene, row: Row): TemplateResult {
  const { words } = scene;
  const live = scene.light(row) !== 'inactive';
  const withheld = (field: string): TemplateResult => (scene.session.withheld.has(field) ? html`<span class="muted" title=${words.t('notVisible')}>${icon('lock', 12)}<span class="hidden">${words.t('notVisible')}</span></span>` : html`<span class="muted">—</span>`);
  const number = numberName(words, row);
  const ticket = ticketNumberOf(row);
  const [wrapUp] = row.wrapUpCodes.slice(-1);
  return html`<th scope="row">${live ? statePill(scene, row) : html`<time datetime=${row.startedAt}>${words.stamp(row.startedAt)}</time>`}</th>
    <td><button class="open c-${colourOf(row)}" data-id=${row.id} aria-haspopup="dialog" aria-expanded=${scene.selected === row.id} title=${contactName(words, row)}>${icon(iconOf(row), 16)}${row.direction === 'UNKNOWN' ? nothing : icon(row.direction.toLowerCase(), 12, 2.6)}<span>${channelName(words, row)}</span>${number ? html`<span class="muted">${number}</span>` : nothing}<span class="hidden">${contactName(words, row)}, ${words.date(row.startedAt)}, ${words.time(row.startedAt)}, ${topicOf(words, row)}</span></button></td>
    <td><span class="cut">${isThisCall(scene, row) ? html`<span class="pill this">${words.t('thisCall')}</span> ` : nothing}${topicOf(words, row)}${ticket ? html` <span class="muted">${ticket}</span>` : nothing}</span></td>
    <td><span class="cut">${row.queue?.name ?? withheld('Interaction.queue')}</span></td>
    <td><span class="cut">${row.agent?.name ?? html`<span class="muted">—</span>`}</span></td>
    <td>${live ? nothing : statePill(scene, row)} ${escalatedPill(words, row)}</td>
    <td><span class="cut">${wrapUp?.label ?? withheld('Interaction.wrapUpCodes')}</span></td>
    <td><span class="cut">${row.tags.slice(0, 2).map((tag) => html`<span class="tag">${tag}</span> `)}</span></td>
    <td>${row.durationSeconds === null ? html`<span class="muted">—</span>` : words.duration(row.durationSeconds)}</td>`;
}

/** In the journey's own order unless somebody chose another. */
export function sorted(rows: readonly Row[], { column, descending }: Sort, words: Words): readonly Row[] {
  if (column === 'date') return descending ? rows : rows.toReversed();
  const way = descending ? -1 : 1;
  return rows.toSorted((a, b) => compare(valueOf(a, column as Column, words), valueOf(b, column as Column, words), way));
}

/** What has no value stands behind what has one, whichever way. */
function compare(a: string | number | null, b: string | number | null, way: 1 | -1): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  return way * (typeof a === 'number' && typeof b === 'number' ? a - b : String(a).localeCompare(String(b)));
}

function valueOf(row: Row, column: Column, words: Words): string | number | null {
  switch (column) {
    case 'channel': return channelName(words, row);
    case 'topic': return titleOf(row);
    case 'queue': return row.queue?.name ?? null;
    case 'agent': return row.agent?.name ?? null;
    case 'outcome': return scoreOf(row) ?? outcomeWords(words, row);
    case 'wrapUp': return row.wrapUpCodes.at(-1)?.label ?? null;
    case 'tags': return row.tags.join() || null;
    case 'duration': return row.durationSeconds;
    default: return Date.parse(row.startedAt);
  }
}
