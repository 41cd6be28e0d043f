// Measures the widget in a browser: a line for each figure, then all of them as one line of JSON. Fails above a budget.
//   npm run bench -- --rounds 5
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { row } from '../tests/browser/customers.mjs';
import { BUDGETS, firstRows, median, newEvent, pagedIn, skeleton, swaps } from '../tests/browser/measure.mjs';
import { start } from '../tests/browser/support.mjs';
import { BUDGET, gzippedSize } from './build.mjs';
import { BUNDLE } from './paths.mjs';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '5' } } });
const rounds = Number(values.rounds);
const RUNS_A_ROUND = 5;

const bench = await start();
const samples = { first_rows_ms: [], skeleton_ms: [], new_event_ms: [], older_timeline_ms: [], older_feed_ms: [], older_grid_ms: [] };
for (let round = 0; round < rounds; round += 1) {
  samples.first_rows_ms.push(...await firstRows(bench, RUNS_A_ROUND));
  samples.skeleton_ms.push(...await skeleton(bench, RUNS_A_ROUND));
  for (const view of ['timeline', 'feed', 'grid']) samples[`older_${view}_ms`].push(await pagedIn(bench, view));
  const event = { __typename: 'InteractionChanged', interaction: row(`e${round}`, bench.gateway.now(), 'WHATSAPP', { endedAt: null }) };
  samples.new_event_ms.push(await newEvent(bench, event));
}
const { heapMb, listeners } = await swaps(bench);
const browser = bench.browser.version();
await bench.close();

const WHAT = {
  first_rows_ms: ['50 rows, from the answer to the frame that shows them', BUDGETS.firstRowsMs, 'median'],
  skeleton_ms: ['skeleton, from the new element', BUDGETS.skeletonMs, 'median'],
  older_timeline_ms: ['500 rows paged into the timeline, longest frame\'s work', BUDGETS.taskMs, 'max'],
  older_feed_ms: ['500 rows paged into the feed, longest frame\'s work', BUDGETS.taskMs, 'max'],
  older_grid_ms: ['500 rows paged into the grid, longest frame\'s work', BUDGETS.taskMs, 'max'],
  new_event_ms: ['a new event, longest frame\'s work', BUDGETS.eventMs, 'median'],
};
const rounded = (value) => Math.round(value * 10) / 10;
const figures = Object.entries(samples).map(([name, times]) => {
  const [what, budget, judged] = WHAT[name];
  const figure = { name, what, unit: 'ms', median: rounded(median(times)), max: rounded(Math.max(...times)), samples: times.length, budget, judged };
  return { ...figure, within: figure[judged] <= budget };
});
const once = (name, what, unit, value, budget) => ({ name, what, unit, median: value, max: value, samples: 1, budget, judged: 'max', within: value <= budget });
figures.push(
  once('swaps_heap_mb', '100 customers, more memory', 'MB', rounded(heapMb), BUDGETS.heapMb),
  once('swaps_listeners', '100 customers, more listeners', '', listeners, BUDGETS.listeners),
  once('bundle_bytes', 'agent bundle with English, gzipped', 'B', gzippedSize(join(BUNDLE, 'cj.js')), BUDGET),
);
for (const { what, unit, median: middle, max, samples: count, budget, within } of figures) {
  const found = count === 1 ? `${max} ${unit}` : `median ${middle} ${unit}, max ${max} ${unit} of ${count}`;
  console.log(`${what}: ${found}; budget ${budget} ${unit}${within ? '' : ' MISSED'}`.replace(/ +(;| MISSED|$)/g, '$1'));
}
console.log(JSON.stringify({ browser, rounds, figures }));
process.exitCode = figures.every(({ within }) => within) ? 0 : 1;
