// Pages that are unkind, strict, or have several of them; and the embed page.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { TOKEN } from './gateway.mjs';
import { axe, clean, elementOf, hostScript, lowContrast, pageOf, start, text } from './support.mjs';

let bench;
before(async () => {
  bench = await start();
});
afterEach(() => bench.closePages());
after(() => bench.close());

const HOSTILE = `
  * { all: unset !important; } *, *::before { font: 40px fantasy; color: red; letter-spacing: 9px; text-transform: uppercase; visibility: visible; line-height: 3 }
  html { font-size: 62.5%; } button { background: red !important; } div { display: none !important; } customer-journey { display: inline !important; direction: ltr; text-indent: 50px; white-space: pre; }`;

/** Geometry of what matters, to be compared between a kind page and an unkind one. */
const geometry = (page) => page.evaluate(() => [...document.querySelector('customer-journey').shadowRoot.querySelectorAll('.head, .kpis, .filters, .lane, .item, .foot')].map((element) => {
  const { width, height } = element.getBoundingClientRect();
  return [element.className, Math.round(width), Math.round(height)].join(' ');
}));

test('a page that resets everything changes nothing inside', async () => {
  const kind = await bench.open(pageOf(elementOf('usual'), { head: '<style>body, main { margin: 0 !important; display: block }</style>' }));
  const unkind = await bench.open(pageOf(elementOf('usual'), { head: `<style>${HOSTILE} html, body, main { display: block !important; margin: 0 !important } script, head, style { display: none !important }</style>` }));
  assert.deepEqual(await geometry(unkind), await geometry(kind));
  assert.equal(await unkind.locator('customer-journey h2').evaluate((element) => getComputedStyle(element).textTransform), 'none');
  clean(unkind);
});

const PATCHED = `<script>
  Array.prototype.toJSON = function () { return 'patched'; }; String.prototype.toJSON = function () { return 'patched'; };
  Object.prototype.extra = function () {}; Array.prototype.each = function (act) { this.forEach(act); };
  Array.prototype.include = function () { return true; }; Function.prototype.bindAsEventListener = function () {};
  window.$ = window.jQuery = () => { throw new Error('not this one'); };
</script>`;

test('prototypes that an old library patched do no harm', async () => {
  const page = await bench.open(pageOf(elementOf('usual', { channels: 'voice,ticket' }), { before: PATCHED }));
  assert.match(await text(page), /Giulia Bianchi/);
  assert.equal(await page.locator('customer-journey .item').count(), 14);
  assert.deepEqual(bench.gateway.asked.at(-1).variables.filter ?? bench.gateway.asked.at(-2).variables.filter, { period: 'LAST_12_MONTHS', channels: ['VOICE', 'TICKET'] });
  clean(page);
});

test('a strict policy for content and trusted types is kept', async () => {
  const policy = "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src data:; require-trusted-types-for 'script'; trusted-types lit-html; base-uri 'none'";
  const violations = [];
  const page = await bench.open(pageOf(elementOf('usual')), { headers: { 'content-security-policy': policy } });
  page.on('console', (message) => violations.push(message.text()));
  await page.locator('customer-journey .item[data-id="i29"]').click();
  await page.locator('customer-journey .conversation').waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Grid' }).click();
  await page.locator('customer-journey tbody tr').first().waitFor();
  await page.evaluate(() => {
    document.querySelector('customer-journey').lang = 'it';
  });
  await page.waitForFunction(() => /Griglia/.test(document.querySelector('customer-journey').shadowRoot.textContent));
  assert.deepEqual(violations.filter((line) => /policy|trusted/i.test(line)), []);
  clean(page);
});

test('two of them on a page keep to themselves', async () => {
  const page = await bench.open(pageOf(elementOf('usual', { id: 'one' }) + elementOf('ambiguous', { id: 'two', customer: 'CU-2', lang: 'it' })));
  await page.waitForFunction(() => [...document.querySelectorAll('customer-journey')].every((element) => element.shadowRoot.querySelector('.item')));
  await page.locator('#one .item[data-id="i26"]').click();
  assert.equal(await page.locator('#two .detail').count(), 0);
  const texts = await page.evaluate(() => [...document.querySelectorAll('customer-journey')].map((element) => element.shadowRoot.textContent));
  assert.ok(/Giulia/.test(texts[0]) && !/Marco/.test(texts[0]) && /Marco/.test(texts[1]) && !/Giulia/.test(texts[1]) && /Telefono/.test(texts[1]));
  clean(page);
});

test('properties that were set before the element was defined are kept', async () => {
  const page = await bench.open(pageOf(elementOf('usual'), { before: '<script src="/early.js" defer></script>' }), { settle: false });
  assert.ok(page);
  await page.waitForFunction(() => /Giulia/.test(document.querySelector('customer-journey').shadowRoot?.textContent ?? ''));
});

test('a language that is 40 % longer fits', async () => {
  for (const width of [360, 800, 1280]) {
    const page = await bench.show('usual', {}, { width: width + 24 });
    await page.evaluate(async () => {
      const element = document.querySelector('customer-journey');
      const messages = await (await fetch('/widget/it.json')).json();
      const longer = (text) => text.replace(/(\{[^{}]*\}|\{[^{}]*(?:\{[^{}]*\}[^{}]*)+\})|([^{}]+)/g, (all, code, words) => (code ? all : `${words}${'·'.repeat(Math.ceil(words.trim().length * 0.4))}`));
      element.strings = Object.fromEntries(Object.entries(messages).map(([key, text]) => [key, text.includes('plural') ? text.replace(/\} other \{# (\w+)/, (all, word) => `${all}${'·'.repeat(Math.ceil(word.length * 0.4))}`) : longer(text)]));
    });
    await page.waitForFunction(() => /··/.test(document.querySelector('customer-journey').shadowRoot.textContent));
    const beyond = await page.evaluate(() => {
      const element = document.querySelector('customer-journey');
      const frame = element.getBoundingClientRect();
      return [...element.shadowRoot.querySelectorAll('.head *, .kpis *, .filters *, .foot *, .lane *')].filter((each) => {
        const box = each.getBoundingClientRect();
        return box.width > 0 && !each.closest('.hidden') && !each.matches('.label') && (box.right > frame.right + 1 || box.left < frame.left - 1);
      }).map((each) => each.outerHTML.slice(0, 120));
    });
    assert.deepEqual(beyond, [], `${width} px`);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true);
    await page.close();
  }
});

test('every word that is shown comes from the language', async () => {
  const page = await bench.show('usual');
  await page.evaluate(async () => {
    const messages = await (await fetch('/widget/fr.json')).json();
    document.querySelector('customer-journey').strings = Object.fromEntries(Object.keys(messages).map((key) => [key, '¤']));
  });
  await page.waitForFunction(() => /¤/.test(document.querySelector('customer-journey').shadowRoot.textContent));
  await page.locator('customer-journey .item[data-id="i26"]').click();
  const words = (await text(page)).replace(/Giulia Bianchi|GB|Double charge|Billing|Complaint|Failed|Paolo Greco|Elena Sala|Refund promised by Friday; customer very upset, third call\.|Care\b|complaint|refund|Reminder Q4|Renewal 2026|Statements|genesys|VO-9026|g\*\*\*@example\.org|\b(?:mon|tue|wed|thu|fri|sat|sun|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\b|\b(?:sec|min|hr|days?|ago|now)\b/gi, '');
  assert.deepEqual(words.match(/[a-z]{3,}/gi) ?? [], []);
});

test('at four times the size it is the feed, and nothing is cut off', async () => {
  const page = await bench.show('usual', {}, { width: 320, height: 256 });
  assert.equal(await page.locator('customer-journey .words').first().isVisible(), true);
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true);
  assert.deepEqual(await axe(page), []);
  await page.locator('customer-journey .item[data-id="i31"]').focus();
  await page.keyboard.press('Enter');
  const box = await page.locator('customer-journey .detail').boundingBox();
  assert.ok(box.x >= 0 && box.x + box.width <= 320, JSON.stringify(box));
  clean(page);
});

test('with reduced motion nothing moves, with forced colours everything is there', async () => {
  const page = await bench.show('usual');
  await page.emulateMedia({ reducedMotion: 'reduce', forcedColors: 'active' });
  assert.equal(await page.locator('customer-journey .mark.live').evaluate((element) => getComputedStyle(element).animationName), 'none');
  assert.match(await page.locator('customer-journey .mark').first().evaluate((element) => getComputedStyle(element).borderTopStyle), /solid/);
});

test('a brand\'s own colours are taken, and judged', async () => {
  const page = await bench.open(pageOf(elementOf('usual'), { head: '<style>customer-journey { --cj-surface: #fffdf5; --cj-accent: #7a1f5c; --cj-font: serif; }</style>' }));
  assert.equal(await page.locator('customer-journey .root').evaluate((element) => getComputedStyle(element).backgroundColor), 'rgb(255, 253, 245)');
  assert.deepEqual(await lowContrast(page), []);
  assert.deepEqual(await axe(page), []);
});

const EMBED = (hosts) => `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Journey</title><link rel="icon" href="data:,"><meta name="cj-hosts" content="${hosts}"></head>
<body><customer-journey endpoint="/graphql/usual" timezone="UTC"></customer-journey><script type="module" src="/widget/cj.js"></script><script type="module" src="/widget/embed.js"></script></body></html>`;

const CRM = (gateway) => `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>CRM</title><link rel="icon" href="data:,"></head><body><div id="here"></div><script type="module">
  import { frameJourney } from '${gateway}/widget/frame.js';
  window.heard = [];
  window.asked = [];
  window.journey = frameJourney({
    gateway: '${gateway}', container: document.querySelector('#here'), context: { customer: 'CU-104872', lang: 'en' },
    getToken: async (context) => { window.asked.push(context.customer); return ${JSON.stringify(TOKEN)}; },
    onEvent: (name, detail) => window.heard.push(name),
  });
</script></body></html>`;

test('in an iframe: the two greet each other, the height follows, another customer gets another token', async () => {
  const { gateway } = bench;
  const crm = gateway.origin.replace('127.0.0.1', 'localhost');
  gateway.pages.set('/embed', { html: EMBED(crm) });
  gateway.pages.set('/crm', { html: CRM(gateway.origin) });
  const page = await bench.browser.newPage({ viewport: { width: 900, height: 900 } });
  const complaints = [];
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  await page.goto(`${crm}/crm`);
  await page.waitForFunction(() => window.heard.includes('cj-ready'));
  await page.waitForFunction(() => document.querySelector('iframe').getBoundingClientRect().height > 400);
  const frame = page.frames()[1];
  assert.match(await frame.evaluate(() => document.querySelector('customer-journey').shadowRoot.textContent), /Giulia/);
  await page.evaluate(() => window.journey.update({ customer: 'CU-2' }));
  await frame.waitForFunction(() => /Marco/.test(document.querySelector('customer-journey').shadowRoot.textContent));
  assert.deepEqual(await page.evaluate(() => window.asked), ['CU-104872', 'CU-2']);
  assert.ok(!(await frame.evaluate(() => document.documentElement.outerHTML + location.href)).includes(TOKEN));
  assert.deepEqual(complaints, []);
  await page.close();
});

test('an origin that is not on the list is not spoken to', async () => {
  const { gateway } = bench;
  const crm = gateway.origin.replace('127.0.0.1', 'localhost');
  gateway.pages.set('/embed', { html: EMBED('https://crm.example.com') });
  gateway.pages.set('/crm', { html: CRM(gateway.origin) });
  const page = await bench.browser.newPage();
  await page.goto(`${crm}/crm`);
  await page.waitForTimeout(600);
  assert.deepEqual(await page.evaluate(() => [window.heard, window.asked]), [[], []]);
  await page.close();
});

test('beside Chatwoot: the open conversation\'s contact is followed, other origins are not heard', async () => {
  const { gateway } = bench;
  const chatwoot = gateway.origin.replace('127.0.0.1', 'localhost');
  gateway.pages.set('/chatwoot.js', { headers: { 'content-type': 'text/javascript' }, html: `import { followChatwoot } from '/widget/chatwoot.js';
    window.asked = [];
    followChatwoot({ element: document.querySelector('customer-journey'), chatwoot: '${chatwoot}', getToken: async (lookup) => { window.asked.push(lookup); return ${JSON.stringify(TOKEN)}; } });` });
  gateway.pages.set('/app', { html: `<!doctype html><html lang="en"><meta charset="utf-8"><title>App</title><body><customer-journey endpoint="/graphql/usual"></customer-journey><script type="module" src="/widget/cj.js"></script><script type="module" src="/chatwoot.js"></script></body></html>` });
  gateway.pages.set('/chatwoot', { html: `<!doctype html><html lang="en"><meta charset="utf-8"><title>Desk</title><link rel="icon" href="data:,"><body><iframe src="${gateway.origin}/app" width="900" height="700"></iframe><script>
    addEventListener('message', ({ data, source, origin }) => { if (data === 'chatwoot-dashboard-app:fetch-info') source.postMessage(JSON.stringify({ event: 'appContext', data: { contact: { phone_number: '+393331110001', email: null }, conversation: { id: 1 } } }), origin); });</script></body></html>` });
  const page = await bench.browser.newPage();
  await page.goto(`${chatwoot}/chatwoot`);
  const frame = page.frames()[1];
  await frame.waitForFunction(() => /Giulia/.test(document.querySelector('customer-journey').shadowRoot.textContent));
  assert.deepEqual(await frame.evaluate(() => window.asked), ['tel:+393331110001']);
  await frame.evaluate(() => window.postMessage(JSON.stringify({ event: 'appContext', data: { contact: { phone_number: '+39000' } } }), '*'));
  await page.waitForTimeout(200);
  assert.deepEqual(await frame.evaluate(() => window.asked), ['tel:+393331110001']);
  await page.close();
});

test('a sandboxed iframe without its own origin works as well', async () => {
  const { gateway } = bench;
  gateway.pages.set('/inner', { html: pageOf(elementOf('usual')), headers: {} });
  gateway.pages.set('/outer', { html: '<!doctype html><title>x</title><link rel="icon" href="data:,"><iframe sandbox="allow-scripts" src="/inner" width="900" height="700"></iframe>' });
  gateway.pages.set('/host.js', { html: hostScript(), headers: { 'content-type': 'text/javascript', 'access-control-allow-origin': '*' } });
  const page = await bench.browser.newPage();
  await page.goto(`${gateway.origin}/outer`);
  await page.frames()[1].waitForFunction(() => /Giulia/.test(document.querySelector('customer-journey').shadowRoot?.textContent ?? ''));
  await page.close();
});
