// The budgets of speed and memory, in milliseconds that the page's main thread ran: other work on the machine would only add to
// what the clock says, which `npm run bench` prints.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { row } from './customers.mjs';
import { BUDGETS, firstRowsWork, newEvent, pagedIn, skeleton, swaps } from './measure.mjs';
import { start } from './support.mjs';

let bench;
before(async () => {
  bench = await start();
});
afterEach(() => bench.closePages());
after(() => bench.close());

test('fifty rows are drawn within 100 ms of their answer', async () => {
  const times = await firstRowsWork(bench, 5);
  assert.ok(Math.min(...times) <= BUDGETS.firstRowsMs, `${times}`);
});

test('a skeleton is there within 50 ms', async () => {
  const times = await skeleton(bench, 7);
  assert.ok(Math.min(...times) <= BUDGETS.skeletonMs, `${times}`);
});

for (const view of ['timeline', 'feed', 'grid']) {
  test(`500 rows are paged in without a frame over 50 ms: ${view}`, async () => {
    const longest = await pagedIn(bench, view);
    assert.ok(longest <= BUDGETS.taskMs, `${longest} ms`);
  });
}

test('a new event takes a frame\'s work', async () => {
  const event = { __typename: 'InteractionChanged', interaction: row('n1', bench.gateway.now(), 'WHATSAPP', { endedAt: null }) };
  const longest = await newEvent(bench, event);
  assert.ok(longest <= BUDGETS.eventMs, `${longest} ms`);
});

test('a hundred changes of customers leave nothing behind', async () => {
  const { heapMb, listeners } = await swaps(bench);
  assert.ok(heapMb < BUDGETS.heapMb, `${heapMb} MB`);
  assert.ok(listeners <= BUDGETS.listeners, `${listeners} listeners`);
});
