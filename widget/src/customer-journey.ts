import { type TemplateResult, html, nothing } from 'lit-html';
import type { CustomerKey } from './api/operations.js';
import type { CustomerJourneyElement, Formatters, GetToken } from './host.js';
import { messagesOf, regional } from './i18n/languages.js';
import { Words } from './i18n/words.js';
import { Calendar, zoneOf } from './journey/days.js';
import { liveState } from './journey/live.js';
import { type Owner, Session } from './journey/session.js';
import { controls, head, blanks, tokens } from './styles/tokens.js';
import { detail as detailStyles, grid as gridStyles, list as listStyles } from './styles/list.js';
import { detail } from './view/detail.js';
import { body } from './view/body.js';
import type { Actions, Scene, Sort } from './view/scene.js';
import { type Chosen, NO_FILTERS, chosenOf, keyOf, questionOf } from './choice.js';
import { Hands } from './hands.js';
import { type Changed, Panel, sheetOf } from './panel.js';
import { NO_MATTER, NOBODY, Picture } from './picture.js';
import { isHeld } from './sight.js';
import { Spoken, Told } from './told.js';

const WIDE = 700;
const TICK_MS = 1_000;
const SKELETON_AFTER_MS = 150;
const LANE_HEIGHT = { compact: 44, cosy: 52 };
/** What another question is asked for. */
const ASKED = ['period', 'channels', 'campaign', 'query', 'pageSize', 'timezone', 'live'];

/**
 * One customer's journey beside a call: who it is, how they are doing, and every contact on one line of time.
 *
 * @element customer-journey
 *
 * @attr {string} endpoint - GraphQL URL; the stream uses the same.
 * @attr {string} customer - The gateway's id of the customer.
 * @attr {string} lookup - `tel:+39…`, `mailto:…` or `whatsapp:…`, which the gateway resolves; used where `customer` is not set.
 * @attr {string} interaction - Id of the contact in progress, the gateway's or its source's; marked "this call".
 * @attr {'timeline'|'grid'} [view=timeline] - Ignored below 700 px, where the list is a feed.
 * @attr {'3'|'6'|'9'|'12'} [period=12] - Months back. Reflected.
 * @attr {string} channels - Channels to show, as `voice,whatsapp`; all when absent. Reflected.
 * @attr {string} campaign - Id of the campaign to show; all when absent. Reflected.
 * @attr {string} query - Words to find. Reflected.
 * @attr {string} journey - Id of the highlighted open journey; the newest open one when absent, `none` for off. Reflected.
 * @attr {'now'|'search'} [apply=now] - Whether filters act at once, or all wait for the Search button.
 * @attr {'on'|'off'} [live=on] - Whether to listen for updates.
 * @attr {string} lang - BCP 47; the page's when absent. Italian, English and French are spoken, English is the fallback.
 * @attr {string} timezone - IANA name; the browser's when absent.
 * @attr {'auto'|'light'|'dark'} [theme=auto] - `auto` follows the system.
 * @attr {'compact'|'cosy'} [density=compact] - Heights of lanes and controls.
 * @attr {number} [page-size=50] - Rows a page, 20 to 200.
 *
 * @slot actions - The host's own controls, in the header.
 * @slot empty - Below the message when no contact matches.
 * @slot not-found - Below the message when nobody matches: the place for "new customer".
 * @slot detail-actions - In an open contact; what is slotted gets its id as `data-interaction`.
 *
 * @fires {CustomEvent<object>} cj-ready - The first rows of a customer are there. `{ count }`
 * @fires {CustomEvent<object>} cj-state - Another state. `{ state, sources: { ok, all } }`
 * @fires {CustomEvent<object>} cj-select - A contact was opened. `{ id, channel }`
 * @fires {CustomEvent<object>} cj-close - It was closed. `{ id }`
 * @fires {CustomEvent<object>} cj-filter - Filters were applied. `{ period, channels, campaign, hasQuery }`
 * @fires {CustomEvent<object>} cj-view - Timeline or grid was chosen. `{ view }`
 * @fires {CustomEvent<object>} cj-live - Another number of contacts is going on. `{ count }`
 * @fires {CustomEvent<object>} cj-open-source - The link to the source was followed; cancelable. `{ id, url }`
 * @fires {CustomEvent<object>} cj-identity-choose - One of several customers was chosen; cancelable. `{ id }`
 * @fires {CustomEvent<object>} cj-token-needed - There is no usable token. `{ reason: 'missing' | 'failed' | 'refused' }`
 * @fires {CustomEvent<object>} cj-error - A question failed. `{ code, requestId }`
 *
 * @csspart root - The whole panel.
 * @csspart header - Name, identifiers, call and sources.
 * @csspart kpis - All figures.
 * @csspart kpi - One figure.
 * @csspart filters - The row of filters.
 * @csspart chip - A channel, or the open journey.
 * @csspart timeline - Timeline and feed.
 * @csspart lane - The label of a lane.
 * @csspart day - A day with contact.
 * @csspart item - A contact.
 * @csspart item-failed - A contact that failed.
 * @csspart item-live - A contact that is going on.
 * @csspart detail - The dialog of an open contact.
 * @csspart grid - The table.
 * @csspart row - A row of it.
 * @csspart banner - What the reader must know about the data.
 * @csspart footer - Sources and legend.
 *
 * @cssprop --cj-font - Family of all text.
 * @cssprop [--cj-radius=10px] - Radius of panels; controls follow it.
 * @cssprop --cj-surface - Background. Partner of every text and mark.
 * @cssprop --cj-surface-2 - Background of figures, heads and the footer. Partner: `--cj-text`, `--cj-text-muted`.
 * @cssprop --cj-surface-3 - Background of neutral labels and skeletons. Partner: `--cj-text`.
 * @cssprop --cj-border - Lines that only divide.
 * @cssprop --cj-border-strong - Edges of controls; 3:1 on `--cj-surface`.
 * @cssprop --cj-text - Text; 4.5:1 on all three surfaces.
 * @cssprop --cj-text-muted - Secondary text; 4.5:1 on `--cj-surface` and `--cj-surface-2`.
 * @cssprop --cj-accent - Chosen, focused, highlighted; 4.5:1 on `--cj-surface` and `--cj-accent-soft`.
 * @cssprop --cj-accent-soft - Background of what is chosen.
 * @cssprop --cj-ok - Success and live; 4.5:1 on `--cj-surface`, also tinted with a tenth of itself.
 * @cssprop --cj-warn - Waiting, idle, late; as `--cj-ok`.
 * @cssprop --cj-danger - Failure; as `--cj-ok`.
 * @cssprop --cj-ch-voice - Calls from and to home and work numbers; 3:1 on `--cj-surface`.
 * @cssprop --cj-ch-mobile - Calls from and to mobiles; 3:1.
 * @cssprop --cj-ch-office - Calls from and to offices; 3:1.
 * @cssprop --cj-ch-whatsapp - WhatsApp; 3:1.
 * @cssprop --cj-ch-chat - Chat and web; 3:1.
 * @cssprop --cj-ch-ticket - Tickets; 3:1.
 * @cssprop --cj-ch-email - E-mail and campaigns; 3:1.
 * @cssprop --cj-ch-sms - SMS and social messages; 3:1.
 * @cssprop --cj-ch-survey - Surveys; 3:1.
 *
 * @cssState loading - The first answer is awaited.
 * @cssState partial - A source did not answer.
 * @cssState stale - The data may be out of date.
 * @cssState denied - The viewer may not see this customer.
 * @cssState empty - Nothing matches the filters.
 * @cssState live - Updates arrive.
 */
export class CustomerJourney extends Panel implements CustomerJourneyElement {
  static override readonly sheet = sheetOf(tokens, controls, head, blanks, listStyles, gridStyles, detailStyles);

  static override readonly observedAttributes = [
    'endpoint', 'customer', 'lookup', 'interaction', 'view', 'period', 'channels', 'campaign', 'query', 'journey', 'apply', 'live', 'lang', 'timezone', 'theme', 'density', 'page-size',
  ];

  static override readonly reflected: readonly string[] = ['view', 'period', 'channels', 'campaign', 'query', 'journey', 'lang', 'theme', 'density'];

  declare endpoint: string | null;
  declare customer: string | null;
  declare lookup: string | null;
  declare interaction: string | null;
  declare view: 'timeline' | 'grid';
  declare period: number;
  declare channels: string | null;
  declare campaign: string | null;
  declare query: string | null;
  declare journey: string | null;
  declare apply: 'now' | 'search';
  declare live: 'on' | 'off';
  declare lang: string;
  declare timezone: string | null;
  declare theme: 'light' | 'dark' | 'auto';
  declare density: 'compact' | 'cosy';
  declare pageSize: number;
  /** Gets a token from the host's own back end: at the start, before the last one ends, and once after a refusal. */
  declare getToken: GetToken | null;
  /** Label overrides, by the keys of the language files. */
  declare strings: Record<string, string>;
  /** The host's own formats of times, dates, durations and numbers. */
  declare formatters: Formatters;
  /** Facts of the host, handed back in every event as `detail.context`. */
  context: unknown;

  /** @internal */
  picture = new Picture();
  /** @internal */
  declare wide: boolean;
  /** @internal */
  declare selected: string | null;
  declare private sort: Sort;
  declare private openStacks: ReadonlySet<string>;
  declare private draft: Chosen;
  declare private unfolded: boolean;
  /** @internal */
  declare firstRow: number;

  #session: Session | null = null;
  /** Whom the user chose of several. */
  #identity: string | null = null;
  #words: Words | null = null;
  #language = '';
  #calendar = new Calendar('UTC');
  #spoken = new Spoken();
  readonly #told = new Told(this);
  readonly #hands = new Hands(this);
  #callSince = 0;
  #showSkeleton = false;
  #timer = 0;
  #skeletonTimer = 0;
  readonly #resize = new ResizeObserver(([entry]) => {
    this.wide = (entry?.contentRect.width ?? 0) >= WIDE;
    this.#hands.moved();
  });

  constructor() {
    super({
      view: 'timeline', period: NO_FILTERS.period, apply: 'now', live: 'on', theme: 'auto', density: 'compact', pageSize: 50, getToken: null, strings: {}, formatters: {},
      wide: false, selected: null, sort: { column: 'date', descending: true }, openStacks: NOBODY, unfolded: false, firstRow: 0, draft: NO_FILTERS,
    });
  }

  /** Asks everything again; what is shown stays until the answers are there. */
  refresh(): void {
    if (this.#session?.customer || this.#session?.phase === 'loading') this.#session.refresh();
    else this.#restart();
  }

  /** Opens a contact that is shown. */
  select(id: string): void {
    const row = this.#session?.rows.find((each) => each.id === id);
    if (!row) return;
    this.selected = this.picture.current = id;
    void this.#session?.readMore(id);
    this.#told.event('cj-select', { id, channel: row.channel });
    void this.updateComplete.then(() => {
      this.renderRoot.querySelector<HTMLElement>('.detail')?.focus({ preventScroll: true });
      for (const element of this.querySelectorAll<HTMLElement>(':scope > [slot="detail-actions"]')) element.dataset['interaction'] = id;
    });
  }

  /** Forgets the customer, at once. */
  clear(): void {
    this.customer = this.lookup = this.interaction = null;
    this.#restart();
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#resize.observe(this);
    this.#timer = window.setInterval(this.#tick, TICK_MS);
    this.#hands.start();
  }

  disconnectedCallback(): void {
    this.#resize.disconnect();
    clearInterval(this.#timer);
    clearTimeout(this.#skeletonTimer);
    this.#hands.stop();
    this.#session?.close();
    this.#session = null;
  }

  protected override willUpdate(changed: Changed): void {
    const has = (...names: string[]): boolean => names.some((name) => changed.has(name));
    if (has('lang', 'timezone', 'strings', 'formatters') || !this.#words) this.#speak();
    if (has('customer', 'lookup')) this.#identity = null;
    if (has('interaction')) this.#callSince = Date.now();
    if (has('period', 'channels', 'campaign', 'query')) this.draft = chosenOf(this);
    if (has('endpoint', 'customer', 'lookup', 'getToken') || !this.#session) this.#restart();
    else if (has(...ASKED, 'journey')) this.#ask(has(...ASKED));
  }

  protected override render(): TemplateResult {
    const session = this.#session;
    const words = this.#words;
    if (!session || !words) return html`<section class="root" part="root" aria-busy="true"></section>`;
    const scene = this.#scene(session, words);
    const row = this.selected === null ? undefined : session.rows.find(({ id }) => id === this.selected);
    return html`<section class="root ${session.phase === 'loading' && !this.#showSkeleton ? 'quietly' : ''}" part="root" lang=${words.language} aria-label=${words.t('title')} aria-busy=${session.phase === 'loading' || session.reloading}
        @click=${this.#hands.clicked} @keydown=${this.#hands.pressed} @focusin=${this.#hands.focused}>
      ${body(scene)}
      <div class="hidden" role="status" aria-live="polite">${this.#spoken.text}</div>
      ${row ? detail(scene, row) : nothing}
    </section>`;
  }

  protected override updated(): void {
    this.#hands.place();
    if (this.#session) this.#told.session(this.#session);
    this.#hands.moved();
  }

  #scene(session: Session, words: Words): Scene {
    const { openStacks, wide, selected, sort, unfolded, firstRow } = this;
    const picture = this.picture;
    picture.draw(session, words, this.#calendar, openStacks);
    picture.arrange(session, chosenOf(this).channels);
    picture.highlight(session, this.journey);
    picture.keepTabStop(openStacks, wide);
    const now = session.clock.now();
    return {
      session, words, picture, calendar: this.#calendar, laneHeight: LANE_HEIGHT[this.density] ?? LANE_HEIGHT.compact,
      wide, view: this.view === 'grid' ? 'grid' : 'timeline', chosen: this.draft, unfolded, firstRow, openStacks, selected, sort,
      interaction: this.interaction || null, lookup: this.lookup?.replace(/^\w+:/, '') || null,
      callSince: this.#callSince, stale: session.isStale, light: (row) => liveState(row, now), act: this.#act,
    };
  }

  readonly #act: Actions = {
    choose: (change) => this.#choose(change),
    search: () => this.#apply(this.draft),
    unfold: () => {
      this.unfolded = !this.unfolded;
    },
    clearFilters: () => this.#apply(NO_FILTERS),
    setView: (view) => {
      this.view = view;
      this.#told.event('cj-view', { view });
    },
    highlight: (id) => {
      this.journey = id ?? NO_MATTER;
    },
    open: (id) => this.select(id),
    close: () => this.#close(),
    openStack: (day, lane, key) => {
      this.openStacks = new Set([...this.openStacks, key]);
      this.#hands.focusOn(day.lanes.get(lane)?.[0]?.id);
    },
    older: () => void this.#session?.older(),
    release: () => {
      this.#session?.release();
      this.renderRoot.querySelector('.scroller, .table')?.scrollTo({ left: 0, top: 0 });
      this.#hands.focusOn(this.#session?.rows[0]?.id);
    },
    refresh: () => this.refresh(),
    identify: (id) => {
      if (!this.#told.event('cj-identity-choose', { id }, true)) return;
      this.#identity = id;
      this.#restart();
    },
    sortBy: (column) => {
      this.sort = { column, descending: this.sort.column === column ? !this.sort.descending : column === 'date' || column === 'duration' };
    },
    follow: (event, { id, url }) => {
      if (url && !this.#told.event('cj-open-source', { id, url }, true)) event.preventDefault();
    },
  };

  // ---------------------------------------------------------------- whom, and what of them

  /** A new session: nothing of the one before is left, neither in memory nor, from the next paint on, on the screen. */
  #restart(): void {
    this.#session?.close();
    this.#told.restart();
    this.picture = new Picture();
    this.#spoken = new Spoken();
    this.selected = null;
    this.openStacks = NOBODY;
    this.#showSkeleton = false;
    clearTimeout(this.#skeletonTimer);
    const by = this.#key();
    const { getToken } = this;
    const session = new Session(questionOf(this, by ?? {}, this.#calendar.zone), getToken ?? (() => ''), this.#owner);
    this.#session = session;
    this.requestUpdate();
    if (by === null || !this.endpoint) {
      session.phase = this.lookup && this.endpoint && !this.customer ? 'error' : 'idle';
      if (session.phase === 'error') session.failure = { code: 'BAD_USER_INPUT', requestId: null };
      return;
    }
    this.#skeletonTimer = window.setTimeout(() => {
      this.#showSkeleton = true;
      this.requestUpdate();
      if (!this.getToken) this.#told.event('cj-token-needed', { reason: 'missing' });
    }, SKELETON_AFTER_MS);
    if (getToken) session.open();
  }

  /** Other filters, or another open journey; which is asked only where it is not known yet. */
  #ask(otherFilters: boolean): void {
    const by = this.#key();
    const session = this.#session;
    if (!by || !session || session.phase === 'idle') return;
    const question = questionOf(this, by, this.#calendar.zone);
    if (!otherFilters && (!question.matter || session.matters.some(({ id }) => id === question.matter))) return;
    if (session.phase === 'ready') session.ask(question);
    else this.#restart();
  }

  #key(): CustomerKey | null {
    const id = this.#identity ?? this.customer;
    if (id) return { id };
    return this.lookup ? keyOf(this.lookup) : null;
  }

  readonly #owner: Owner = {
    changed: () => this.requestUpdate(),
    holds: () => this.selected !== null || isHeld(this.renderRoot, this.wide),
    arrived: (count) => this.#spoken.add(count, this.#words),
    failed: (failure) => this.#told.event('cj-error', failure),
    needsToken: ({ need }) => this.#told.event('cj-token-needed', { reason: need }),
    // What went may have been open, or have had the focus: that stays in the list.
    retracted: (id) => {
      const had = this.selected === id || (this.renderRoot.activeElement as HTMLElement | null)?.dataset['item'] === id;
      if (this.selected === id) {
        this.selected = null;
        this.#told.event('cj-close', { id });
      }
      if (had) this.#hands.focusOn();
    },
  };

  // ---------------------------------------------------------------- filters

  /** Chips and menus act at once, words on Enter; with `apply="search"` everything waits. */
  #choose(change: Partial<Chosen>): void {
    this.draft = { ...this.draft, ...change };
    if (this.apply === 'search' || 'query' in change) return;
    const { query } = this.draft;
    this.#apply({ ...this.draft, query: this.query ?? '' });
    void this.updateComplete.then(() => {
      if (query !== this.draft.query) this.draft = { ...this.draft, query };
    });
  }

  #apply(chosen: Chosen): void {
    const { period, channels, campaign, query } = chosen;
    this.period = period;
    this.channels = channels?.join().toLowerCase() ?? null;
    this.campaign = campaign;
    this.query = query.trim() || null;
    this.draft = chosen;
    this.#told.event('cj-filter', { period, channels, campaign, hasQuery: this.query !== null });
  }

  // ---------------------------------------------------------------- words and time

  #speak(): void {
    const language = this.lang || this.closest('[lang]')?.getAttribute('lang') || document.documentElement.lang || navigator.language;
    const zone = zoneOf(this.timezone);
    if (this.#calendar.zone !== zone) this.#calendar = new Calendar(zone);
    this.#language = language;
    void messagesOf(language).then((messages) => {
      if (this.#language !== language) return;
      this.#words = new Words(regional(language), messages, zone, this.strings, this.formatters);
      this.requestUpdate();
    });
  }

  readonly #tick = (): void => {
    const session = this.#session;
    if (!session || session.phase === 'idle' || session.phase === 'loading' || session.phase === 'denied') return;
    this.#spoken.add(0, this.#words);
    this.requestUpdate();
  };

  #close(): void {
    const id = this.selected;
    if (id === null) return;
    this.selected = null;
    this.#told.event('cj-close', { id });
    this.#hands.focusOn(id);
  }
}
