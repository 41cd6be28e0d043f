import { type TemplateResult, html, nothing } from 'lit-html';
import type { Matter, Report, Row } from '../api/operations.js';
import type { Words } from '../i18n/words.js';
import { colourOf, iconOf, isSquare, numberOf } from '../journey/channels.js';
import { hasFailed, isEscalated, scoreOf, ticketNumberOf, titleOf, toneOf } from '../journey/rows.js';
import { icon } from './icons.js';
import type { Scene } from './scene.js';

const joined = (parts: readonly (string | null | undefined | false)[], by: string): string => parts.filter(Boolean).join(by);

export const scoreTone = (score: number): 'fail' | 'wait' | 'ok' => (score <= 6 ? 'fail' : score <= 8 ? 'wait' : 'ok');
const scoreClass = { fail: 'detractor', wait: 'passive', ok: 'promoter' } as const;
export const scoreWords = (words: Words, score: number): string => words.t(`nps.${scoreClass[scoreTone(score)]}`);

export const channelName = (words: Words, row: Row): string => words.named('channel', row.channel);
/** "Phone inbound". */
export const contactName = (words: Words, row: Row): string => joined([channelName(words, row), words.named('direction', row.direction, '')], ' ');
export const numberName = (words: Words, row: Row): string | null => {
  const number = numberOf(row);
  return number && words.t(`number.${number}`);
};
export const topicOf = (words: Words, row: Row): string => titleOf(row) ?? words.t('list.noTopic');
/** A matter's topic; where it has none, what its newest contact was about. */
export function matterName({ session, words }: Scene, matter: Matter): string {
  const ids = new Set(matter.interactions.map(({ id }) => id));
  const newest = session.rows.find(({ id }) => ids.has(id));
  const [channel] = matter.channels;
  return matter.topic ?? (newest && titleOf(newest)) ?? (channel ? words.named('channel', channel) : words.t('list.noTopic'));
}
export const sourceName = (words: Words, source: Report['source'] | Row['source']): string => words.named('source', source.kind, source.name);
export const isThisCall = (scene: Scene, row: Row): boolean => scene.interaction !== null && (row.id === scene.interaction || row.externalId === scene.interaction);

export function outcomeWords(words: Words, row: Row): string {
  return row.outcome?.label ?? (row.__typename === 'Ticket' ? words.named('ticket', row.ticketStatus, row.sourceStatus) : words.named('status', row.status));
}

/** Seconds without activity, by the server's clock. */
export const idleSeconds = (scene: Scene, row: Row): number => Math.max(0, Math.round((scene.session.clock.now() - Date.parse(row.lastActivityAt)) / 1000));

function lightWords(scene: Scene, row: Row): string | null {
  const { words } = scene;
  const light = scene.light(row);
  if (light === 'inactive') return null;
  if (scene.stale) return words.t('live.unknown');
  return light === 'live' ? words.t('live.live') : words.t('live.idle', { n: idleSeconds(scene, row) });
}

/** The state of a row in a word or two: its light, else its score, else how it went. */
export function statePill(scene: Scene, row: Row): TemplateResult {
  const { words } = scene;
  const live = lightWords(scene, row);
  if (live) {
    const light = scene.stale ? 'plain' : scene.light(row);
    return html`<span class="pill ${light}">${scene.stale ? nothing : html`<i class="dot"></i>`}${live}</span>`;
  }
  const score = scoreOf(row);
  if (score !== null) return html`<span class="pill ${scoreTone(score)}">${score} · ${scoreWords(words, score)}</span>`;
  return html`<span class="pill ${toneOf(row)}">${outcomeWords(words, row)}</span>`;
}

export const escalatedPill = (words: Words, row: Row): TemplateResult | typeof nothing =>
  isEscalated(row) ? html`<span class="pill fail">${words.t('status.escalated')}</span>` : nothing;

/** "Phone inbound, mobile, 20 November 2026 at 16:40, Double charge, Billing, Failed": the name of an item. */
export function itemName(scene: Scene, row: Row): string {
  const { words } = scene;
  const score = scoreOf(row);
  return joined([
    contactName(words, row), numberName(words, row), isThisCall(scene, row) && words.t('thisCall'),
    words.date(row.startedAt), words.time(row.startedAt), titleOf(row), ticketNumberOf(row), row.queue?.name, row.agent?.name,
    lightWords(scene, row) ?? (score === null ? outcomeWords(words, row) : `${score}, ${scoreWords(words, score)}`),
    hasFailed(row) && words.t('status.failed') !== outcomeWords(words, row) && words.t('status.failed'),
    isEscalated(row) && words.t('status.escalated'),
  ], ', ');
}

/** The mark of a row: icon and colour by channel and number, badges by direction, failure and light. */
export function mark(scene: Scene, row: Row): TemplateResult {
  const score = scoreOf(row);
  const light = scene.stale ? 'inactive' : scene.light(row);
  const colour = score === null ? `c-${colourOf(row)}` : `c-${scoreTone(score)}`;
  const direction = row.direction.toLowerCase();
  return html`<span class="mark ${colour} ${light} ${isSquare(row) ? 'square' : ''}">
    ${score === null ? icon(iconOf(row), 17) : html`<b>${score}</b>`}
    ${row.channel === 'SURVEY' || direction === 'unknown' ? nothing : html`<span class="arrow">${icon(direction, 10, 3.2)}</span>`}
    ${hasFailed(row) && score === null ? html`<span class="cross">${icon('cross', 9, 4)}</span>` : nothing}
    ${light === 'inactive' ? nothing : html`<span class="light"></span>`}
  </span>`;
}

/** The item in the list: a mark, with words beside it in the feed, which say no more than the mark's name does. */
export function item(scene: Scene, row: Row): TemplateResult {
  const { words } = scene;
  const ticket = ticketNumberOf(row);
  const [wrapUp] = row.wrapUpCodes.slice(-1);
  const failed = hasFailed(row);
  const live = scene.light(row) !== 'inactive';
  return html`<button
      class="item" part="item${failed ? ' item-failed' : ''}${live ? ' item-live' : ''}" data-id=${row.id} data-item=${row.id}
      aria-haspopup="dialog" aria-expanded=${scene.selected === row.id} tabindex=${scene.picture.current === row.id ? 0 : -1} aria-label=${itemName(scene, row)}>
    ${mark(scene, row)}</button>
    <div class="words" data-id=${row.id} aria-hidden="true">
      <div class="first"><b>${topicOf(words, row)}${ticket ? html` · ${ticket}` : nothing}</b><time datetime=${row.startedAt}>${words.time(row.startedAt)}</time></div>
      <div class="second">${joined([channelName(words, row), row.queue?.name, row.agent?.name], ' · ')}</div>
      <div class="third">${isThisCall(scene, row) ? html`<span class="pill this">${words.t('thisCall')}</span>` : nothing}${statePill(scene, row)}${escalatedPill(words, row)}${wrapUp ? html`<span class="tag">${wrapUp.label}</span>` : nothing}</div>
    </div>`;
}
