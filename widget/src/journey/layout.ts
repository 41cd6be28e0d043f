import type { Row } from '../api/operations.js';
import { type Lane, laneOf } from './channels.js';
import { type Calendar, type Day, STACK_FROM, daysBetween, stackKey } from './days.js';

/** Everything is measured in pixels from the newest edge, so that older pages move nothing that is already drawn. */
export interface Placed {
  readonly day: Day;
  /** Of the edge towards the present. */
  readonly x: number;
  readonly width: number;
  /** Days without contact before it that are folded away; 0 when they are too few to fold. */
  readonly folded: number;
}

export interface Month {
  readonly key: string;
  readonly x: number;
  readonly width: number;
}

export interface Bar {
  readonly id: string;
  readonly x: number;
  readonly width: number;
  readonly level: number;
  readonly escalated: boolean;
}

export interface Layout {
  readonly days: Placed[];
  readonly months: Month[];
  readonly bars: Bar[];
  readonly width: number;
}

export const MARK = 38;
export const GAP = 34;
export const EDGE = 18;
const FOLD_FROM = 14;
const SIDE = 6;
const BAR_LEVELS = 3;

/** Marks that a lane shows on a day: all of them, or the one that stands for them. */
export const marksIn = (rows: number, open: boolean): number => (rows >= STACK_FROM && !open ? 1 : rows);

export function layOut(days: readonly Day[], open: ReadonlySet<string>, todayWidth: number, today: string, calendar: Calendar): Layout {
  let x = EDGE;
  const placed: Placed[] = [];
  const months: { key: string; x: number; width: number }[] = [];
  days.forEach((day, index) => {
    const marks = Math.max(...[...day.lanes].map(([lane, rows]) => marksIn(rows.length, open.has(stackKey(day.key, lane)))));
    const older = days[index + 1];
    const quiet = older ? daysBetween(older.key, day.key) : 0;
    const folded = quiet >= FOLD_FROM ? quiet : 0;
    const width = Math.max(marks * MARK + SIDE, day.key === today ? todayWidth : 0);
    placed.push({ day, x, width, folded });
    const key = day.key.slice(0, 7);
    const month = months.at(-1);
    if (month?.key === key) month.width = x + width - month.x;
    else months.push({ key, x, width });
    x += width + (folded ? GAP : 0);
  });
  return { days: placed, months, bars: barsOf(placed, calendar), width: x };
}

/** Tickets lie as bars from the day they were opened to the day they were closed, or to the present. */
function barsOf(placed: readonly Placed[], calendar: Calendar): Bar[] {
  const bars: Bar[] = [];
  for (const { day, x, width } of placed) {
    for (const row of day.rows) {
      if (row.channel !== 'TICKET') continue;
      const closed = row.endedAt ? calendar.dateOf(row.endedAt) : null;
      const end = closed === null ? EDGE : (placed.find((each) => each.day.key <= closed)?.x ?? x);
      const start = x + width / 2;
      if (start - end > MARK / 2) bars.push({ id: row.id, x: end, width: start - end, level: bars.length % BAR_LEVELS, escalated: row.__typename === 'Ticket' && row.escalated === true && !row.endedAt });
    }
  }
  return bars;
}

/** How far from the middle of its day a mark stands, towards the past: contacts of a day lie in the order of time. */
export function offsetOf(day: Day, row: Row, open: ReadonlySet<string>): number {
  const lane = laneOf(row.channel);
  const same = day.lanes.get(lane) ?? [];
  if (marksIn(same.length, open.has(stackKey(day.key, lane))) < same.length) return 0;
  return (same.indexOf(row) - (same.length - 1) / 2) * MARK;
}

/** The line through the contacts of one matter, oldest first; coordinates as in `Layout`, towards the past negative. */
export function pathThrough(layout: Layout, lanes: readonly Lane[], ids: ReadonlySet<string>, open: ReadonlySet<string>, top: number, laneHeight: number): string {
  const points: [number, number][] = [];
  for (const { day, x, width } of layout.days) {
    for (const row of day.rows) {
      if (!ids.has(row.id)) continue;
      const y = top + (lanes.indexOf(laneOf(row.channel)) + 0.5) * laneHeight;
      points.push([-(x + width / 2 + offsetOf(day, row, open)), y]);
    }
  }
  return points.map(([x, y], index) => {
    const before = points[index - 1];
    if (!before) return `M${x} ${y}`;
    const middle = (before[0] + x) / 2;
    return `C${middle} ${before[1]} ${middle} ${y} ${x} ${y}`;
  }).join('');
}
