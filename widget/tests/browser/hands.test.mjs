// Keyboard, filters, views and events.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { clean, elementOf, pageOf, start, text } from './support.mjs';

let bench;
before(async () => {
  bench = await start();
});
afterEach(() => bench.closePages());
after(() => bench.close());

const focused = (page) => page.evaluate(() => {
  const active = document.querySelector('customer-journey').shadowRoot.activeElement;
  return active?.dataset.item ?? active?.dataset.id ?? active?.className ?? null;
});
const press = async (page, key) => {
  await page.keyboard.press(key);
  return focused(page);
};
const enter = async (page) => {
  await page.locator('customer-journey .item[tabindex="0"]').focus();
  return focused(page);
};
const told = (page, name) => page.evaluate((wanted) => window.told.filter((each) => each.name === wanted).map(({ detail }) => detail), name);

test('timeline: arrows by time and lane, pages by day, one tab stop', async () => {
  const page = await bench.show('usual');
  assert.equal(await page.locator('customer-journey .item[tabindex="0"]').count(), 1);
  assert.equal(await enter(page), 'i31');
  assert.equal(await press(page, 'ArrowLeft'), 'i30');
  assert.equal(await press(page, 'ArrowLeft'), 'i29');
  assert.equal(await press(page, 'ArrowRight'), 'i30');
  assert.equal(await press(page, 'ArrowUp'), 'i29', 'the nearest in the lane above a chat is a message');
  assert.equal(await press(page, 'ArrowDown'), 'i30');
  assert.equal(await press(page, 'PageUp'), 'i29');
  assert.equal(await press(page, 'PageUp'), 'i28');
  assert.equal(await press(page, 'PageDown'), 'i29');
  assert.equal(await press(page, 'Home'), 'i03');
  assert.equal(await press(page, 'ArrowLeft'), 'i03', 'there is nothing older');
  assert.equal(await press(page, 'End'), 'i31');
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Shift+Tab');
  assert.equal(await focused(page), 'i30', 'the list is left and entered again where it was');
  clean(page);
});

test('feed: arrows by time, pages by day', async () => {
  const page = await bench.show('usual', {}, { width: 380 });
  assert.equal(await enter(page), 'i31');
  assert.equal(await press(page, 'ArrowDown'), 'i30');
  assert.equal(await press(page, 'PageUp'), 'i29');
  assert.equal(await press(page, 'ArrowUp'), 'i30');
  assert.equal(await press(page, 'ArrowLeft'), 'i30', 'left and right do nothing here');
  assert.equal(await press(page, 'Home'), 'i03');
  assert.equal(await press(page, 'End'), 'i31');
});

test('right to left, time runs the other way and the arrows with it', async () => {
  const page = await bench.open(pageOf(elementOf('usual'), { html: 'lang="en" dir="rtl"' }));
  await enter(page);
  assert.equal(await press(page, 'ArrowRight'), 'i30');
  assert.equal(await press(page, 'ArrowLeft'), 'i31');
  const [now, older] = await Promise.all(['i31', 'i29'].map((id) => page.locator(`customer-journey .item[data-id="${id}"]`).boundingBox()));
  assert.ok(now.x < older.x);
});

test('an open contact: focus goes in, walks its date, and comes back to what was shown', async () => {
  const page = await bench.show('usual');
  await page.locator('customer-journey .item[data-id="i26"]').focus();
  await page.keyboard.press('Enter');
  await page.waitForSelector('customer-journey .detail');
  assert.match(await focused(page), /detail/);
  assert.match(await text(page), /2 of 3/);
  await page.keyboard.press('Alt+ArrowLeft');
  assert.match(await text(page), /1 of 3/);
  await page.keyboard.press('Alt+ArrowLeft');
  assert.match(await text(page), /1 of 3/, 'the first of its date');
  await page.keyboard.press('Alt+ArrowRight');
  await page.keyboard.press('Alt+ArrowRight');
  assert.match(await text(page), /3 of 3/);
  await page.keyboard.press('Escape');
  assert.equal(await focused(page), 'i27');
  await page.keyboard.press('Space');
  await page.waitForSelector('customer-journey .detail');
  assert.deepEqual((await told(page, 'cj-select')).map(({ id }) => id), ['i26', 'i25', 'i26', 'i27', 'i27']);
  assert.equal((await told(page, 'cj-close')).length, 1);
  clean(page);
});

test('the detail says what there is: transfers, notes, messages', async () => {
  const page = await bench.show('usual');
  await page.locator('customer-journey .item[data-id="i26"]').click();
  const call = await text(page);
  for (const words of ['2 transfers', 'Complaint', '42 → 31', 'Refund promised by Friday', 'Elena Sala', '+39 ***71']) assert.ok(call.includes(words), words);
  await page.locator('customer-journey .shut').click();
  await page.locator('customer-journey .item[data-id="i29"]').click();
  await page.locator('customer-journey .conversation').waitFor();
  assert.match(await text(page), /I was charged twice this month/);
});

test('the link to the source asks the host first', async () => {
  const page = await bench.show('usual');
  await page.evaluate(() => document.addEventListener('cj-open-source', (event) => event.preventDefault()));
  await page.locator('customer-journey .item[data-id="i26"]').click();
  await page.locator('customer-journey .detail a').click();
  assert.deepEqual(await told(page, 'cj-open-source'), [{ id: 'i26', url: 'https://source.example.com/contacts/i26' }]);
  assert.equal(page.context().pages().length, 1);
});

test('filters: chips act at once, words on Enter; counts stand inside the campaign; all is reflected', async () => {
  const page = await bench.show('usual');
  const element = page.locator('customer-journey');
  const items = () => page.locator('customer-journey .item').count();
  const idle = () => page.waitForFunction(() => document.querySelector('customer-journey').shadowRoot.querySelector('.root').getAttribute('aria-busy') === 'false');
  assert.equal(await items(), 29);
  await page.locator('customer-journey .chip', { hasText: 'Phone' }).click();
  await idle();
  assert.equal(await items(), 19);
  assert.equal(await element.getAttribute('channels'), 'whatsapp,chat,ticket,email,sms,survey');
  await page.locator('customer-journey .chip', { hasText: 'Phone' }).click();
  await idle();
  assert.equal(await element.getAttribute('channels'), null);
  await page.locator('customer-journey select').nth(1).selectOption('campaign-Renewal 2026');
  await idle();
  assert.equal(await items(), 3);
  assert.match(await page.locator('customer-journey .chip', { hasText: 'Phone' }).innerText(), /2/);
  await page.locator('customer-journey input').fill('Anna');
  await page.waitForTimeout(50);
  assert.equal(await items(), 3, 'words wait');
  await page.keyboard.press('Enter');
  await idle();
  assert.equal(await items(), 2);
  assert.equal(await element.getAttribute('query'), 'Anna');
  await page.locator('customer-journey select').first().selectOption('3');
  await idle();
  assert.match(await text(page), /Active filters: 3 months · Renewal 2026|Nothing matches these filters/);
  await page.getByRole('button', { name: 'Clear filters' }).click();
  await idle();
  assert.equal(await items(), 29);
  const facts = (await told(page, 'cj-filter')).at(-1);
  assert.deepEqual(facts, { period: 12, channels: null, campaign: null, hasQuery: false });
  clean(page);
});

test('with apply="search" everything waits for the button', async () => {
  const page = await bench.show('usual', { apply: 'search' });
  await page.locator('customer-journey .chip', { hasText: 'Phone' }).click();
  await page.locator('customer-journey .chip', { hasText: 'SMS' }).click();
  await page.waitForTimeout(80);
  assert.equal(await page.locator('customer-journey .item').count(), 29);
  await page.getByRole('button', { name: 'Search' }).click();
  await page.waitForFunction(() => document.querySelector('customer-journey').shadowRoot.querySelectorAll('.item').length === 17);
});

test('grid: sorts, opens, and becomes the feed when the panel narrows', async () => {
  const page = await bench.show('usual', { view: 'grid' });
  const first = () => page.locator('customer-journey tbody tr').first().innerText();
  await page.getByRole('button', { name: 'Duration' }).click();
  assert.match(await first(), /4 days/);
  assert.equal(await page.locator('customer-journey th[aria-sort]').getAttribute('aria-sort'), 'descending');
  await page.getByRole('button', { name: 'Last agent' }).click();
  assert.match(await first(), /Anna Villa/);
  await page.locator('customer-journey tbody .open').first().click();
  await page.waitForSelector('customer-journey .detail');
  await page.keyboard.press('Escape');
  assert.equal(await focused(page), 'i09');
  await page.setViewportSize({ width: 400, height: 800 });
  await page.locator('customer-journey .item[data-id="i31"]').waitFor({ state: 'visible' });
  assert.equal(await page.locator('customer-journey table').isVisible(), false);
});

test('many contacts on one day stand under one mark until it is opened', async () => {
  const page = await bench.show('crowded');
  const visible = () => page.evaluate(() => [...document.querySelector('customer-journey').shadowRoot.querySelectorAll('.item')].filter((item) => item.offsetParent).length);
  assert.equal(await visible(), 5);
  await page.locator('customer-journey .stack .item').first().click();
  assert.equal(await visible(), 12);
  assert.equal(await focused(page), 'm0');
});

test('the open journey is drawn, and switched off', async () => {
  const page = await bench.show('usual');
  const line = page.locator('customer-journey .line path');
  assert.match(await line.getAttribute('d'), /^M.*(C.*){6}$/);
  await page.getByRole('button', { name: 'Open journey: Double charge' }).click();
  assert.equal(await line.getAttribute('d'), '');
  assert.equal(await page.locator('customer-journey').getAttribute('journey'), 'none');
});

test('methods, slots and the facts of the host', async () => {
  const page = await bench.open(pageOf(elementOf('usual', { interaction: 'VO-9031' }, '<button slot="actions">Mine</button><button slot="detail-actions">Note</button>')));
  await page.evaluate(() => {
    const element = document.querySelector('customer-journey');
    element.context = { call: 7 };
    element.strings = { onCall: 'Ringing' };
    element.select('i28');
  });
  await page.waitForSelector('customer-journey .detail');
  assert.equal(await page.locator('[slot="detail-actions"]').getAttribute('data-interaction'), 'i28');
  assert.equal(await page.locator('[slot="actions"]').isVisible(), true);
  assert.deepEqual((await told(page, 'cj-select')).at(-1), { id: 'i28', channel: 'TICKET', context: { call: 7 } });
  assert.match(await text(page), /Ringing\s+04:\d\d/);
  await page.evaluate(() => document.querySelector('customer-journey').clear());
  await page.waitForFunction(() => !document.querySelector('customer-journey').shadowRoot.textContent.includes('Giulia'));
  assert.match(await text(page), /No customer chosen/);
});

test('of many rows the grid holds those around what is in sight, and says how many there are', async () => {
  const page = await bench.show('many', { view: 'grid', 'page-size': '200' });
  await page.locator('customer-journey .older .button').click();
  await page.waitForFunction(() => document.querySelector('customer-journey').shadowRoot.querySelector('table').getAttribute('aria-rowcount') === '401');
  assert.equal(await page.locator('customer-journey tbody tr[part]').count(), 75);
  await page.locator('customer-journey .table').evaluate((table) => table.scrollTo({ top: 300 * 33 }));
  await page.locator('customer-journey tbody tr[aria-rowindex="302"]').waitFor();
  const height = await page.locator('customer-journey tbody').evaluate((body) => body.getBoundingClientRect().height);
  assert.ok(Math.abs(height - 400 * 33) < 40, `${height}`);
  clean(page);
});

test('the overview follows the scrolling', async () => {
  const page = await bench.show('usual');
  const edge = () => page.locator('customer-journey .overview .window').getAttribute('x');
  const before_ = Number(await edge());
  await page.locator('customer-journey .scroller').evaluate((scroller) => scroller.scrollTo({ left: -1000 }));
  await page.waitForFunction((x) => Number(document.querySelector('customer-journey').shadowRoot.querySelector('.window').getAttribute('x')) < x, before_);
});

test('chips and the switch are pressed by Space; the grid is walked by Tab, from its heads to a button a row', async () => {
  const page = await bench.show('usual');
  const chip = page.locator('customer-journey .chip', { hasText: 'SMS' });
  await chip.focus();
  await page.keyboard.press('Space');
  await page.waitForFunction(() => document.querySelector('customer-journey').shadowRoot.querySelectorAll('.item').length === 27);
  assert.equal(await chip.getAttribute('aria-pressed'), 'false');
  assert.match(await focused(page), /chip/, 'the focus stays where it was');
  await page.getByRole('button', { name: 'Grid' }).focus();
  await page.keyboard.press('Space');
  await page.locator('customer-journey .table').focus();
  const walked = [];
  for (let n = 0; n < 12; n += 1) {
    await page.keyboard.press('Tab');
    walked.push(await page.evaluate(() => document.querySelector('customer-journey').shadowRoot.activeElement.closest('th, td').tagName));
  }
  assert.deepEqual(walked, [...Array(9).fill('TH'), 'TD', 'TD', 'TD']);
  clean(page);
});

test('keys that are none of ours are left to the page', async () => {
  const page = await bench.show('usual');
  await page.evaluate(() => {
    window.left = [];
    document.addEventListener('keydown', (event) => event.defaultPrevented || window.left.push(event.key));
  });
  await enter(page);
  for (const key of ['a', 'n', '/', '?', 'F2', 'Control+k', 'Alt+ArrowLeft', 'Shift+ArrowLeft']) await page.keyboard.press(key);
  assert.deepEqual((await page.evaluate(() => window.left)).filter((key) => !['Control', 'Alt', 'Shift'].includes(key)), ['a', 'n', '/', '?', 'F2', 'k', 'ArrowLeft', 'ArrowLeft']);
  assert.equal(await focused(page), 'i31');
});
