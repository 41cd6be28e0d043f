import type { JourneyEventDetails, JourneyState } from './host.js';
import type { Words } from './i18n/words.js';
import { liveState } from './journey/live.js';
import type { Session } from './journey/session.js';

const STYLED = ['loading', 'partial', 'stale', 'denied', 'empty', 'live'] as const;
const SPEAK_EVERY_MS = 5_000;

/** What a host hears of a panel: events with ids and counts, never a customer's data, and states for its styles. */
export class Told {
  readonly #states: CustomStateSet;
  #state = '';
  #live = 0;
  #ready = false;

  constructor(private readonly element: HTMLElement & { context: unknown }) {
    this.#states = element.attachInternals().states;
  }

  /** False when a cancelable event was prevented. */
  event<Name extends keyof JourneyEventDetails>(name: Name, facts: JourneyEventDetails[Name], cancelable = false): boolean {
    const { context } = this.element;
    const detail = context === undefined ? facts : { ...facts, context };
    return this.element.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true, cancelable }));
  }

  /** Another customer: its first rows are news again. */
  restart(): void {
    this.#ready = false;
  }

  session(session: Session): void {
    const states = statesOf(session);
    for (const name of STYLED) {
      if (states.includes(name)) this.#states.add(name);
      else this.#states.delete(name);
    }
    if (session.phase === 'ready' && !this.#ready) {
      this.#ready = true;
      this.event('cj-ready', { count: session.rows.length });
    }
    const all = session.reports.length;
    const facts = { state: states[0] as JourneyState, sources: { ok: all - session.failing.length, all } };
    const state = JSON.stringify(facts);
    if (state !== this.#state) {
      this.#state = state;
      this.event('cj-state', facts);
    }
    const now = session.clock.now();
    const count = session.rows.filter((row) => liveState(row, now) !== 'inactive').length;
    if (count !== this.#live) this.event('cj-live', { count: (this.#live = count) });
  }
}

/** All that hold, the weightiest first. */
function statesOf(session: Session): JourneyState[] {
  if (session.phase !== 'ready') return [session.phase];
  const states: (JourneyState | false)[] = [
    session.isStale && 'stale', session.failing.length > 0 && 'partial', session.isEmpty && 'empty', session.streaming && 'live', 'ready',
  ];
  return states.filter((state) => state !== false);
}

/** One polite message in five seconds, for however many events. */
export class Spoken {
  text = '';
  #at = 0;
  #unsaid = 0;

  add(count: number, words: Words | null): void {
    this.#unsaid += count;
    if (!this.#unsaid || !words || Date.now() - this.#at < SPEAK_EVERY_MS) return;
    this.text = words.t('list.new', { n: this.#unsaid });
    this.#at = Date.now();
    this.#unsaid = 0;
  }
}
