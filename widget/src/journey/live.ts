import type { Row } from '../api/operations.js';

export type LiveState = 'live' | 'idle' | 'inactive';

/**
 * The light of a row at `now`, in milliseconds by the server's clock. The gateway's thresholds come with the row: without
 * them a LIVE row stays so until an event says otherwise, as calls do.
 */
export function liveState(row: Pick<Row, 'liveness' | 'idleAt' | 'inactiveAt' | 'endedAt'>, now: number): LiveState {
  if (row.liveness === 'INACTIVE' || row.endedAt) return 'inactive';
  if (row.inactiveAt && now >= Date.parse(row.inactiveAt)) return 'inactive';
  if (row.liveness === 'IDLE' || (row.idleAt && now >= Date.parse(row.idleAt))) return 'idle';
  return 'live';
}

/** The server's clock, however wrong the machine's is. */
export class Clock {
  #ahead = 0;

  /** `asOf`: what the server's clock said just now. */
  set(asOf: string): void {
    this.#ahead = Date.parse(asOf) - Date.now();
  }

  now(): number {
    return Date.now() + this.#ahead;
  }
}
