import type { Row } from '../api/operations.js';
import { type Lane, LANES, laneOf } from './channels.js';

/** One day with contact; its rows newest first. `key`: the date in the viewer's zone, as 2026-11-20. */
export interface Day {
  readonly key: string;
  readonly rows: Row[];
  readonly lanes: ReadonlyMap<Lane, Row[]>;
}

/** From so many in one lane on one day, one mark with a count stands for them. */
export const STACK_FROM = 4;

/** Dates in a zone. Formatting is dear, so a date once worked out is kept. */
export class Calendar {
  readonly #format: Intl.DateTimeFormat;
  readonly #known = new Map<string, string>();

  constructor(readonly zone: string) {
    this.#format = new Intl.DateTimeFormat('en-CA', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit' });
  }

  dateOf(instant: string): string {
    let date = this.#known.get(instant);
    if (date === undefined) this.#known.set(instant, (date = this.#format.format(Date.parse(instant))));
    return date;
  }

  today(now: number): string {
    return this.#format.format(now);
  }
}

/** The browser's, where the name is not one that it knows. */
export function zoneOf(name: string | null): string {
  try {
    return Intl.DateTimeFormat('en', { timeZone: name || undefined }).resolvedOptions().timeZone;
  } catch {
    return zoneOf(null);
  }
}

/** Noon UTC of a date: safe to count days with, and to format in UTC. */
export const noonOf = (date: string): number => Date.parse(`${date}T12:00:00Z`);
export const daysBetween = (older: string, newer: string): number => Math.round((noonOf(newer) - noonOf(older)) / 86_400_000);

/** Rows, newest first, folded into days with contact, newest first. */
export function fold(rows: readonly Row[], calendar: Calendar): Day[] {
  const days: (Day & { lanes: Map<Lane, Row[]> })[] = [];
  for (const row of rows) {
    const key = calendar.dateOf(row.startedAt);
    let day = days.at(-1);
    if (day?.key !== key) days.push((day = { key, rows: [], lanes: new Map() }));
    day.rows.push(row);
    const lane = laneOf(row.channel);
    const same = day.lanes.get(lane);
    if (same) same.push(row);
    else day.lanes.set(lane, [row]);
  }
  return days;
}

export const inLaneOrder = (lanes: Iterable<Lane>): Lane[] => {
  const present = new Set(lanes);
  return LANES.filter((lane) => present.has(lane));
};

export const stackKey = (day: string, lane: Lane): string => `${day}/${lane}`;
