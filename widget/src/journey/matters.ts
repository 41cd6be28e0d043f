import type { Matter, Row } from '../api/operations.js';

/** The open matter with the newest contact. One of this moment of which nobody knows yet what it is about is none, unless there is no other. */
export function newestOf(matters: readonly Matter[], rows: readonly Row[]): Matter | null {
  const found = new Map(rows.map((row) => [row.id, row]));
  const isKnown = ({ topic, interactions }: Matter): boolean => topic !== null || interactions.some(({ id }) => (found.get(id)?.liveness ?? 'INACTIVE') === 'INACTIVE');
  const newest = ({ startedAt, interactions }: Matter): string => interactions.reduce((at, { id }) => { const row = found.get(id); return row && row.startedAt > at ? row.startedAt : at; }, startedAt);
  const known = matters.filter(isKnown);
  return (known[0] ? known : matters).reduce<Matter | null>((first, each) => (first && newest(first) >= newest(each) ? first : each), null);
}
