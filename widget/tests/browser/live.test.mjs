// The stream, tokens, and the change of customers.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { row } from './customers.mjs';
import { TOKEN } from './gateway.mjs';
import { clean, elementOf, pageOf, start, text } from './support.mjs';

let bench;
before(async () => {
  bench = await start();
});
afterEach(() => bench.closePages());
after(() => bench.close());

const fresh = (id, facts = {}) => ({ __typename: 'InteractionChanged', interaction: row(id, bench.gateway.now(), 'WHATSAPP', { topic: `News ${id}`, endedAt: null, ...facts }) });
const items = (page) => page.locator('customer-journey .item').evaluateAll((all) => all.map((item) => item.dataset.item));
const told = (page, name) => page.evaluate((wanted) => window.told.filter((each) => each.name === wanted).map(({ detail }) => detail), name);
const streaming = (page) => page.waitForFunction(() => document.querySelector('customer-journey').matches(':state(live)'));
const away = (page) => page.mouse.move(2, 2);

test('a new contact comes in by itself when nobody is disturbed', async () => {
  const page = await bench.show('usual');
  await streaming(page);
  await away(page);
  bench.gateway.push('usual', fresh('n1'));
  await page.waitForFunction(() => document.querySelector('customer-journey').shadowRoot.querySelector('.item')?.dataset.item === 'n1');
  assert.match(await page.locator('customer-journey [aria-live]').innerText(), /1 new event/);
  bench.gateway.push('usual', fresh('n1', { topic: 'Other words' }));
  await page.waitForFunction(() => document.querySelector('customer-journey').shadowRoot.textContent.includes('Other words'));
  assert.equal((await items(page)).filter((id) => id === 'n1').length, 1, 'once, however often it is told');
  clean(page);
  await page.close();
});

test('it waits while the list has the focus, and moves neither focus nor marks', async () => {
  const page = await bench.show('usual');
  await streaming(page);
  await away(page);
  await page.locator('customer-journey .item[data-id="i29"]').focus();
  const before_ = await page.locator('customer-journey .item[data-id="i29"]').boundingBox();
  for (const id of ['n2', 'n3', 'n4']) bench.gateway.push('usual', fresh(id));
  await page.getByRole('button', { name: '3 new events' }).waitFor();
  assert.equal(await page.evaluate(() => document.querySelector('customer-journey').shadowRoot.activeElement.dataset.item), 'i29');
  assert.deepEqual(await page.locator('customer-journey .item[data-id="i29"]').boundingBox(), before_);
  await page.getByRole('button', { name: '3 new events' }).click();
  assert.deepEqual((await items(page)).filter((id) => id.startsWith('n')).sort(), ['n2', 'n3', 'n4']);
  clean(page);
  await page.close();
});

test('it waits while a contact is open, or older ones are looked at', async () => {
  const page = await bench.show('usual');
  await streaming(page);
  await page.locator('customer-journey .scroller').evaluate((scroller) => scroller.scrollTo({ left: -300 }));
  await away(page);
  bench.gateway.push('usual', fresh('n5'));
  await page.getByRole('button', { name: '1 new event' }).waitFor();
  await page.close();
});

test('what may no longer be seen goes at once, even when it is open', async () => {
  const page = await bench.show('usual');
  await streaming(page);
  await page.locator('customer-journey .item[data-id="i29"]').click();
  await page.waitForSelector('customer-journey .detail');
  bench.gateway.push('usual', { __typename: 'InteractionRetracted', interactionId: 'i29' });
  await page.waitForSelector('customer-journey .detail', { state: 'detached' });
  assert.ok(!(await items(page)).includes('i29'));
  assert.match(await page.evaluate(() => document.querySelector('customer-journey').shadowRoot.activeElement?.dataset.item ?? ''), /^i\d+$/);
  await page.close();
});

test('figures, sources and resets arrive as well', async () => {
  const page = await bench.show('usual');
  await streaming(page);
  const { gateway } = bench;
  const summary = gateway.summary([], { reports: null });
  gateway.push('usual', { __typename: 'SummaryChanged', summary: { ...summary, activeTickets: { value: 77, state: 'AT_LEAST', asOf: null } } });
  gateway.push('usual', { __typename: 'SourceChanged', report: { ...gateway.reports({})[1], state: 'TIMED_OUT' } });
  await page.waitForFunction(() => /at least 77/.test(document.querySelector('customer-journey').shadowRoot.textContent));
  await page.waitForFunction(() => /Tickets \(too slow\)/.test(document.querySelector('customer-journey').shadowRoot.textContent));
  const asked = gateway.asked.length;
  gateway.push('usual', { __typename: 'JourneyReset' });
  await page.waitForFunction(() => !/too slow/.test(document.querySelector('customer-journey').shadowRoot.textContent));
  assert.deepEqual(gateway.asked.slice(asked).map(({ operation }) => operation).sort(), ['FirstPage', 'Summary', 'Updates']);
  await page.close();
});

test('fifty events in a burst are fifty rows', async () => {
  const page = await bench.show('usual');
  await streaming(page);
  await away(page);
  for (let n = 0; n < 50; n += 1) bench.gateway.push('usual', fresh(`b${n}`, { startedAt: new Date(Date.parse(bench.gateway.now()) - n * 6e7).toISOString() }));
  await page.waitForFunction(() => document.querySelector('customer-journey').shadowRoot.querySelectorAll('.item[data-id^="b"]').length === 50);
  clean(page);
  await page.close();
});

test('lights turn by themselves, wake again, and are not announced', async () => {
  const page = await bench.show('usual', {}, { clock: true });
  await streaming(page);
  await away(page);
  const ahead = (seconds) => new Date(Date.parse(bench.gateway.now()) + seconds * 1000).toISOString();
  const push = (seconds) => bench.gateway.push('usual', fresh('l1', { liveness: 'LIVE', idleAt: ahead(seconds), inactiveAt: ahead(seconds + 10) }));
  const label = (pattern) => page.waitForFunction((source) => new RegExp(source).test(document.querySelector('customer-journey').shadowRoot.querySelector('.item[data-id="l1"]')?.getAttribute('aria-label') ?? ''), pattern);
  push(10);
  await label(', Live');
  const said = await page.locator('customer-journey [aria-live]').innerText();
  await page.clock.runFor(11_000);
  await label('Idle for \\d+ s');
  push(12);
  await label(', Live');
  await page.clock.runFor(23_000);
  await label('^(?!.*(Live|Idle))');
  assert.equal(await page.locator('customer-journey .item[data-id="l1"]').getAttribute('part'), 'item');
  assert.equal(await page.locator('customer-journey [aria-live]').innerText(), said);
  await page.close();
});

test('however many events, a listener hears one message in five seconds', async () => {
  const page = await bench.show('usual', {}, { clock: true });
  await streaming(page);
  await away(page);
  const there = (id) => page.waitForFunction((name) => document.querySelector('customer-journey').shadowRoot.querySelector(`.item[data-id="${name}"]`), id);
  const said = () => page.locator('customer-journey [aria-live]').innerText();
  bench.gateway.push('usual', fresh('s1'));
  await there('s1');
  assert.match(await said(), /^1 new event$/);
  for (const id of ['s2', 's3', 's4']) bench.gateway.push('usual', fresh(id));
  await there('s4');
  assert.match(await said(), /^1 new event$/);
  await page.clock.runFor(6_000);
  assert.match(await said(), /^3 new events$/);
  await page.close();
});

test('a line that breaks is opened again from where it was; meanwhile nothing is green', async () => {
  const page = await bench.show('usual', {}, { clock: true });
  await streaming(page);
  bench.gateway.push('usual', fresh('c1'));
  await page.waitForFunction(() => document.querySelector('customer-journey').shadowRoot.textContent.includes('News c1'));
  const { cursor } = bench.gateway;
  bench.gateway.hangUp('usual');
  await page.waitForFunction(() => !document.querySelector('customer-journey').matches(':state(live)'));
  await page.clock.runFor(2_000);
  await streaming(page);
  assert.equal(bench.gateway.asked.at(-1).variables.after, `u${cursor}`);
  await page.close();
});

test('data of a lost line are called stale after ten seconds', async () => {
  const page = await bench.show('no-stream', {}, { clock: true });
  await page.clock.runFor(5_000);
  assert.equal(await page.evaluate(() => document.querySelector('customer-journey').matches(':state(stale)')), false);
  await page.clock.runFor(7_000);
  assert.equal(await page.evaluate(() => document.querySelector('customer-journey').matches(':state(stale)')), true);
  assert.match(await text(page), /Live connection lost/);
  assert.equal(await page.locator('customer-journey .mark.live').count(), 0);
  assert.match(await page.locator('customer-journey .item[data-id="i31"]').getAttribute('aria-label'), /State unknown/);
  await page.close();
});

test('nothing of the customer before is left after a change', async () => {
  const page = await bench.show('tardy');
  await page.locator('customer-journey .item[data-id="i26"]').click();
  await page.waitForSelector('customer-journey .detail');
  const seen = await page.evaluate(async () => {
    const element = document.querySelector('customer-journey');
    const frames = [];
    element.customer = 'CU-2';
    while (frames.length < 1200 && !/Marco Bianchi/.test(frames.at(-1))) {
      await new Promise(requestAnimationFrame);
      frames.push(element.shadowRoot.textContent);
    }
    return { before: frames.filter((frame) => /Giulia|Double charge|g\*\*\*@/.test(frame)).length, after: /Marco Bianchi/.test(frames.at(-1)) };
  });
  assert.deepEqual(seen, { before: 0, after: true });
  assert.equal(await page.locator('customer-journey .detail').count(), 0);
  clean(page);
  await page.close();
});

test('late answers of the customer before change nothing', async () => {
  const page = await bench.show('slow', {}, { settle: false });
  await page.evaluate(() => {
    const element = document.querySelector('customer-journey');
    element.endpoint = '/graphql/usual';
    element.customer = 'CU-2';
  });
  await page.waitForFunction(() => /Marco Bianchi/.test(document.querySelector('customer-journey').shadowRoot.textContent));
  await page.waitForTimeout(3_100);
  assert.doesNotMatch(await text(page), /Giulia/);
  await page.close();
});

test('the token is in no attribute, address, storage, log or event', async () => {
  const logs = [];
  const page = await bench.open(pageOf(elementOf('usual')), {});
  page.on('console', (message) => logs.push(message.text()));
  const addresses = [];
  page.on('request', (request) => addresses.push(request.url()));
  await page.evaluate(() => document.querySelector('customer-journey').refresh());
  await page.locator('customer-journey .item[data-id="i29"]').click();
  await page.locator('customer-journey .conversation').waitFor();
  const found = await page.evaluate(() => {
    const element = document.querySelector('customer-journey');
    return [document.documentElement.outerHTML, element.shadowRoot.innerHTML, JSON.stringify(window.told), JSON.stringify({ ...localStorage, ...sessionStorage }), document.cookie, Object.values(element).filter((each) => typeof each !== 'function').join()].join();
  });
  for (const place of [found, ...logs, ...addresses]) assert.ok(!place.includes(TOKEN));
  assert.ok(bench.gateway.asked.every(({ token }) => token === `Bearer ${TOKEN}`));
  const names = JSON.stringify(await page.evaluate(() => window.told));
  assert.doesNotMatch(names, /Giulia|\*\*\*|Double/, 'events carry ids and counts');
  await page.close();
});

test('a refused token is asked for once more; then the host is told', async () => {
  const page = await bench.open(pageOf(elementOf('usual')).replace('/host.js', '/none.js'), { settle: false });
  await page.evaluate((token) => {
    window.calls = 0;
    window.reasons = [];
    const element = document.querySelector('customer-journey');
    element.addEventListener('cj-token-needed', ({ detail }) => window.reasons.push(detail.reason));
    element.getToken = () => Promise.resolve((window.calls += 1) === 1 ? 'old' : token);
  }, TOKEN);
  await page.waitForFunction(() => /Giulia/.test(document.querySelector('customer-journey').shadowRoot.textContent));
  await page.evaluate(() => {
    const element = document.querySelector('customer-journey');
    element.getToken = () => 'wrong';
  });
  await page.waitForFunction(() => window.reasons.includes('refused'));
  assert.match(await text(page), /The sign-in has ended/);
  await page.close();
});

test('a gateway that does not know the documents is sent their text', async () => {
  bench.gateway.knowsHashes = false;
  const asked = bench.gateway.asked.length;
  const page = await bench.show('usual');
  await streaming(page);
  const sent = bench.gateway.asked.slice(asked);
  assert.ok(sent.filter(({ byHash }) => byHash).length <= 2 && sent.some(({ operation, byHash }) => operation === 'FirstPage' && !byHash));
  bench.gateway.knowsHashes = true;
  clean(page);
  await page.close();
});
