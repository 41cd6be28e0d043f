// What the browser measures; `npm run bench` prints it and fails above a budget.
import assert from 'node:assert/strict';
import { TOKEN } from './gateway.mjs';

export const BUDGETS = { firstRowsMs: 100, skeletonMs: 50, taskMs: 50, eventMs: 16, heapMb: 5, listeners: 0 };

export const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

/** From the answer with 50 rows to the frame that shows them, each time in a new element. */
export async function firstRows(bench, runs) {
  const page = await bench.show('many');
  const times = [];
  for (let run = 0; run < runs; run += 1) times.push(await page.evaluate(mountAgain, TOKEN));
  await page.close();
  return times;
}

/** Runs in the page: puts a new element in the old one's place, and says how long its rows took after their answer. */
async function mountAgain(token) {
  const old = document.querySelector('customer-journey');
  const element = document.createElement('customer-journey');
  for (const name of ['endpoint', 'customer', 'lang', 'timezone']) element.setAttribute(name, old.getAttribute(name));
  element.setAttribute('live', 'off');
  element.getToken = () => token;
  performance.clearResourceTimings();
  old.replaceWith(element);
  while (!element.shadowRoot.querySelector('.item')) await new Promise((resolve) => requestAnimationFrame(resolve));
  await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
  const drawn = performance.now();
  const answered = Math.max(...performance.getEntriesByType('resource').filter(({ name }) => name.includes('/graphql')).map(({ responseEnd }) => responseEnd).filter((end) => end <= drawn));
  return drawn - answered;
}

/** From a new element to its skeleton's frame, without the 150 ms that a quick answer has before one shows. */
export async function skeleton(bench, runs) {
  const page = await bench.show('slow', {}, { settle: false });
  const times = [];
  for (let run = 0; run < runs; run += 1) {
    times.push(await page.evaluate(async (token) => {
      const started = performance.now();
      const element = document.createElement('customer-journey');
      for (const [name, value] of [['endpoint', '/graphql/slow'], ['customer', 'CU-2'], ['lang', 'en']]) element.setAttribute(name, value);
      element.getToken = () => token;
      document.querySelector('customer-journey').replaceWith(element);
      while (!element.shadowRoot.querySelector('.bone')) await Promise.resolve();
      element.getBoundingClientRect();
      return performance.now() - started;
    }, TOKEN));
  }
  await page.close();
  return times;
}

/** The longest task while 500 rows are paged in, in milliseconds that the page's main thread ran: others' load is not counted. */
export async function pagedIn(bench, view) {
  const page = await bench.show('many', { view: view === 'grid' ? 'grid' : 'timeline' }, { width: view === 'feed' ? 420 : 1280 });
  const tasks = await tasksOf(bench, page, async () => assert.ok((await page.evaluate(pageIn, 500)) >= 500));
  await page.close();
  return Math.max(...tasks);
}

/** The longest task while an event comes in and is shown. */
export async function newEvent(bench, event) {
  const page = await bench.show('usual');
  await page.waitForFunction(() => document.querySelector('customer-journey').matches(':state(live)'));
  await page.mouse.move(2, 2);
  const tasks = await tasksOf(bench, page, async () => {
    bench.gateway.push('usual', event);
    await page.waitForFunction((id) => document.querySelector('customer-journey').shadowRoot.querySelector(`.item[data-id="${id}"]`), event.interaction.id);
  });
  await page.close();
  return Math.max(...tasks);
}

/** What a hundred changes of customers leave behind. */
export async function swaps(bench) {
  const page = await bench.show('usual');
  const session = await page.context().newCDPSession(page);
  const measure = async () => {
    await session.send('HeapProfiler.collectGarbage');
    const { usedSize } = await session.send('Runtime.getHeapUsage');
    const { jsEventListeners } = await session.send('Memory.getDOMCounters');
    return { usedSize, jsEventListeners };
  };
  const swap = (times) => page.evaluate(async (count) => {
    const element = document.querySelector('customer-journey');
    for (let n = 0; n < count; n += 1) {
      const done = new Promise((resolve) => element.addEventListener('cj-ready', resolve, { once: true }));
      element.customer = element.customer === 'CU-2' ? 'CU-104872' : 'CU-2';
      await done;
    }
    // The last answers that are under way have their own listeners until they are there.
    while (!element.matches(':state(live)')) await new Promise((resolve) => requestAnimationFrame(resolve));
  }, times);
  await swap(10);
  const first = await measure();
  await swap(100);
  const last = await measure();
  await page.close();
  return { heapMb: (last.usedSize - first.usedSize) / 1e6, listeners: last.jsEventListeners - first.jsEventListeners };
}

/** Runs in the page: presses "load older" until there are enough rows. */
async function pageIn(enough) {
  const root = document.querySelector('customer-journey').shadowRoot;
  const count = () => root.querySelectorAll('.item[data-id]').length || Number(root.querySelector('table')?.getAttribute('aria-rowcount')) - 1;
  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
  while (count() < enough) {
    while (root.querySelector('.older [disabled]')) await frame();
    const had = count();
    root.querySelector('.older .button').click();
    while (count() < had + 50) await frame();
    for (let n = 0; n < 3; n += 1) await frame();
  }
  return count();
}

/** The tasks of the page's main thread meanwhile, in milliseconds that it ran. */
async function tasksOf(bench, page, act) {
  await bench.browser.startTracing(page, { categories: ['toplevel', 'devtools.timeline', 'disabled-by-default-devtools.timeline'] });
  await act();
  const { traceEvents } = JSON.parse((await bench.browser.stopTracing()).toString());
  const threads = new Set(traceEvents.filter(({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain').map(({ pid, tid }) => `${pid}/${tid}`));
  const tasks = traceEvents.filter(({ name, pid, tid, tdur }) => /RunTask$/.test(name) && tdur > 0 && threads.has(`${pid}/${tid}`));
  assert.ok(tasks.length > 0, 'no task was traced');
  return tasks.map(({ tdur }) => tdur / 1000);
}
