import { Client, RequestError } from '../api/client.js';
import {
  type CustomerKey, Detail, FirstPage, type Header, type JourneyFilter, type Matter, type Named,
  OlderPage, type Operation, type Report, type Row, type Rows, Summary, Updates,
} from '../api/operations.js';
import { listen } from '../api/stream.js';
import { TokenError, Tokens } from '../api/tokens.js';
import type { GetToken } from '../host.js';
import { Clock } from './live.js';
import { newestOf } from './matters.js';
import { merge } from './rows.js';

type DataOf<O> = O extends Operation<infer Data, never> ? Data : never;
type View = NonNullable<DataOf<typeof FirstPage>['singleCustomerView']>;
type Customer = NonNullable<View['customer']>;
type Menus = NonNullable<NonNullable<Customer['journey']>['facets']>;
type Candidate = View['candidates'][number];
export type More = NonNullable<DataOf<typeof Detail>['node']>;

export type Phase = 'idle' | 'loading' | 'ready' | 'ambiguous' | 'not-found' | 'denied' | 'error';

/** What a widget shows, as its host and its user chose it. */
export interface Question {
  endpoint: string;
  by: CustomerKey;
  filter: JourneyFilter;
  pageSize: number;
  timeZone: string;
  live: boolean;
  /** The matter that the host named, if any. */
  matter: string | null;
}

export interface Failure {
  code: string;
  requestId: string | null;
}

/** How a session speaks to the element that owns it. */
export interface Owner {
  changed(): void;
  /** Whether new rows may not be put in just now, since something would move under somebody's hand. */
  holds(): boolean;
  arrived(count: number): void;
  failed(failure: Failure): void;
  needsToken(error: TokenError): void;
  /** A row went that may be open or have the focus. */
  retracted(id: string): void;
}

/** A lost stream is called stale after this long, and data that nothing confirmed after that long. */
const LOST_MS = 10_000;
const OLD_MS = 60_000;
const ROWS_PER_FRAME = 5;

/**
 * All that is known about one customer, from the first question to the last update. A session serves one customer only:
 * `close()` ends whatever is under way, and nothing that comes back afterwards changes anything.
 */
export class Session {
  phase: Phase = 'loading';
  customer: Named | null = null;
  candidates: Candidate[] = [];
  rows: Row[] = [];
  /** New rows that wait until nobody is disturbed. */
  waiting: Row[] = [];
  reports: Report[] = [];
  menus: Menus | null = null;
  withheld: ReadonlySet<string> = new Set();
  header: Header | null = null;
  headerFailed = false;
  /** The last four survey scores, oldest first. */
  answers: number[] = [];
  matters: Matter[] = [];
  more = new Map<string, More | null>();
  hasOlder = false;
  loadingOlder = false;
  reloading = false;
  failure: Failure | null = null;
  /** Local milliseconds: when data last arrived or was last confirmed. */
  confirmedAt = 0;
  lostAt: number | null = null;
  retryAt: number | null = null;
  /** The stream is open. */
  streaming = false;
  readonly clock = new Clock();

  readonly #client: Client;
  #ended = new AbortController();
  /** Ends what the last set of filters asked. */
  #asking = new AbortController();
  #streaming = new AbortController();
  #after: string | null = null;
  #olderAfter: string | null = null;

  constructor(
    private question: Question,
    getToken: GetToken,
    private readonly owner: Owner,
  ) {
    this.#client = new Client(question.endpoint, new Tokens(getToken));
  }

  open(): void {
    void this.#load(true);
  }

  close(): void {
    for (const each of [this.#ended, this.#asking, this.#streaming]) each.abort();
    this.#client.tokens.close();
  }

  /** Asks everything again; what is shown stays until the answer is there. */
  refresh(): void {
    this.failure = null;
    void this.#load(true);
  }

  /** Other filters for the same customer. */
  ask(question: Question): void {
    const other = question.matter !== this.question.matter;
    this.question = question;
    void this.#load(other);
  }

  async older(): Promise<void> {
    if (this.loadingOlder || !this.hasOlder || !this.customer || !this.#olderAfter) return;
    const { signal } = this.#asking;
    this.loadingOlder = true;
    this.owner.changed();
    try {
      const variables = { id: this.customer.id, first: this.question.pageSize, after: this.#olderAfter, filter: this.question.filter };
      const { customer } = await this.#client.ask(OlderPage, variables, signal);
      signal.throwIfAborted();
      if (customer?.journey) {
        await this.#append(customer.journey.nodes, signal);
        this.#takePage(customer.journey, false);
      }
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof RequestError && error.code === 'BAD_CURSOR') return void this.#load(false);
      this.#fail(error);
    } finally {
      if (!signal.aborted) {
        this.loadingOlder = false;
        this.owner.changed();
      }
    }
  }

  /** Reads what only an open row shows. Its absence is no failure of the journey. */
  async readMore(id: string): Promise<void> {
    if (this.more.has(id)) return;
    const { signal } = this.#ended;
    try {
      const { node } = await this.#client.ask(Detail, { id }, signal);
      signal.throwIfAborted();
      this.more.set(id, node);
    } catch {
      if (signal.aborted) return;
      this.more.set(id, null);
    }
    this.owner.changed();
  }

  /** Puts in what waited. */
  release(): void {
    this.rows = merge(this.rows, this.waiting);
    this.waiting = [];
    this.owner.changed();
  }

  get isStale(): boolean {
    if (this.phase !== 'ready') return false;
    const now = Date.now();
    return (this.lostAt !== null && now - this.lostAt > LOST_MS) || now - this.confirmedAt > OLD_MS;
  }

  get newestMatter(): Matter | null {
    return newestOf(this.matters, this.rows);
  }

  get isEmpty(): boolean {
    return !this.rows.length && !this.hasOlder;
  }

  /** Reports of sources that did not answer, or with old data. */
  get failing(): Report[] {
    return this.reports.filter(({ state }) => state !== 'FRESH' && state !== 'CACHED');
  }

  async #load(withSummary: boolean): Promise<void> {
    this.#asking.abort();
    this.#streaming.abort();
    this.streaming = false;
    this.#asking = new AbortController();
    const { signal } = this.#asking;
    this.loadingOlder = false;
    this.reloading = this.phase === 'ready';
    if (!this.reloading) this.phase = 'loading';
    this.owner.changed();
    if (withSummary) void this.#summarise(signal);
    const { by, pageSize, filter } = this.question;
    try {
      const { singleCustomerView: view } = await this.#client.ask(FirstPage, { by, first: pageSize, filter }, signal);
      signal.throwIfAborted();
      this.failure = null;
      if (view?.customer) this.#show(view.customer);
      else this.#nobody(view);
    } catch (error) {
      if (signal.aborted) return;
      this.#fail(error);
    } finally {
      if (!signal.aborted) {
        this.reloading = false;
        this.owner.changed();
      }
    }
  }

  #show(customer: Customer): void {
    const { journey } = customer;
    if (!journey) throw new RequestError('INTERNAL');
    this.customer = customer;
    this.menus = journey.facets;
    this.waiting = [];
    this.more.clear();
    this.rows = [];
    this.#takePage(journey, true);
    this.phase = 'ready';
    this.#after = journey.updateCursor;
    if (this.question.live) this.#listen(customer.id);
  }

  #takePage(page: Rows, isFirst: boolean): void {
    this.clock.set(page.asOf);
    this.confirmedAt = Date.now();
    this.rows = merge(this.rows, page.nodes);
    this.reports = page.sources;
    this.withheld = new Set(page.withheld.map(({ field }) => field));
    this.hasOlder = page.pageInfo.hasNextPage;
    this.#olderAfter = page.pageInfo.endCursor;
    if (isFirst) this.lostAt = null;
  }

  /** A few rows a frame, so that nobody's scrolling stops. */
  async #append(rows: readonly Row[], signal: AbortSignal): Promise<void> {
    for (let index = 0; index < rows.length; index += ROWS_PER_FRAME) {
      this.rows = merge(this.rows, rows.slice(index, index + ROWS_PER_FRAME));
      this.owner.changed();
      await new Promise((resolve) => (document.hidden ? setTimeout(resolve) : requestAnimationFrame(resolve)));
      signal.throwIfAborted();
    }
  }

  #nobody(view: View | null): void {
    this.#forget();
    this.reports = view?.sources ?? [];
    this.candidates = view?.candidates ?? [];
    this.phase = view?.state === 'AMBIGUOUS' ? 'ambiguous' : 'not-found';
  }

  async #summarise(signal: AbortSignal): Promise<void> {
    const { by, timeZone, matter } = this.question;
    try {
      const data = await this.#client.ask(Summary, { by, timeZone, named: matter ?? '', hasNamed: matter !== null }, signal);
      signal.throwIfAborted();
      const customer = data.singleCustomerView?.customer;
      this.header = customer?.summary ?? null;
      this.headerFailed = this.header === null;
      this.answers = (customer?.answers?.nodes ?? []).flatMap((row) => ('npsScore' in row ? row.npsScore ?? [] : [])).reverse();
      this.matters = customer?.analysis?.episodes.nodes ?? [];
      const named = data.named;
      if (named && 'id' in named && !this.matters.some(({ id }) => id === named.id)) this.matters = [...this.matters, named];
    } catch {
      // The rows' own question says what is wrong; figures without an answer say that they have none.
      if (signal.aborted) return;
      this.headerFailed = true;
    }
    this.owner.changed();
  }

  #listen(customerId: string): void {
    this.#streaming = new AbortController();
    const { signal } = this.#streaming;
    listen(this.#client, Updates, () => ({ customerId, filter: this.question.filter, after: this.#after }), {
      opened: () => this.#confirm(),
      beat: () => this.#confirm(),
      next: ({ journeyUpdated }) => {
        if (!signal.aborted) this.#update(journeyUpdated);
      },
      lost: (retryMs) => {
        this.streaming = false;
        this.lostAt ??= Date.now();
        this.retryAt = Date.now() + retryMs;
        this.owner.changed();
      },
      refused: (error) => {
        this.streaming = false;
        this.lostAt ??= Date.now();
        this.retryAt = null;
        this.#fail(error);
      },
    }, signal);
  }

  #confirm(): void {
    const wasLost = !this.streaming;
    this.streaming = true;
    this.confirmedAt = Date.now();
    this.lostAt = null;
    this.retryAt = null;
    if (wasLost) this.owner.changed();
  }

  #update(update: DataOf<typeof Updates>['journeyUpdated']): void {
    this.#after = update.cursor;
    switch (update.__typename) {
      case 'InteractionChanged':
        this.#put(update.interaction);
        break;
      case 'InteractionRetracted':
        this.rows = this.rows.filter(({ id }) => id !== update.interactionId);
        this.waiting = this.waiting.filter(({ id }) => id !== update.interactionId);
        this.owner.retracted(update.interactionId);
        break;
      case 'SummaryChanged':
        this.header = update.summary;
        this.headerFailed = false;
        this.clock.set(update.summary.asOf);
        break;
      case 'SourceChanged':
        this.reports = [...this.reports.filter(({ source }) => source.id !== update.report.source.id), update.report];
        break;
      case 'JourneyReset':
        void this.#load(true);
        return;
      default:
    }
    this.owner.changed();
  }

  #put(row: Row): void {
    this.more.delete(row.id);
    if (this.rows.some(({ id }) => id === row.id)) {
      this.rows = merge(this.rows, [row]);
    } else if (this.owner.holds()) {
      this.waiting = merge(this.waiting, [row]);
    } else {
      this.rows = merge(this.rows, [row]);
      this.owner.arrived(1);
    }
  }

  #fail(error: unknown): void {
    if (error instanceof TokenError) {
      this.owner.needsToken(error);
      this.#setFailure({ code: 'UNAUTHENTICATED', requestId: null });
      return;
    }
    const failure = error instanceof RequestError ? error : new RequestError('INTERNAL');
    if (failure.code === 'FORBIDDEN') {
      this.#streaming.abort();
      this.#forget();
      this.phase = 'denied';
    }
    this.#setFailure(failure);
  }

  #setFailure({ code, requestId }: Failure): void {
    const failure = { code, requestId };
    this.failure = failure;
    if (this.phase === 'loading') this.phase = 'error';
    this.owner.failed(failure);
    this.owner.changed();
  }

  /** Nothing of the customer is left to be shown. */
  #forget(): void {
    this.customer = null;
    this.candidates = [];
    this.rows = [];
    this.waiting = [];
    this.reports = [];
    this.menus = null;
    this.header = null;
    this.answers = [];
    this.matters = [];
    this.more.clear();
    this.hasOlder = false;
  }
}
