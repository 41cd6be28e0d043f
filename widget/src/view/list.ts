import { type TemplateResult, html, nothing } from 'lit-html';
import { guard } from 'lit-html/directives/guard.js';
import type { Row } from '../api/operations.js';
import { type Lane, laneOf, lookOfLane } from '../journey/channels.js';
import { type Day, STACK_FROM, daysBetween, noonOf, stackKey } from '../journey/days.js';
import { GAP, type Placed, offsetOf, pathThrough } from '../journey/layout.js';
import { hasFailed } from '../journey/rows.js';
import { icon } from './icons.js';
import { idleSeconds, item, sourceName } from './item.js';
import { keyed } from './keyed.js';
import { place } from './place.js';
import type { Scene } from './scene.js';

/** Of the months and dates above the lanes, in pixels; the styles have it too. */
export const AXIS = 47;
/** Room for the button behind the oldest contact. */
const OLDER = 130;
const at = (x: number, width: number): ReturnType<typeof place> => place({ 'inset-inline-end': `${x}px`, 'inline-size': `${width}px` });

/** One chronological list in the document; lanes, axis, bars and line are drawing around it. */
export function list(scene: Scene): TemplateResult {
  const { words, picture: { lanes, layout, matterIds } } = scene;
  return html`<div class="timeline" part="timeline" ${place({ '--lanes': lanes.length, '--lane-height': `${scene.laneHeight}px` })}>
    ${newEvents(scene)}
    ${overview(scene)}
    <div class="stage">
      <div class="labels" aria-hidden="true">${lanes.map((lane) => laneLabel(scene, lane))}</div>
      <div class="scroller" tabindex="-1">
        <div class="canvas" ${place({ 'inline-size': `${layout.width + OLDER}px` })}>
          ${guard([layout, lanes, matterIds, words], () => drawing(scene))}
          <ol class="days" role="list" aria-label=${words.t('list.label')}>
            ${keyed(layout.days, ({ day }) => day.key, (placed, index) => dayOf(scene, placed, layout.days[index + 1]?.day ?? null))}
          </ol>
          ${older(scene, place({ 'inset-inline-end': `${layout.width}px` }))}
        </div>
      </div>
    </div>
  </div>`;
}

export function newEvents(scene: Scene): TemplateResult | typeof nothing {
  const { words, act, session } = scene;
  if (!session.waiting.length) return nothing;
  return html`<button class="button new" @click=${() => act.release()}>${icon('up', 14, 2.2)}${words.t('list.new', { n: session.waiting.length })}</button>`;
}

export function older({ words, act, session }: Scene, where = place({})): TemplateResult {
  if (!session.hasOlder) return html`<p class="older end" ${where}>${words.t('list.end')}</p>`;
  return html`<p class="older" ${where}><button class="button" ?disabled=${session.loadingOlder} @click=${() => act.older()}>${words.t(session.loadingOlder ? 'list.loadingOlder' : 'list.older')}</button></p>`;
}

function laneLabel(scene: Scene, lane: Lane): TemplateResult {
  const { words, session } = scene;
  const channels = new Set(session.rows.filter((row) => laneOf(row.channel) === lane).map(({ channel }) => channel));
  const [only] = channels;
  const name = channels.size === 1 && only ? words.named('channel', only) : words.named('source', lane);
  const down = session.failing.filter(({ source }) => source.channels.some((channel) => laneOf(channel) === lane));
  const why = down.length ? words.t('list.unknown', { source: words.list(down.map(({ source }) => sourceName(words, source))) }) : null;
  return html`<div class="lane c-${lookOfLane(lane).colour} ${why ? 'unknown' : ''}" part="lane" title=${why ?? nothing}>${icon(lookOfLane(lane).icon, 16)}<span>${name}</span>${why ? icon('warn', 14) : nothing}</div>`;
}

function dayOf(scene: Scene, { day, x, width, folded }: Placed, before: Day | null): TemplateResult {
  const { words, picture: { today } } = scene;
  const isToday = day.key === today;
  const quiet = before ? daysBetween(before.key, day.key) - 1 : 0;
  return html`<li class="day ${isToday ? 'today' : ''}" part="day" ${at(x, width)}>
    ${guard(watched(scene, day, quiet), () => html`
      <h3 class="date"><span class="short" aria-hidden="true">${isToday ? words.t('list.now') : words.day(day.key, { day: 'numeric' })}</span><span class="full">${isToday ? `${words.t('list.today')} · ` : nothing}${dateOf(scene, day)}</span></h3>
      <ol role="list">${keyed(day.rows, ({ id }) => id, (row) => cell(scene, day, row))}</ol>
      ${folded ? html`<p class="quiet">${words.t('list.quiet', { n: quiet })}</p>` : nothing}`)}
  </li>`;
}

function dateOf({ words, picture: { today } }: Scene, day: Day): string {
  const sameYear = day.key.slice(0, 4) === today.slice(0, 4);
  return words.day(day.key, { weekday: 'short', day: 'numeric', month: 'long', ...(sameYear ? {} : { year: 'numeric' }) });
}

/** All that a day's drawing depends on, so that the days that did not change are left alone. */
function watched(scene: Scene, day: Day, quiet: number): unknown[] {
  const { picture } = scene;
  const ids = new Set(day.rows.map(({ id }) => id));
  const own = (id: string | null): string | null => (id !== null && (ids.has(id) || id.startsWith(day.key)) ? id : null);
  const lights = day.rows.map((row) => {
    const light = scene.light(row);
    return light === 'idle' && !scene.stale ? idleSeconds(scene, row) : light;
  });
  const stacks = [...day.lanes.keys()].filter((lane) => scene.openStacks.has(stackKey(day.key, lane)));
  return [
    scene.words, scene.stale, scene.interaction, picture.today, quiet, own(scene.selected), own(picture.current),
    picture.lanes, picture.matterIds, stacks.join(), lights.join(), ...day.rows,
  ];
}

function cell(scene: Scene, day: Day, row: Row): TemplateResult {
  const lane = laneOf(row.channel);
  const same = day.lanes.get(lane) ?? [];
  const key = stackKey(day.key, lane);
  const stacked = same.length >= STACK_FROM && !scene.openStacks.has(key);
  const where = place({ '--lane': scene.picture.lanes.indexOf(lane), '--dx': `${-offsetOf(day, row, scene.openStacks)}px` });
  return html`${stacked && same[0] === row ? stack(scene, day, lane, same, key) : nothing}<li class="cell ${stacked ? 'stacked' : ''} ${scene.picture.matterIds.has(row.id) ? 'matter' : ''}" ${where}>${item(scene, row)}</li>`;
}

function stack(scene: Scene, day: Day, lane: Lane, rows: readonly Row[], key: string): TemplateResult {
  const { words, act } = scene;
  const failed = rows.some(hasFailed);
  const live = !scene.stale && rows.some((row) => scene.light(row) === 'live');
  const name = words.t('list.stack', { n: rows.length, lane: words.named('source', lane), date: words.day(day.key, { day: 'numeric', month: 'long', year: 'numeric' }) });
  return html`<li class="cell stack" ${place({ '--lane': scene.picture.lanes.indexOf(lane), '--dx': '0px' })}><button class="item" data-item=${key} aria-expanded="false"
    tabindex=${scene.picture.current === key ? 0 : -1} aria-label=${failed ? `${name}, ${words.t('status.failed')}` : name} @click=${() => act.openStack(day, lane, key)}>
    <span class="mark many c-${lookOfLane(lane).colour} ${live ? 'live' : ''}"><b>${rows.length}</b>${failed ? html`<span class="cross">${icon('cross', 9, 4)}</span>` : nothing}</span></button></li>`;
}

function drawing(scene: Scene): TemplateResult {
  const { words, picture: { layout, lanes, matterIds } } = scene;
  const line = matterIds.size ? pathThrough(layout, lanes, matterIds, scene.openStacks, AXIS, scene.laneHeight) : '';
  const ticketLane = lanes.indexOf('ticket');
  return html`<div class="drawing" aria-hidden="true">
    ${layout.months.map((month) => html`<div class="month" ${at(month.x, month.width)}><span>${monthName(scene, month.key, month.width)}</span></div>`)}
    ${layout.days.map(({ x, width, folded }) => (folded ? html`<div class="gap" ${at(x + width, GAP)}><span>${words.t('list.folded', { n: folded })}</span></div>` : nothing))}
    ${layout.bars.map((bar) => html`<div class="bar c-ticket ${bar.escalated ? 'escalated' : ''}" ${place({ 'inset-inline-end': `${bar.x}px`, 'inline-size': `${bar.width}px`, '--lane': ticketLane, '--level': bar.level })}></div>`)}
    <svg class="line" width="1" height="1"><path d=${line}></path></svg>
  </div>`;
}

function monthName({ words, picture: { today } }: Scene, month: string, width: number): string {
  const year = month.slice(0, 4) === today.slice(0, 4) || width < 80 ? {} : { year: 'numeric' as const };
  return words.day(`${month}-15`, { month: 'short', ...year });
}

const OVERVIEW = { width: 1000, height: 26, weeks: 53 };
const WEEK_MS = 7 * 86_400_000;

/** Twelve months in true time. The element moves `.window` while somebody scrolls. */
export function overview({ picture: { days, today } }: Scene): TemplateResult {
  return html`${guard([days, today], () => {
    const { width, height, weeks } = OVERVIEW;
    const end = noonOf(today) + WEEK_MS / 14;
    const x = (instant: number): number => width - ((end - instant) / (weeks * WEEK_MS)) * width;
    const counts = new Map<number, { failed: number; other: number }>();
    for (const { key, rows } of days) {
      const week = Math.floor((end - noonOf(key)) / WEEK_MS);
      if (week >= weeks) continue;
      const count = counts.get(week) ?? { failed: 0, other: 0 };
      for (const row of rows) count[hasFailed(row) ? 'failed' : 'other'] += 1;
      counts.set(week, count);
    }
    const most = Math.max(5, ...[...counts.values()].map(({ failed, other }) => failed + other));
    const unit = (height - 5) / most;
    const box = (left: number, top: number, tall: number): string => `M${left} ${top}h12v${tall}h-12z`;
    const weeksOf = (of: (count: { failed: number; other: number }) => [number, number]): string => [...counts].map(([week, count]) => {
      const [from, to] = of(count);
      return box(x(end - (week + 1) * WEEK_MS) + 3, height - to * unit, (to - from) * unit);
    }).join('');
    const [year = 0, month = 1] = today.split('-').map(Number);
    const months = Array.from({ length: 12 }, (_, back) => `M${x(Date.UTC(year, month - 1 - back, 1))} 0v${height}`).join('');
    return html`<svg class="overview" viewBox="0 0 ${width} ${height}" preserveAspectRatio="none" aria-hidden="true"><path class="lines" d=${months}></path>
      <path class="some" d=${weeksOf(({ failed, other }) => [failed, failed + other])}></path><path class="failed" d=${weeksOf(({ failed }) => [0, failed])}></path><rect class="window" y="0.5" height=${height - 1}></rect></svg>`;
  })}`;
}

/** Where a stretch of days lies in the overview: x and width in its own units. */
export function windowOf(today: string, oldest: string, newest: string): [number, number] {
  const { width, weeks } = OVERVIEW;
  const end = noonOf(today) + WEEK_MS / 14;
  const x = (instant: number): number => Math.max(0.5, Math.min(width - 0.5, width - ((end - instant) / (weeks * WEEK_MS)) * width));
  const left = x(noonOf(oldest) - WEEK_MS / 4);
  return [left, Math.max(4, x(noonOf(newest) + WEEK_MS / 7) - left)];
}
