import { type TemplateResult, html, nothing } from 'lit-html';
import type { Channel, CustomerKey, Matter, Period, Row } from './api/operations.js';
import type { GetToken, TokenError } from './api/tokens.js';
import { messagesOf, spoken } from './i18n/languages.js';
import { type Formatters, type Messages, Words } from './i18n/words.js';
import { type Lane, laneOf } from './journey/channels.js';
import { Calendar, type Day, STACK_FROM, fold, inLaneOrder, stackKey } from './journey/days.js';
import { type Layout, layOut } from './journey/layout.js';
import { liveState } from './journey/live.js';
import { type Failure, type Question, Session, keyOf } from './journey/session.js';
import { blanks, controls, head, tokens } from './styles/tokens.js';
import { detail as detailStyles, grid as gridStyles, list as listStyles } from './styles/list.js';
import { detail } from './view/detail.js';
import { filters, PERIODS } from './view/filters.js';
import { ROW, grid } from './view/grid.js';
import { footer, header } from './view/header.js';
import { kpis } from './view/kpis.js';
import { list, windowOf } from './view/list.js';
import type { Actions, Chosen, Scene, Sort } from './view/scene.js';
import { ambiguous, banners, denied, empty, failed, idle, loading, notFound } from './view/states.js';
import { keyToItem } from './keyboard.js';
import { type Changed, Panel } from './panel.js';
import { beside } from './placement.js';

/** What `cj-state` tells. */
export type WidgetState = 'idle' | 'loading' | 'ready' | 'live' | 'partial' | 'stale' | 'empty' | 'ambiguous' | 'not-found' | 'denied' | 'error';

const WIDE = 700;
/** Rows that the grid's window is moved by. */
const STEP = 25;
const TICK_MS = 1_000;
const SKELETON_AFTER_MS = 150;
const SPEAK_EVERY_MS = 5_000;
const LANE_HEIGHT = { compact: 44, cosy: 52 };
const NO_MATTER = 'none';
const NOBODY: ReadonlySet<string> = new Set();

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
export class CustomerJourney extends Panel {
  static override readonly styles = [tokens, controls, head, blanks, listStyles, gridStyles, detailStyles];

  static override readonly observedAttributes = [
    'endpoint', 'customer', 'lookup', 'interaction', 'view', 'period', 'channels', 'campaign', 'query', 'journey', 'apply', 'live', 'lang', 'timezone', 'theme', 'density', 'page-size',
  ];

  static override readonly reflected: ReadonlySet<string> = new Set(['view', 'period', 'channels', 'campaign', 'query', 'journey', 'lang', 'theme', 'density']);
  static override readonly inner = ['getToken', 'strings', 'formatters', 'wide', 'selected', 'sort', 'openStacks', 'draft', 'unfolded', 'firstRow'];

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
  declare strings: Partial<Messages>;
  /** The host's own formats of times, dates, durations and numbers. */
  declare formatters: Formatters;
  /** Facts of the host, handed back in every event as `detail.context`. */
  context: unknown;

  declare private wide: boolean;
  declare private selected: string | null;
  declare private sort: Sort;
  declare private openStacks: ReadonlySet<string>;
  declare private draft: Chosen;
  declare private unfolded: boolean;
  declare private firstRow: number;

  #session: Session | null = null;
  #chosenCustomer: string | null = null;
  #words: Words | null = null;
  #wordsFor = '';
  #calendar = new Calendar('UTC');
  #current: string | null = null;
  #callSince = 0;
  #state: WidgetState = 'idle';
  #sourcesTold = '';
  #live = 0;
  #ready = false;
  #showSkeleton = false;
  #timer = 0;
  #skeletonTimer = 0;
  #frame = 0;
  #said = '';
  #saidAt = 0;
  #unsaid = 0;
  #resize = new ResizeObserver(([entry]) => this.#measured(entry?.contentRect.width ?? 0));
  #internals: ElementInternals | null = null;
  #memo: { rows: readonly Row[]; open: ReadonlySet<string>; today: string; zone: string; words: Words; days: Day[]; layout: Layout } | null = null;
  #lanes: Lane[] = [];
  #matterIds: ReadonlySet<string> = NOBODY;

  constructor() {
    super();
    this.defaults({
      view: 'timeline', period: 12, apply: 'now', live: 'on', theme: 'auto', density: 'compact', pageSize: 50, strings: {}, formatters: {},
      wide: false, selected: null, sort: { column: 'date', descending: true }, openStacks: NOBODY, unfolded: false, firstRow: 0, draft: { period: 12, channels: null, campaign: null, query: '' },
    });
    // what scrolls inside is not heard outside
    this.renderRoot.addEventListener('scroll', this.#moved, { capture: true, passive: true });
    if ('attachInternals' in this) this.#internals = this.attachInternals();
  }

  /** Asks everything again; what is shown stays until the answers are there. */
  refresh(): void {
    if (this.#session?.customer || this.#session?.phase === 'loading') this.#session.refresh();
    else this.#restart();
  }

  /** Opens a contact that is shown. */
  select(id: string): void {
    if (!this.#session?.rows.some((row) => row.id === id)) return;
    this.#open(id);
  }

  /** Forgets the customer, at once. */
  clear(): void {
    this.customer = null;
    this.lookup = null;
    this.interaction = null;
    this.#restart();
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#resize.observe(this);
    this.#timer = window.setInterval(() => this.#tick(), TICK_MS);
    addEventListener('scroll', this.#moved, { capture: true, passive: true });
    addEventListener('resize', this.#moved, { passive: true });
  }

  disconnectedCallback(): void {
    this.#resize.disconnect();
    clearInterval(this.#timer);
    clearTimeout(this.#skeletonTimer);
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    removeEventListener('scroll', this.#moved, { capture: true });
    removeEventListener('resize', this.#moved);
    this.#session?.close();
    this.#session = null;
  }

  protected override willUpdate(changed: Changed): void {
    const has = (...names: (keyof CustomerJourney)[]): boolean => names.some((name) => changed.has(name));
    if (has('lang', 'timezone', 'strings', 'formatters') || !this.#words) this.#speak();
    if (has('customer', 'lookup')) this.#chosenCustomer = null;
    if (has('interaction')) this.#callSince = Date.now();
    if (has('period', 'channels', 'campaign', 'query')) this.draft = this.#applied();
    if (has('endpoint', 'customer', 'lookup', 'getToken') || !this.#session) this.#restart();
    else if (has('period', 'channels', 'campaign', 'query', 'pageSize', 'timezone', 'live', 'journey')) this.#askAgain(changed);
    this.#arrange();
  }

  protected override render(): TemplateResult {
    const session = this.#session;
    const words = this.#words;
    if (!session || !words) return html`<section class="root" part="root" aria-busy="true"></section>`;
    const scene = this.#scene(session, words);
    const row = this.selected === null ? undefined : session.rows.find(({ id }) => id === this.selected);
    return html`<section class="root ${session.phase === 'loading' && !this.#showSkeleton ? 'quietly' : ''}" part="root" lang=${words.language} aria-label=${words.t('title')} aria-busy=${session.phase === 'loading' || session.reloading}
        @click=${this.#clicked} @keydown=${this.#pressed} @focusin=${this.#focused}>
      ${this.#body(scene)}
      <div class="hidden" role="status" aria-live="polite">${this.#said}</div>
      ${row ? detail(scene, row) : nothing}
    </section>`;
  }

  protected override updated(): void {
    this.#placeDetail();
    this.#tellState();
    this.#moved();
  }

  #body(scene: Scene): TemplateResult {
    switch (scene.session.phase) {
      case 'idle': return idle(scene);
      case 'loading': return loading(scene);
      case 'ambiguous': return ambiguous(scene);
      case 'not-found': return notFound(scene);
      case 'denied': return denied(scene);
      case 'error': return failed(scene);
      default:
    }
    const rows = scene.session.rows.length > 0;
    return html`${header(scene)}${kpis(scene)}${filters(scene)}${banners(scene)}
      <div class="body ${scene.session.reloading ? 'reloading' : ''}">${!rows && !scene.session.hasOlder ? empty(scene)
        : scene.view === 'grid' && scene.wide ? grid(scene) : list(scene)}</div>
      ${footer(scene)}`;
  }

  #scene(session: Session, words: Words): Scene {
    const { days, layout } = this.#folded(session, words);
    const now = session.clock.now();
    return {
      session, words, days, layout, calendar: this.#calendar, lanes: this.#lanes, laneHeight: LANE_HEIGHT[this.density] ?? LANE_HEIGHT.compact,
      today: this.#calendar.today(now), wide: this.wide, view: this.view === 'grid' ? 'grid' : 'timeline', chosen: this.draft,
      unfolded: this.unfolded, firstRow: this.firstRow, matter: this.#matter(session), matterIds: this.#matterIds, openStacks: this.openStacks, selected: this.selected,
      current: this.#current, sort: this.sort, interaction: this.interaction || null, lookup: this.lookup?.replace(/^\w+:/, '') || null,
      callSince: this.#callSince, stale: session.isStale, light: (row) => liveState(row, now), act: this.#act,
    };
  }

  readonly #act: Actions = {
    choose: (change) => this.#choose(change),
    search: () => this.#apply(this.draft),
    unfold: () => {
      this.unfolded = !this.unfolded;
    },
    clearFilters: () => this.#apply({ period: 12, channels: null, campaign: null, query: '' }),
    setView: (view) => {
      this.view = view;
      this.#tell('cj-view', { view });
    },
    highlight: (id) => {
      this.journey = id ?? NO_MATTER;
    },
    open: (id) => this.#open(id),
    close: () => this.#close(),
    openStack: (key) => this.#openStack(key),
    older: () => void this.#session?.older(),
    release: () => this.#release(),
    refresh: () => this.refresh(),
    identify: (id) => this.#identify(id),
    sortBy: (column) => {
      this.sort = { column, descending: this.sort.column === column ? !this.sort.descending : column === 'date' || column === 'duration' };
    },
    follow: (event, row) => {
      if (row.url && !this.#tell('cj-open-source', { id: row.id, url: row.url }, true)) event.preventDefault();
    },
  };

  // ---------------------------------------------------------------- whom, and what of them

  /** A new session: nothing of the one before is left, neither in memory nor, from the next paint on, on the screen. */
  #restart(): void {
    this.#session?.close();
    this.#ready = false;
    this.#current = null;
    this.selected = null;
    this.openStacks = NOBODY;
    this.#memo = null;
    this.#said = '';
    this.#unsaid = 0;
    this.#showSkeleton = false;
    clearTimeout(this.#skeletonTimer);
    const by = this.#key();
    const getToken = this.getToken ?? ((): Promise<string> => Promise.reject(new Error('getToken is not set')));
    const session = new Session(this.#question(by ?? {}), getToken, this.#ownerOf(() => session));
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
      if (!this.getToken) this.#tell('cj-token-needed', { reason: 'missing' });
    }, SKELETON_AFTER_MS);
    if (this.getToken) session.open();
  }

  #key(): CustomerKey | null {
    const id = this.#chosenCustomer ?? this.customer;
    if (id) return { id };
    return this.lookup ? keyOf(this.lookup) : null;
  }

  #question(by: CustomerKey): Question {
    const { period, channels, campaign, query } = this.#applied();
    return {
      endpoint: this.endpoint ?? '',
      by,
      filter: {
        period: `LAST_${period}_MONTHS` as Period,
        ...(channels ? { channels: [...channels] } : {}),
        ...(campaign ? { campaignIds: [campaign] } : {}),
        ...(query ? { text: query } : {}),
      },
      pageSize: Math.min(200, Math.max(20, Math.round(this.pageSize) || 50)),
      timeZone: this.#calendar.zone,
      live: this.live !== 'off',
      matter: this.journey && this.journey !== NO_MATTER ? this.journey : null,
    };
  }

  #ownerOf(session: () => Session): ConstructorParameters<typeof Session>[2] {
    const own = (act: () => void): void => {
      if (session() === this.#session) act();
    };
    return {
      changed: () => own(() => this.requestUpdate()),
      holds: () => this.#holds(),
      arrived: (count) => own(() => this.#say(count)),
      failed: ({ code, requestId }: Failure) => own(() => this.#tell('cj-error', { code, requestId })),
      needsToken: ({ need }: TokenError) => own(() => this.#tell('cj-token-needed', { reason: need })),
      retracted: (id) => own(() => this.#lose(id)),
    };
  }

  #askAgain(changed: Changed): void {
    const by = this.#key();
    const session = this.#session;
    if (!by || !session || session.phase === 'idle') return;
    const onlyMatter = !['period', 'channels', 'campaign', 'query', 'pageSize', 'timezone', 'live'].some((name) => changed.has(name));
    const known = !this.journey || this.journey === NO_MATTER || session.matters.some(({ id }) => id === this.journey);
    if (onlyMatter && known) return;
    if (session.phase !== 'ready') this.#restart();
    else session.ask(this.#question(by));
  }

  #identify(id: string): void {
    if (!this.#tell('cj-identity-choose', { id }, true)) return;
    this.#chosenCustomer = id;
    this.#restart();
  }

  // ---------------------------------------------------------------- filters

  /** As the attributes say. */
  #applied(): Chosen {
    const channels = this.channels?.split(',').map((name) => name.trim().toUpperCase()).filter(Boolean) as Channel[] | undefined;
    const period = PERIODS.find((months) => months === Number(this.period)) ?? 12;
    return { period, channels: channels?.length ? channels : null, campaign: this.campaign || null, query: this.query ?? '' };
  }

  /** Chips and menus act at once, words on Enter; with `apply="search"` everything waits. */
  #choose(change: Partial<Chosen>): void {
    this.draft = { ...this.draft, ...change };
    if (this.apply === 'search' || 'query' in change) return;
    const typed = this.draft.query;
    this.#apply({ ...this.draft, query: this.query ?? '' });
    void this.updateComplete.then(() => {
      if (typed !== this.draft.query) this.draft = { ...this.draft, query: typed };
    });
  }

  #apply({ period, channels, campaign, query }: Chosen): void {
    this.period = period;
    this.channels = channels ? channels.join().toLowerCase() : null;
    this.campaign = campaign;
    this.query = query.trim() || null;
    this.draft = { period, channels, campaign, query };
    this.#tell('cj-filter', { period, channels, campaign, hasQuery: this.query !== null });
  }

  // ---------------------------------------------------------------- what is drawn

  #speak(): void {
    const language = this.lang || this.closest('[lang]')?.getAttribute('lang') || document.documentElement.lang || navigator.language;
    const zone = zoneOf(this.timezone);
    if (this.#calendar.zone !== zone) this.#calendar = new Calendar(zone);
    this.#wordsFor = language;
    void messagesOf(language).then((messages) => {
      if (this.#wordsFor !== language) return;
      this.#words = new Words(regional(language), messages, zone, this.strings, this.formatters);
      this.#memo = null;
      this.requestUpdate();
    });
  }

  /** Which lanes there are, and where the tab stop stands. */
  #arrange(): void {
    const session = this.#session;
    if (!session) return;
    const counted = (session.menus?.channels ?? []).filter(({ count }) => count > 0).map(({ channel }) => channel);
    const chosen = this.#applied().channels;
    const unknown = session.failing.flatMap(({ source }) => source.channels);
    const channels = [...counted, ...unknown].filter((channel) => !chosen || chosen.includes(channel));
    const lanes = inLaneOrder([...channels, ...session.rows.map(({ channel }) => channel)].map(laneOf));
    if (lanes.join() !== this.#lanes.join()) this.#lanes = lanes;
    const ids = this.#matter(session)?.interactions.map(({ id }) => id) ?? [];
    if (ids.join() !== [...this.#matterIds].join()) this.#matterIds = new Set(ids);
    if (this.#words) this.#keepTabStop(this.#folded(session, this.#words).days);
  }

  #matter(session: Session): Matter | null {
    if (this.journey === NO_MATTER) return null;
    return session.matters.find(({ id }) => id === this.journey) ?? (this.journey ? null : session.matters[0] ?? null);
  }

  #folded(session: Session, words: Words): { days: Day[]; layout: Layout } {
    const today = this.#calendar.today(session.clock.now());
    const { zone } = this.#calendar;
    const memo = this.#memo;
    if (memo && memo.rows === session.rows && memo.open === this.openStacks && memo.today === today && memo.zone === zone && memo.words === words) return memo;
    const days = fold(session.rows, this.#calendar);
    const layout = layOut(days, this.openStacks, words.t('list.now').length * 7 + 26, today, this.#calendar);
    this.#memo = { rows: session.rows, open: this.openStacks, today, zone, words, days, layout };
    return this.#memo;
  }

  #keepTabStop(days: readonly Day[]): void {
    const names = this.#itemsOf(days);
    if (this.#current === null || !names.has(this.#current)) this.#current = names.values().next().value ?? null;
  }

  /** Items that can have the focus, in the order of the document. */
  #itemsOf(days: readonly Day[]): Set<string> {
    const names = new Set<string>();
    for (const day of days) {
      for (const row of day.rows) {
        const lane = laneOf(row.channel);
        const key = stackKey(day.key, lane);
        const stacked = this.wide && (day.lanes.get(lane)?.length ?? 0) >= STACK_FROM && !this.openStacks.has(key);
        names.add(stacked ? key : row.id);
      }
    }
    return names;
  }

  #measured(width: number): void {
    this.wide = width >= WIDE;
    this.#moved();
  }

  readonly #moved = (): void => {
    if (this.#frame) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      this.#placeDetail();
      this.#drawWindow();
      const seen = Math.floor((this.renderRoot.querySelector('.table')?.scrollTop ?? 0) / ROW);
      this.firstRow = Math.max(0, Math.floor(seen / STEP) * STEP - STEP);
    });
  };

  /** Shows in the overview which days are in sight. */
  #drawWindow(): void {
    const scroller = this.renderRoot.querySelector('.scroller');
    const frame = this.renderRoot.querySelector('.overview .window');
    const memo = this.#memo;
    if (!this.wide || !scroller || !frame || !memo) return;
    const from = Math.abs(scroller.scrollLeft);
    const to = from + scroller.clientWidth;
    const seen = memo.layout.days.filter(({ x, width }) => x + width > from && x < to);
    const [newest, oldest] = [seen[0], seen.at(-1)];
    if (!newest || !oldest) return;
    const [x, width] = windowOf(memo.today, oldest.day.key, from < 8 ? memo.today : newest.day.key);
    frame.setAttribute('x', String(x));
    frame.setAttribute('width', String(width));
  }

  // ---------------------------------------------------------------- one contact

  #open(id: string): void {
    const session = this.#session;
    const row = session?.rows.find((each) => each.id === id);
    if (!session || !row) return;
    this.selected = id;
    this.#current = id;
    void session.readMore(id);
    this.#tell('cj-select', { id, channel: row.channel });
    void this.updateComplete.then(() => {
      this.renderRoot.querySelector<HTMLElement>('.detail')?.focus({ preventScroll: true });
      for (const element of this.querySelectorAll<HTMLElement>(':scope > [slot="detail-actions"]')) element.dataset['interaction'] = id;
    });
  }

  #close(): void {
    const id = this.selected;
    if (id === null) return;
    this.selected = null;
    this.#tell('cj-close', { id });
    void this.updateComplete.then(() => this.#markOf(id)?.focus());
  }

  /** Takes off what was retracted, and keeps the focus in the list when it stood there. */
  #lose(id: string): void {
    const focused = this.#active();
    const had = this.selected === id || focused?.dataset['item'] === id;
    if (this.selected === id) {
      this.selected = null;
      this.#tell('cj-close', { id });
    }
    if (had) void this.updateComplete.then(() => this.#markOf(this.#current)?.focus());
  }

  #openStack(key: string): void {
    const [date] = key.split('/');
    const rows = this.#memo?.days.find((day) => day.key === date)?.lanes.get(key.split('/')[1] as Lane) ?? [];
    this.openStacks = new Set([...this.openStacks, key]);
    this.#current = rows[0]?.id ?? null;
    void this.updateComplete.then(() => this.#markOf(this.#current)?.focus());
  }

  /** The element that stands for a contact, or a stack of them, in the layout that is in sight. */
  #markOf(name: string | null): HTMLElement | null {
    if (name === null) return null;
    const found = this.renderRoot.querySelectorAll<HTMLElement>(`:is(.item, .open)[data-id="${CSS.escape(name)}"], .item[data-item="${CSS.escape(name)}"]`);
    return Array.from(found).find((element) => element.offsetParent !== null) ?? null;
  }

  #placeDetail(): void {
    const panel = this.renderRoot.querySelector<HTMLElement>('.detail');
    if (!panel || this.selected === null) return;
    if ('showPopover' in panel && !panel.matches(':popover-open')) panel.showPopover();
    const root = this.renderRoot.querySelector('.root') as HTMLElement;
    beside(panel, this.#markOf(this.selected)?.querySelector('.mark') ?? this.#markOf(this.selected), root, this.wide);
  }

  // ---------------------------------------------------------------- hands

  readonly #clicked = (event: Event): void => {
    const target = (event.target as Element).closest<HTMLElement>('[data-id]');
    if (target?.dataset['id']) this.#open(target.dataset['id']);
  };

  readonly #focused = (event: Event): void => {
    const name = (event.target as HTMLElement).dataset['item'];
    if (name === undefined || name === this.#current) return;
    this.#current = name;
    this.requestUpdate();
  };

  readonly #pressed = (event: KeyboardEvent): void => {
    if (this.selected !== null && this.#pressedInDetail(event)) return;
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const item = (event.target as Element).closest<HTMLElement>('.item');
    if (!item) return;
    const rtl = getComputedStyle(this).direction === 'rtl';
    const next = keyToItem(event.key, item, this.renderRoot, this.wide, rtl);
    if (!next) return;
    event.preventDefault();
    next.focus({ preventScroll: true });
    next.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  };

  #pressedInDetail(event: KeyboardEvent): boolean {
    if (event.key === 'Escape') {
      event.stopPropagation();
      this.#close();
      return true;
    }
    if (!event.altKey || !(event.key === 'ArrowLeft' || event.key === 'ArrowRight')) return false;
    const back = (event.key === 'ArrowLeft') !== (getComputedStyle(this).direction === 'rtl');
    event.preventDefault();
    this.renderRoot.querySelector<HTMLButtonElement>(back ? '.detail .back' : '.detail .forth')?.click();
    return true;
  }

  #active(): HTMLElement | null {
    return this.renderRoot.activeElement as HTMLElement | null;
  }

  /** New rows wait while somebody reads, points or has the focus where they would move something. */
  #holds(): boolean {
    const place = this.renderRoot.querySelector('.timeline, .table');
    if (!place || this.selected !== null) return this.selected !== null;
    if (place.matches(':hover') || place.contains(this.#active())) return true;
    const scroller = this.renderRoot.querySelector('.scroller');
    if (this.wide && this.view !== 'grid') return Math.abs(scroller?.scrollLeft ?? 0) > 4;
    if (this.wide) return place.scrollTop > 4;
    return place.getBoundingClientRect().top < Math.max(0, this.getBoundingClientRect().top) - 4;
  }

  #release(): void {
    this.#session?.release();
    const scroller = this.renderRoot.querySelector('.scroller, .table');
    scroller?.scrollTo({ left: 0, top: 0 });
    void this.updateComplete.then(() => {
      const first = this.renderRoot.querySelector<HTMLElement>('.item');
      this.#markOf(this.#current = first?.dataset['item'] ?? null)?.focus();
    });
  }

  // ---------------------------------------------------------------- what the host hears

  /** False when a cancelable event was prevented. Events carry ids and counts, never a customer's data. */
  #tell(type: string, facts: Record<string, unknown>, cancelable = false): boolean {
    const detail_ = this.context === undefined ? facts : { ...facts, context: this.context };
    return this.dispatchEvent(new CustomEvent(type, { detail: detail_, bubbles: true, composed: true, cancelable }));
  }

  #tick(): void {
    const session = this.#session;
    if (session?.phase !== 'ready' && session?.phase !== 'ambiguous' && session?.phase !== 'not-found') return;
    if (this.#unsaid && Date.now() - this.#saidAt >= SPEAK_EVERY_MS) this.#say(0);
    this.requestUpdate();
  }

  /** One polite message in five seconds, for however many events. */
  #say(count: number): void {
    this.#unsaid += count;
    if (Date.now() - this.#saidAt < SPEAK_EVERY_MS || !this.#unsaid) return;
    this.#said = this.#words?.t('list.new', { n: this.#unsaid }) ?? '';
    this.#saidAt = Date.now();
    this.#unsaid = 0;
  }

  #tellState(): void {
    const session = this.#session;
    if (!session) return;
    const all = session.reports.length;
    const ok = all - session.failing.length;
    const states = this.#states(session);
    const [state = 'ready'] = states;
    this.#setStates(states);
    if (session.phase === 'ready' && !this.#ready) {
      this.#ready = true;
      this.#tell('cj-ready', { count: session.rows.length });
    }
    const told = `${state} ${ok}/${all}`;
    if (state !== this.#state || told !== this.#sourcesTold) {
      this.#state = state;
      this.#sourcesTold = told;
      this.#tell('cj-state', { state, sources: { ok, all } });
    }
    const now = session.clock.now();
    const live = session.rows.filter((row) => liveState(row, now) !== 'inactive').length;
    if (live !== this.#live) {
      this.#live = live;
      this.#tell('cj-live', { count: live });
    }
  }

  /** All that hold, the weightiest first. */
  #states(session: Session): WidgetState[] {
    if (session.phase !== 'ready') return [session.phase];
    const states: WidgetState[] = [];
    if (session.isStale) states.push('stale');
    if (session.failing.length) states.push('partial');
    if (!session.rows.length && !session.hasOlder) states.push('empty');
    if (session.streaming) states.push('live');
    states.push('ready');
    return states;
  }

  #setStates(states: readonly WidgetState[]): void {
    const set = this.#internals?.states;
    if (!set) return;
    for (const name of ['loading', 'partial', 'stale', 'denied', 'empty', 'live'] as const) {
      if (states.includes(name)) set.add(name);
      else set.delete(name);
    }
  }
}

/** The language that is spoken, with the region of the page or, where that names none, of the browser: dates differ by it. */
function regional(language: string): string {
  const base = spoken(language);
  const names = [language, ...navigator.languages].filter((name) => name.toLowerCase().startsWith(`${base}-`));
  return names[0] ?? base;
}

/** The browser's, where the name is not one that it knows. */
function zoneOf(name: string | null): string {
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (!name) return own;
  try {
    return Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone;
  } catch {
    return own;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'customer-journey': CustomerJourney;
  }
}
