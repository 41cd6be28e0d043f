// The demo page, served by a real `gateway demo`: what it shows a customer must work.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { axe, contact, settled, startDemo, streaming, widgetText } from './support.mjs';

const NAMES = { genesys: 'Telephony', zendesk: 'zendesk', requests: 'requests', chat: 'Chat', whatsapp: 'whatsapp', surveys: 'Surveys' };
const UNAVAILABLE = /status of 503/;

let demo;
before(async () => {
  demo = await startDemo();
});
after(() => demo.close());

const clean = (page) => assert.deepEqual(page.complaints, []);
const done = async (page) => {
  clean(page);
  await page.context().close();
};
const phase = (page) => page.locator('#phone').getAttribute('data-phase');
const away = (page) => page.mouse.move(2, 2);
const banner = (page, words) => page.locator('customer-journey [part="banner"]', { hasText: words });

test('the telephone rings, and the journey is there without a complaint or a foreign request', async () => {
  const page = await demo.open();
  assert.equal(await phase(page), 'ringing');
  assert.match(await page.locator('#who').innerText(), /Eleanor Whitmore · \+447700900862/);
  await contact(page, /Phone inbound, mobile, this call, .*, Live/i).waitFor();
  assert.match(await widgetText(page), /7 of 7 sources/);
  for (const kind of ['Phone', 'Callback', 'WhatsApp', 'Web chat', 'Ticket', 'E-mail', 'NPS', 'Today']) assert.match(await widgetText(page), new RegExp(kind), kind);
  await done(page);
});

test('the page has nothing inline, and a policy that forbids it', async () => {
  const answer = await fetch(`${demo.origin}/demo`);
  const html = await answer.text();
  const policy = answer.headers.get('content-security-policy');
  for (const part of ["default-src 'none'", "script-src 'self'", "style-src 'self'", "require-trusted-types-for 'script'", "frame-ancestors 'none'"]) assert.ok(policy.includes(part), part);
  assert.doesNotMatch(policy, /unsafe|\*/);
  assert.doesNotMatch(html, /<style|\sstyle=|<script(?![^>]*\ssrc="\/)|\son\w+=/);
});

test('axe finds nothing, in every language, theme and width', async () => {
  for (const [lang, theme, width, narrow] of [['en', 'light', 'timeline', 1440], ['it', 'dark', 'feed', 1280], ['fr', 'light', 'feed', 390]]) {
    const page = await demo.open({ lang, theme, width }, { width: narrow, bypassCSP: true });
    await page.evaluate(() => {
      for (const each of document.querySelectorAll('details')) each.open = true;
    });
    assert.deepEqual(await axe(page), [], `${lang} ${theme}`);
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${lang} does not scroll sideways`);
    await done(page);
  }
});

test('every word is said in each language', async () => {
  for (const [lang, answer] of [['it', 'Rispondi'], ['fr', 'Répondre']]) {
    const page = await demo.open({ lang, caller: 'lost' });
    assert.equal(await page.locator('#answer').innerText(), answer);
    assert.equal(await page.locator('html').getAttribute('lang'), lang);
    const same = await page.evaluate(async (other) => {
      const { LANGUAGES } = await import('/demo/words.js');
      const [mine, english] = [Object.keys(LANGUAGES[other]), Object.keys(LANGUAGES.en)];
      return { missing: english.filter((key) => !mine.includes(key)), more: mine.filter((key) => !english.includes(key)) };
    }, lang);
    assert.deepEqual(same, { missing: [], more: [] });
    await page.locator('#hang-up').click();
    await done(page);
  }
});

test('a vendor that is down, slow or silent is named in the partial banner, until it is back', async () => {
  const page = await demo.open({ caller: 'john' });
  for (const [source, name] of Object.entries(NAMES)) {
    await page.locator(`#mode-${source}`).selectOption('down');
    await banner(page, name).waitFor();
    assert.match(await banner(page, name).innerText(), /not reachable/, source);
    await page.locator(`#mode-${source}`).selectOption('normal');
    await banner(page, name).waitFor({ state: 'detached' });
  }
  await page.locator('#mode-zendesk').selectOption('slow');
  await banner(page, /zendesk.*too slow/).waitFor();
  await page.locator('#mode-chat').selectOption('hang');
  await banner(page, /Chat \(too slow\)/).waitFor();
  await page.locator('#repair').click();
  await page.waitForFunction(() => !document.querySelector('customer-journey').shadowRoot.querySelector('[part="banner"]'));
  await page.locator('#hang-up').click();
  await done(page);
});

test('a WhatsApp message comes in by webhook, journal and stream: by itself', async () => {
  const page = await demo.open();
  await streaming(page);
  await page.evaluate(() => {
    window.sameDocument = true;
  });
  const asked = [];
  page.on('request', (request) => {
    if (request.url().endsWith('/graphql')) asked.push(request.postDataJSON());
  });
  const text = 'Is anybody coming today?';
  await page.locator('#whatsapp-text').fill(text);
  await page.locator('#whatsapp button').click();
  await away(page);
  const message = contact(page, /WhatsApp inbound, .*Is anybody coming today\?.*Live/);
  await message.waitFor();
  assert.ok(await page.evaluate(() => window.sameDocument));
  assert.deepEqual(asked, [], 'nobody asked: it was told');
  await message.click();
  await page.locator('customer-journey [part="detail"]').getByText(text).last().waitFor();
  await done(page);
});

test('a call rings, is answered, ends and is wrapped up, and the journey follows', async () => {
  const page = await demo.open();
  await streaming(page);
  await page.locator('#answer').focus();
  await page.keyboard.press('Enter');
  assert.equal(await phase(page), 'talking');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'hang-up', 'the focus stays on the telephone');
  await contact(page, /this call, .*Anna Verdi, Live/i).waitFor();
  assert.match(await page.locator('#clock').innerText(), /^\d\d:\d\d$/);
  await page.keyboard.press('Enter');
  assert.equal(await phase(page), 'wrapping');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'finish');
  await contact(page, /this call, .*Anna Verdi, Live/i).waitFor({ state: 'detached' });
  await page.locator('#outcome').selectOption('Fault solved');
  await page.locator('#finish').click();
  assert.equal(await phase(page), 'idle');
  await contact(page, /Phone inbound, .*Faults, Support, Anna Verdi/).first().waitFor();
  await page.locator('#ring').click();
  await contact(page, /Phone inbound, .*this call, .*Live/i).waitFor();
  await page.locator('#call-ends').click();
  await contact(page, /Phone inbound, .*Live/).waitFor({ state: 'detached' });
  await contact(page, /Phone inbound, .*(Abandoned|Failed)/).first().waitFor();
  await done(page);
});

test('a chat is live, goes idle when it falls silent, and ends', async () => {
  const page = await demo.open({ caller: 'john' });
  await streaming(page);
  await page.locator('#chat button').click();
  await away(page);
  await contact(page, /Web chat inbound, .*Live/).waitFor();
  await page.locator('#silence').click();
  await contact(page, /Web chat inbound, .*Idle/).waitFor();
  await page.locator('#chat button').click();
  await contact(page, /Web chat inbound, .*Live/).waitFor();
  await page.locator('#close-chat').click();
  await contact(page, /Web chat inbound, .*(Live|Idle)/).waitFor({ state: 'detached' });
  await page.locator('#close-chat').click();
  await page.getByText('This cannot happen to this customer now.').waitFor();
  await page.locator('#hang-up').click();
  await done(page);
});

test('another viewer sees other rows, and nothing of those that are hidden', async () => {
  const page = await demo.open({ viewer: 'emma.hartley' });
  await contact(page, /Daniel Osborne/).first().waitFor();
  await contact(page, /Ticket inbound/).first().waitFor();
  await page.locator('[name="viewer"]').selectOption('anna.verdi');
  await settled(page);
  await contact(page, /Ticket inbound/).first().waitFor();
  assert.doesNotMatch(await widgetText(page), /Daniel Osborne/);
  await page.locator('[name="viewer"]').selectOption('daniel.osborne');
  await contact(page, /Daniel Osborne/).first().waitFor();
  assert.equal(await contact(page, /Ticket|Survey|WhatsApp|Specialists/).count(), 0);
  assert.doesNotMatch(await widgetText(page), /7700900862|Emma Hartley|Faults|Invoices/);
  assert.match(await page.locator('#graphiql').getAttribute('href'), /viewer=Daniel/);
  await page.locator('[name="viewer"]').selectOption('nobody');
  await page.locator('customer-journey').getByText('Journey not visible').waitFor();
  assert.doesNotMatch(await widgetText(page), /Eleanor|Whitmore/);
  await done(page);
});

test('of the customer before, not one frame shows what was known', async () => {
  const page = await demo.open();
  await contact(page, /Ticket inbound/).first().waitFor();
  await page.evaluate(() => {
    window.seen = [];
    const { shadowRoot } = document.querySelector('customer-journey');
    const select = document.querySelector('#caller');
    const look = () => {
      if (select.value !== 'showcase' && /Eleanor|Whitmore|bookshop|Directory/.test(shadowRoot.querySelector('.root').textContent)) window.seen.push(shadowRoot.querySelector('.root').textContent.slice(0, 80));
      requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  });
  for (const [caller, name] of [['lost', 'Harriet Mills'], ['nobody', 'Unknown customer'], ['live-chat', 'Chloé Dumas'], ['deep', 'Vera Abissi']]) {
    await page.locator('#caller').selectOption(caller);
    await page.locator('customer-journey').getByText(name).first().waitFor();
  }
  assert.deepEqual(await page.evaluate(() => window.seen), []);
  assert.match(await page.locator('#name').innerText(), /Vera Abissi/);
  await page.locator('#hang-up').click();
  await done(page);
});

test('several people with one number are told apart by whoever sits there', async () => {
  const page = await demo.open({ caller: 'shared' });
  await page.locator('customer-journey').getByText('2 customers match').waitFor();
  const [answer] = await Promise.all([
    page.waitForResponse('**/demo/token'),
    page.locator('customer-journey').getByRole('button', { name: /Paola Ferri/ }).click(),
  ]);
  assert.equal((await answer.json()).kind, 'widget');
  await page.locator('customer-journey [part="header"]').getByText('Paola Ferri').waitFor();
  assert.equal(await page.locator('#name').innerText(), 'Chosen in the journey');
  await done(page);
});

test('a number that nobody knows offers a new customer', async () => {
  const page = await demo.open({ caller: 'nobody' });
  await page.locator('customer-journey').getByText('Unknown customer').waitFor();
  await page.locator('#new-customer').click();
  await page.getByText('Here your CRM would open a new customer.').waitFor();
  await done(page);
});

test('a line that is cut makes the widget say so, and comes back', async () => {
  const page = await demo.open({ caller: 'lost' }, { expected: UNAVAILABLE });
  await streaming(page);
  await page.locator('#cut').check();
  await banner(page, 'Live connection lost').waitFor();
  await page.locator('#cut').uncheck();
  await banner(page, 'Live connection lost').waitFor({ state: 'detached' });
  await streaming(page);
  await page.locator('#hang-up').click();
  await done(page);
});

test('the token is in no address, storage or element', async () => {
  const page = await demo.open();
  const given = [];
  page.on('response', async (response) => {
    if (response.url().endsWith('/demo/token')) given.push((await response.json()).token);
  });
  await page.locator('[name="viewer"]').selectOption('emma.hartley');
  await contact(page, /Daniel Osborne/).first().waitFor();
  assert.match(given[0], /^jgw_/, 'a real widget token');
  const held = await page.evaluate(() => [location.href, document.documentElement.outerHTML, document.querySelector('customer-journey').shadowRoot.innerHTML, JSON.stringify({ ...localStorage, ...sessionStorage }), document.cookie].join('\n'));
  for (const token of given) assert.ok(!held.includes(token));
  await done(page);
});

test('what the widget asks is shown, and leads to GraphiQL as the same viewer', async () => {
  const page = await demo.open();
  await page.getByText('What the widget asks').click();
  assert.match(await page.locator('#document').innerText(), /^query FirstPage\(\$by: CustomerKey!, \$first: Int!, \$filter: JourneyFilter!\) \{\n {2}singleCustomerView\(by: \$by\) \{\n/);
  const link = new URL(await page.locator('#try').getAttribute('href'), demo.origin);
  assert.equal(link.pathname, '/graphiql');
  assert.equal(link.searchParams.get('viewer'), 'Anna Verdi');
  const viewers = await (await fetch(`${demo.origin}/demo/viewers.json`)).json();
  for (const operation of ['FirstPage', 'Summary']) {
    await page.locator('#operation').selectOption(operation);
    const asked = new URL(await page.locator('#try').getAttribute('href'), demo.origin).searchParams;
    const answer = await fetch(`${demo.origin}/graphql`, {
      method: 'POST', headers: { authorization: `Bearer ${viewers[0].token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ query: asked.get('query'), variables: JSON.parse(asked.get('variables')) }),
    });
    const { data, errors } = await answer.json();
    assert.equal(errors, undefined, operation);
    assert.ok(data.singleCustomerView.customer, operation);
  }
  await done(page);
});
