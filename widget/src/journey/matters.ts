import type { Matter, Row } from '../api/operations.js';

/** The newest open matter. A contact of this moment of which nobody knows yet what it is about is none, unless there is no other. */
export function newestOf(matters: readonly Matter[], rows: readonly Row[]): Matter | null {
  const isOver = ({ id }: { id: string }): boolean => !rows.some((row) => row.id === id && row.liveness !== 'INACTIVE');
  return matters.find(({ topic, interactions }) => topic !== null || interactions.some(isOver)) ?? matters[0] ?? null;
}
