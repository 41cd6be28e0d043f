// What a customer leaves behind; how long things take is measured by `npm run bench`, where the machine does nothing else.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { BUDGETS, swaps } from './measure.mjs';
import { start } from './support.mjs';

let bench;
before(async () => {
  bench = await start();
});
afterEach(() => bench.closePages());
after(() => bench.close());

test('a hundred changes of customers leave nothing behind', async () => {
  const { heapMb, listeners } = await swaps(bench);
  assert.ok(heapMb < BUDGETS.heapMb, `${heapMb} MB`);
  assert.ok(listeners <= BUDGETS.listeners, `${listeners} listeners`);
});
