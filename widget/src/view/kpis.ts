import { type TemplateResult, html, nothing } from 'lit-html';
import type { Figure, Header } from '../api/operations.js';
import type { Words } from '../i18n/words.js';
import { matterName, scoreTone } from './item.js';
import { place } from './place.js';
import type { Scene } from './scene.js';

type State = Figure['state'];

/** "3", "≥ 3", or why there is none. */
export function figure(words: Words, count: Figure): TemplateResult {
  if (count.state === 'EXACT' && count.value !== null) return html`<b>${words.number(count.value)}</b>`;
  if (count.state === 'AT_LEAST' && count.value !== null) {
    return html`<b><span class="hidden">${words.t('kpi.atLeast', { n: count.value })}</span><span aria-hidden="true">≥ ${words.number(count.value)}</span></b>`;
  }
  return missing(words, count.state);
}

const missing = (words: Words, state: State): TemplateResult =>
  html`<b aria-hidden="true">—</b><small>${words.t(state === 'NOT_PERMITTED' ? 'notVisible' : 'unavailable')}</small>`;

const has = ({ state, value }: Figure): boolean => value !== null && (state === 'EXACT' || state === 'AT_LEAST');
const more = ({ value }: Figure): number => value ?? 0;

function asOf(words: Words, instant: string | null | undefined): TemplateResult | typeof nothing {
  return instant ? html` · <time datetime=${instant}>${words.t('kpi.asOf', { time: words.time(instant) })}</time>` : nothing;
}

export function kpis(scene: Scene): TemplateResult {
  const { words, session } = scene;
  const { header } = session;
  if (!header) return session.headerFailed ? html`<dl class="kpis" part="kpis">${matter(scene)}</dl>` : skeleton();
  return html`<dl class="kpis" part="kpis">
    ${header.nps.state === 'NOT_LICENSED' ? nothing : answer(scene, header)}
    ${month(words, header)}
    ${header.activeTickets.state === 'NOT_LICENSED' ? nothing : tickets(words, header)}
    ${matter(scene)}
  </dl>`;
}

function answer(scene: Scene, { nps }: Header): TemplateResult {
  const { words, session } = scene;
  const late = session.failing.find(({ source }) => source.kind === 'SURVEY');
  const shown = nps.score === null
    ? nps.state === 'EXACT' || nps.state === 'AT_LEAST' ? html`<b aria-hidden="true">—</b><small>${words.t('kpi.noAnswer')}</small>` : missing(words, nps.state)
    : html`<b>${nps.score}</b><small class="t-${scoreTone(nps.score)}">${nps.category ? words.named('nps', nps.category) : nothing}</small>`;
  return html`<div part="kpi"><dt>${words.t('kpi.answer')}${asOf(words, late?.asOf)}</dt><dd>${shown}
    ${session.answers.length > 1 ? html`<span class="spark" role="img" aria-label=${words.t('kpi.answers', { scores: words.list(session.answers.map(String)) })}>${session.answers.map((score) =>
      html`<i class="t-${scoreTone(score)}" ${place({ '--h': `${Math.max(1, score) * 10}%` })}></i>`)}</span>` : nothing}
  </dd></div>`;
}

function month(words: Words, { last30Days, previous30Days, today }: Header): TemplateResult {
  const lost = (count: Figure): TemplateResult | typeof nothing => (has(count) && more(count) ? html`<small class="t-fail">${words.t('kpi.lost', { n: more(count) })}</small>` : nothing);
  return html`<div part="kpi"><dt>${words.t('kpi.month')}${asOf(words, last30Days.interactions.asOf)}</dt><dd>${figure(words, last30Days.interactions)}
      ${has(previous30Days.interactions) ? html`<small>${words.t('kpi.before', { n: more(previous30Days.interactions) })}</small>` : nothing}${lost(last30Days.missed)}</dd></div>
    <div part="kpi" class="today"><dt>${words.t('kpi.today')}${asOf(words, today.interactions.asOf)}</dt><dd>${figure(words, today.interactions)}${lost(today.missed)}</dd></div>`;
}

function tickets(words: Words, { activeTickets, escalatedTickets }: Header): TemplateResult {
  const escalated = more(escalatedTickets);
  return html`<div part="kpi"><dt>${words.t('kpi.tickets')}${asOf(words, activeTickets.asOf)}</dt><dd>${figure(words, activeTickets)}
    ${has(escalatedTickets) ? html`<small class=${escalated ? 't-fail' : ''}>${escalated ? words.t('kpi.escalated', { n: escalated }) : words.t('kpi.notEscalated')}</small>` : nothing}</dd></div>`;
}

function matter(scene: Scene): TemplateResult {
  const { words, session } = scene;
  const shown = scene.picture.matter ?? session.newestMatter;
  return html`<div part="kpi" class="matter"><dt>${words.t('kpi.matter')}</dt><dd>${shown
    ? html`<b>${matterName(scene, shown)}</b><small class=${shown.resolution === 'RESOLVED' ? 't-ok' : 't-fail'}>${words.named('resolution', shown.resolution)}</small>
      <small>${[words.t('contacts', { n: shown.steps }), words.t('channels', { n: shown.channels.length }), words.t('agents', { n: shown.agents.length }),
        words.age(session.clock.now() - Date.parse(shown.startedAt), true)].join(' · ')}</small>`
    : html`<b aria-hidden="true">—</b><small>${words.t(session.headerFailed ? 'unavailable' : 'kpi.noMatter')}</small>`}</dd></div>`;
}

/** The same boxes, empty. */
export const skeleton = (): TemplateResult => html`<div class="kpis" aria-hidden="true">${[1, 2, 3, 4, 5].map((each) =>
  html`<div class=${each === 5 ? 'matter' : each === 3 ? 'today' : ''}><span class="bone b1"></span><span class="bone b2"></span></div>`)}</div>`;
