import type { Row } from '../api/operations.js';
import type { Chosen } from '../choice.js';
import type { Lane } from '../journey/channels.js';
import type { Calendar, Day } from '../journey/days.js';
import type { LiveState } from '../journey/live.js';
import type { Session } from '../journey/session.js';
import type { Words } from '../i18n/words.js';
import type { Picture } from '../picture.js';

/** What an element hands to its views for one drawing. */
export interface Scene {
  readonly session: Session;
  readonly words: Words;
  readonly calendar: Calendar;
  readonly picture: Picture;
  readonly laneHeight: number;
  readonly wide: boolean;
  readonly view: 'timeline' | 'grid';
  readonly chosen: Chosen;
  readonly openStacks: ReadonlySet<string>;
  readonly selected: string | null;
  readonly sort: Sort;
  /** Of the grid's rows, the first that is needed in the document. */
  readonly firstRow: number;
  /** In a narrow panel: whether all filters show, or only the channels. */
  readonly unfolded: boolean;
  readonly interaction: string | null;
  readonly lookup: string | null;
  readonly callSince: number;
  /** Lights cannot be trusted. */
  readonly stale: boolean;
  light(row: Row): LiveState;
  readonly act: Actions;
}

export interface Sort {
  column: string;
  descending: boolean;
}

export interface Actions {
  choose(change: Partial<Chosen>): void;
  search(): void;
  unfold(): void;
  clearFilters(): void;
  setView(view: 'timeline' | 'grid'): void;
  highlight(id: string | null): void;
  open(id: string): void;
  close(): void;
  openStack(day: Day, lane: Lane, key: string): void;
  older(): void;
  release(): void;
  refresh(): void;
  identify(id: string): void;
  sortBy(column: string): void;
  follow(event: Event, row: Row): void;
}
