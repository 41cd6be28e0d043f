import type { Row } from '../api/operations.js';

/** The journey's order: newest first, then as the gateway breaks ties. */
export function newestFirst(a: Row, b: Row): number {
  return Date.parse(b.startedAt) - Date.parse(a.startedAt)
    || byText(a.source.name, b.source.name) || byText(a.externalId, b.externalId) || byText(a.id, b.id);
}

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Both lists as one, in order, each row once: a row that `fresh` holds again replaces the one that is there. */
export function merge(rows: readonly Row[], fresh: readonly Row[]): Row[] {
  const byId = new Map(rows.map((row) => [row.id, row]));
  for (const row of fresh) byId.set(row.id, row);
  return [...byId.values()].sort(newestFirst);
}

export type Tone = 'ok' | 'wait' | 'fail' | 'plain';

/** How it went, as one of few tones. The outcome's kind decides; its status, where it has none. */
export function toneOf(row: Row): Tone {
  switch (row.outcome?.kind) {
    case 'SUCCESS': return 'ok';
    case 'FAILURE': return 'fail';
    case 'NEUTRAL': return 'wait';
    default:
  }
  switch (row.status) {
    case 'MISSED': case 'ABANDONED': case 'FAILED': return 'fail';
    case 'COMPLETED': case 'UNKNOWN': return 'plain';
    default: return 'wait';
  }
}

export const hasFailed = (row: Row): boolean => toneOf(row) === 'fail';

/** Times it was handed on: as its source says, else each change of queue, or of agent, among those who had it. */
export function transfersOf(row: Row): number {
  const said = row.legs.filter((leg) => leg.kind === 'TRANSFER').length;
  if (said) return said;
  const hands = row.legs.flatMap((leg) => leg.queue?.name ?? leg.agent?.name ?? []);
  return hands.filter((name, index) => index > 0 && name !== hands[index - 1]).length;
}

export const scoreOf = (row: Row): number | null => (row.__typename === 'SurveyResponse' ? row.npsScore : null);
export const ticketNumberOf = (row: Row): string | null => (row.__typename === 'Ticket' ? row.number : null);
export const isEscalated = (row: Row): boolean => row.__typename === 'Ticket' && row.escalated === true;

/** What it was about, in the best words there are. */
export function titleOf(row: Row): string | null {
  return row.topic ?? row.subject ?? (row.__typename === 'SurveyResponse' ? row.surveyName : null) ?? row.preview ?? null;
}
