import { type TemplateResult, html, nothing } from 'lit-html';
import type { MessageKey } from '../i18n/words.js';
import { header, initials, sourceNames } from './header.js';
import { skeleton } from './kpis.js';
import { icon } from './icons.js';
import type { Scene } from './scene.js';

/** The panel's own geometry, without words. */
export function loading(scene: Scene): TemplateResult {
  return html`<div class="head" aria-hidden="true"><span class="bone round"></span><span class="bones"><span class="bone b2"></span><span class="bone b1"></span></span></div>
    ${skeleton()}
    <div class="filters" aria-hidden="true">${[1, 2, 3].map(() => html`<span class="bone chip"></span>`)}</div>
    <div class="rows" aria-hidden="true">${[1, 2, 3, 4, 5].map(() => html`<div><span class="bone round small"></span><span class="bones"><span class="bone b1"></span><span class="bone"></span></span></div>`)}</div>
    <p class="hidden" role="status">${scene.words.t('loading')}</p>`;
}

function blank(symbol: string, title: string, text: TemplateResult | string, more: TemplateResult | typeof nothing = nothing): TemplateResult {
  return html`<div class="blank" role="status"><span class="disc">${icon(symbol, 22)}</span><h3>${title}</h3><p>${text}</p>${more}</div>`;
}

export const idle = ({ words }: Scene): TemplateResult => blank('list', words.t('idle.title'), '');

/** Nothing that the gateway knows: no name, no number. */
export function denied(scene: Scene): TemplateResult {
  const { words, session } = scene;
  return html`${header(scene)}${blank('lock', words.t('denied.title'), html`${words.t('denied.text')} ${code(scene, session.failure?.requestId)}`)}`;
}

const code = ({ words }: Scene, requestId: string | null | undefined): string => (requestId ? words.t('error.code', { code: requestId }) : '');

const REASONS: Record<string, MessageKey> = { NETWORK: 'error.network', RATE_LIMITED: 'error.busy', UNAUTHENTICATED: 'error.signedOut', BAD_USER_INPUT: 'error.lookup' };

function reason(scene: Scene): string {
  const { words, session: { failure } } = scene;
  const key = failure && REASONS[failure.code];
  return [key && words.t(key), code(scene, failure?.requestId)].filter(Boolean).join(' ');
}

const retry = ({ words, act, session }: Scene): TemplateResult => html`<button class="button" ?disabled=${session.reloading} @click=${() => act.refresh()}>${words.t('retry')}</button>`;

export function failed(scene: Scene): TemplateResult {
  return blank('warn', scene.words.t('error.title'), reason(scene), retry(scene));
}

export function notFound(scene: Scene): TemplateResult {
  const { words, session, lookup } = scene;
  const text = lookup ? words.t('notFound.text', { lookup }) : '';
  const down = session.failing.length ? words.t('notFound.partial', { sources: words.list([...failingNames(scene)]) }) : '';
  return html`${header(scene)}${blank('list', words.t('notFound.title'), [text, down].filter(Boolean).join(' '), html`<slot name="not-found"></slot>`)}`;
}

const OFFERED = 5;

export function ambiguous(scene: Scene): TemplateResult {
  const { words, act, session } = scene;
  const now = session.clock.now();
  const more = session.candidates.length - OFFERED;
  return html`${header(scene)}<div class="choice" role="status"><h3>${words.t('ambiguous.title', { n: session.candidates.length })}</h3><p>${words.t('ambiguous.text')}</p></div>
    <ul class="candidates" role="list">${session.candidates.slice(0, OFFERED).map((candidate) => {
      const [last] = candidate.journey?.nodes ?? [];
      const mail = candidate.identifiers.find(({ kind }) => kind === 'EMAIL')?.value;
      return html`<li><button @click=${() => act.identify(candidate.id)}><span class="avatar" aria-hidden="true">${initials(candidate.displayName)}</span>
        <span class="names"><b>${candidate.displayName ?? words.t('ambiguous.unnamed')}</b><small>${[mail, last ? words.t('ambiguous.last', { age: words.age(now - Date.parse(last.startedAt), true) }) : words.t('ambiguous.never')].filter(Boolean).join(' · ')}</small></span>
        <span class="go">${icon('right', 16, 2)}</span></button></li>`;
    })}</ul>
    ${more > 0 ? html`<p class="choice more">${words.t('ambiguous.more', { n: more })}</p>` : nothing}`;
}

/** Says which filters are in the way; a customer without any contact is not told to clear them. */
export function empty(scene: Scene): TemplateResult {
  const { words, act, chosen, session } = scene;
  const campaign = session.menus?.campaigns.find((each) => each.campaign.id === chosen.campaign)?.campaign.name;
  const active = [
    chosen.channels && words.list(chosen.channels.map((channel) => words.named('channel', channel))),
    chosen.campaign && (campaign ?? words.t('filter.campaign')), chosen.query && `“${chosen.query}”`,
  ].filter((each): each is string => Boolean(each));
  const title = active.length ? words.t('empty.title') : words.t('empty.period', { n: chosen.period });
  const text = active.length ? words.t('empty.filters', { filters: [words.t('filter.months', { n: chosen.period }), ...active].join(' · ') }) : words.t('empty.text');
  const clear = active.length || chosen.period !== 12 ? html`<button class="button" @click=${() => act.clearFilters()}>${words.t('filter.clear')}</button>` : nothing;
  return blank('list', title, text, html`${clear}<slot name="empty"></slot>`);
}

function* failingNames({ words, session }: Scene): Generator<string> {
  const names = sourceNames(words, session.reports);
  for (const { source, state } of session.failing) yield `${names.get(source.id) ?? source.name} (${words.named('state', state)})`;
}

function banner(symbol: string, title: string, text: string, action: TemplateResult | typeof nothing): TemplateResult {
  return html`<div class="banner" part="banner">${icon(symbol, 18)}<p><b>${title}.</b> ${text}</p>${action}</div>`;
}

/** What the reader must know about the data below: at most one thing of each kind. */
export function banners(scene: Scene): (TemplateResult | typeof nothing)[] {
  const { words, session } = scene;
  const found: TemplateResult[] = [];
  if (session.failure) found.push(banner('warn', words.t('error.again'), reason(scene), retry(scene)));
  if (scene.stale) {
    const seconds = session.retryAt === null ? 0 : Math.ceil((session.retryAt - Date.now()) / 1000);
    const text = [words.t('stale.age', { age: words.age(Date.now() - session.confirmedAt) }), seconds > 0 && words.t('stale.next', { n: seconds })];
    found.push(banner('plug', words.t(session.lostAt === null ? 'stale.old' : 'stale.title'), text.filter(Boolean).join(' '), session.failure ? nothing : retry(scene)));
  }
  if (session.failing.length) {
    const last = session.failing.flatMap(({ asOf }) => asOf ?? []).sort()[0];
    const text = [last && words.t('partial.asOf', { time: words.time(last) }), !scene.stale && words.t('partial.rest')];
    found.push(banner('warn', words.t('partial.title', { sources: words.list([...failingNames(scene)]) }), text.filter(Boolean).join(' '), session.failure || scene.stale ? nothing : retry(scene)));
  }
  return found;
}
