import type { Row } from '../../src/api/operations.js';

/** A row of a telephone call, with what a test says of it. */
export const call = (facts: Partial<Row> = {}): Row => ({
  __typename: 'Call', id: 'r1', externalId: 'x1', url: null, source: { id: 's', name: 'genesys', kind: 'TELEPHONY' }, channel: 'VOICE', direction: 'INBOUND',
  startedAt: '2026-11-20T10:00:00Z', endedAt: '2026-11-20T10:05:00Z', lastActivityAt: '2026-11-20T10:05:00Z', durationSeconds: 300, status: 'COMPLETED', liveness: 'INACTIVE',
  idleAt: null, inactiveAt: null, outcome: null, queue: null, agent: null, legs: [], wrapUpCodes: [], tags: [], campaign: null, address: null, subject: null, topic: null, preview: null,
  comments: [], score: null, waitSeconds: null, talkSeconds: null, holdSeconds: null, ...facts,
} as Row);
