import type { Channel, Matter, Row } from './api/operations.js';
import type { Words } from './i18n/words.js';
import { type Lane, laneOf } from './journey/channels.js';
import { type Calendar, type Day, STACK_FROM, fold, inLaneOrder, stackKey } from './journey/days.js';
import { type Layout, layOut } from './journey/layout.js';
import type { Session } from './journey/session.js';

/** Chosen as the highlighted journey, it is none. */
export const NO_MATTER = 'none';
export const NOBODY: ReadonlySet<string> = new Set();

/** A session's rows as they are drawn. What did not change keeps its identity, so that nothing of it is drawn again. */
export class Picture {
  days: readonly Day[] = [];
  layout: Layout = { days: [], months: [], bars: [], width: 0 };
  lanes: readonly Lane[] = [];
  matter: Matter | null = null;
  matterIds = NOBODY;
  today = '';
  /** The item that has the list's one tab stop. */
  current: string | null = null;
  #rows: readonly Row[] = [];
  #drawnFor: readonly unknown[] = [];

  draw(session: Session, words: Words, calendar: Calendar, open: ReadonlySet<string>): void {
    this.today = calendar.today(session.clock.now());
    const drawnFor = [session.rows, open, this.today, calendar, words];
    if (drawnFor.every((each, index) => each === this.#drawnFor[index])) return;
    this.#drawnFor = drawnFor;
    this.#rows = session.rows;
    this.days = fold(session.rows, calendar);
    this.layout = layOut(this.days, open, words.t('list.now').length * 7 + 26, this.today, calendar);
  }

  /** Which lanes there are: those with contacts, and those of which nobody knows. */
  arrange(session: Session, chosen: readonly Channel[] | null): void {
    const counted = (session.menus?.channels ?? []).flatMap(({ channel, count }) => (count ? [channel] : []));
    const unknown = session.failing.flatMap(({ source }) => source.channels);
    const channels = [...counted, ...unknown].filter((channel) => !chosen || chosen.includes(channel));
    const lanes = inLaneOrder([...channels, ...this.#rows.map(({ channel }) => channel)].map(laneOf));
    if (lanes.join() !== this.lanes.join()) this.lanes = lanes;
  }

  /** Draws the line through one open matter: the named one, else the newest. */
  highlight({ matters, newestMatter }: Session, named: string | null): void {
    this.matter = named ? matters.find(({ id }) => id === named) ?? null : newestMatter;
    const ids = this.matter?.interactions.map(({ id }) => id) ?? [];
    if (ids.join() !== [...this.matterIds].join()) this.matterIds = new Set(ids);
  }

  /** Where nothing has it any more, the tab stop goes to the newest item. */
  keepTabStop(open: ReadonlySet<string>, wide: boolean): void {
    let newest: string | null = null;
    for (const day of this.days) {
      for (const row of day.rows) {
        const lane = laneOf(row.channel);
        const key = stackKey(day.key, lane);
        const stacked = wide && (day.lanes.get(lane)?.length ?? 0) >= STACK_FROM && !open.has(key);
        const name = stacked ? key : row.id;
        if (name === this.current) return;
        newest ??= name;
      }
    }
    this.current = newest;
  }
}
