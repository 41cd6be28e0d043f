import { type TemplateResult, html, nothing } from 'lit-html';
import type { Named, Report, Row } from '../api/operations.js';
import type { Words } from '../i18n/words.js';
import { laneOf } from '../journey/channels.js';
import { icon } from './icons.js';
import { isThisCall, sourceName } from './item.js';
import type { Scene } from './scene.js';

const isGood = ({ state }: Report): boolean => state === 'FRESH' || state === 'CACHED';

export function initials(name: string | null): string {
  const parts = (name ?? '').trim().split(/\s+/).filter(Boolean);
  const letters = [parts[0], parts.length > 1 ? parts.at(-1) : undefined].map((part) => (part ? [...part][0] : ''));
  return letters.join('').toLocaleUpperCase() || '?';
}

/** The call in hand: the one that the host named, else a call that is going on. */
function callOf(scene: Scene): Row | null {
  const rows = [...scene.session.rows, ...scene.session.waiting];
  return rows.find((row) => isThisCall(scene, row))
    ?? (scene.interaction === null ? rows.find((row) => laneOf(row.channel) === 'voice' && scene.light(row) === 'live') : null)
    ?? null;
}

function callChip(scene: Scene): TemplateResult | typeof nothing {
  const { words, session } = scene;
  const row = callOf(scene);
  if (!row && scene.interaction === null) return nothing;
  if (row && scene.light(row) === 'inactive') return nothing;
  const seconds = Math.max(0, Math.floor((row ? session.clock.now() - Date.parse(row.startedAt) : Date.now() - scene.callSince) / 1000));
  const label = row && laneOf(row.channel) !== 'voice' ? words.t('inProgress') : words.t('onCall');
  return html`<span class="pill call ${scene.stale ? 'idle' : 'live'}"><i class="dot"></i>${label} <span>${words.duration(seconds).padStart(5, '0')}</span>${row?.queue ? html` · ${row.queue.name}` : nothing}</span>`;
}

/** The first phone and e-mail, as the gateway masked them. */
function known(customer: Named): string[] {
  const of = (kind: string): string[] => customer.identifiers.filter((each) => each.kind === kind).map(({ value }) => value).slice(0, 1);
  const first = [...of('PHONE'), ...of('EMAIL')];
  return first.length ? first : of('WHATSAPP');
}

/** Of the panel; without a customer, all that is shown is what the host itself asked for. */
export function header(scene: Scene): TemplateResult {
  const { words, session } = scene;
  const { customer } = session;
  const denied = session.phase === 'denied';
  const shown = customer ? known(customer) : [];
  return html`<header class="head" part="header">
    <span class="avatar" aria-hidden="true">${denied ? icon('lock', 18) : customer ? initials(customer.displayName) : '?'}</span>
    <div class="who">
      <h2>${customer?.displayName ?? ((!customer && !denied && scene.lookup) || words.t('customer'))}</h2>
      ${customer ? html`<p>${shown.map((value) => html`<span>${value}</span>`)}${!shown.length && session.withheld.has('Customer.identifiers') ? html`<span>${words.t('notVisible')}</span>` : nothing}
        <span>${icon('link', 13)}${words.t('linked', { n: customer.identifiers.length })}</span></p>` : nothing}
    </div>
    <span class="space"></span>
    ${denied ? nothing : callChip(scene)}
    ${customer ? sources(scene) : nothing}
    <slot name="actions"></slot>
  </header>`;
}

function sources(scene: Scene): TemplateResult {
  const { words, session } = scene;
  const good = session.reports.filter(isGood).length;
  return html`<div class="sources">
    <span class="dots" aria-hidden="true">${session.reports.map((report) => html`<i class=${isGood(report) && !scene.stale ? '' : 'off'}></i>`)}</span>
    <span>${words.t('sources', { ok: good, all: session.reports.length })} · ${words.t('updated', { age: words.age(Date.now() - session.confirmedAt) })}</span>
  </div>`;
}

/** Each source by what it is; by its name as well, where two are the same kind of thing. */
export function sourceNames(words: Words, reports: readonly Report[]): Map<string, string> {
  const kinds = reports.map(({ source }) => source.kind);
  return new Map(reports.map(({ source }) => {
    const alone = kinds.filter((kind) => kind === source.kind).length === 1;
    return [source.id, alone ? sourceName(words, source) : `${sourceName(words, source)} (${source.name})`];
  }));
}

export function footer(scene: Scene): TemplateResult {
  const { words, session } = scene;
  const names = sourceNames(words, session.reports);
  const now = session.clock.now();
  const confirmed = Date.now() - session.confirmedAt;
  const fields = [...new Set([...session.withheld].flatMap((field) => withheldNames[field] ?? []))].map((key) => words.t(key));
  return html`<footer class="foot" part="footer">
    ${session.reports.map((report) => html`<span><i class="spot ${isGood(report) && !scene.stale ? '' : 'off'}" aria-hidden="true"></i>${names.get(report.source.id)}
      ${isGood(report) ? nothing : html`<b>${words.named('state', report.state)}</b>`}
      ${isGood(report) || report.asOf ? words.age(report.asOf ? now - Date.parse(report.asOf) : confirmed) : nothing}</span>`)}
    ${fields.length ? html`<span>${icon('lock', 12)}${words.t('withheld', { fields: words.list(fields) })}</span>` : nothing}
    <span class="legend"><i class="c-voice">${icon('phone', 13)}${words.t('number.homeWork')}</i><i class="c-mobile">${icon('mobile', 13)}${words.t('number.mobile')}</i><i class="c-office">${icon('office', 13)}${words.t('number.office')}</i></span>
  </footer>`;
}

const withheldNames: Record<string, ('field.queue' | 'field.wrapUp' | 'field.address' | 'field.legs' | 'field.comments')[]> = {
  'Interaction.queue': ['field.queue'],
  'Interaction.wrapUpCodes': ['field.wrapUp'],
  'Interaction.legs': ['field.legs'],
  'Interaction.comments': ['field.comments'],
};
