// The gateway's own page for frames, in a page of another origin.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, openPage, startGateway, startHost } from './support.mjs';

const PHONE = '+393331110001';
const MAKE = `mutation ($input: CreateWidgetTokenInput!) { createWidgetToken(input: $input) { token { secret expiresAt } } }`;

let browser, gateway, host, stranger;
before(async () => {
  [browser, host, stranger] = await Promise.all([launch(), startHost(), startHost()]);
  gateway = await startGateway([host.address]);
});
after(() => Promise.all([browser, host, stranger, gateway].map((each) => each?.close())));

/** As the host's back end makes it: for the gateway's origin, where the page in the frame comes from. */
const makeToken = async (origin = gateway.address) => (await gateway.as('Emma Hartley')(MAKE, { input: { customer: { phone: PHONE }, origin } })).createWidgetToken.token;

const pageOf = ({ secret, expiresAt }) => `<!doctype html><html lang="en"><meta charset="utf-8"><title>CRM</title><link rel="icon" href="data:,"><main id="journey"></main>
<script type="module">
  import { frameJourney } from '${gateway.address}/widget/1/frame.js';
  window.told = [];
  frameJourney({
    gateway: '${gateway.address}',
    container: document.querySelector('#journey'),
    context: { lookup: 'tel:${PHONE}', lang: 'en' },
    getToken: async () => (${JSON.stringify({ token: secret, expiresAt })}),
    onEvent: (name, detail) => window.told.push({ name, detail }),
  });
</script></html>`;

const inside = (page) => page.frameLocator('iframe').locator('customer-journey');

test('a host on the list shows the journey, under the strictest policy and without a complaint', async () => {
  const token = await makeToken();
  host.html = pageOf(token);
  const page = await openPage(browser, host.address, gateway.address);
  await page.goto(host.address);
  await inside(page).getByText('John Fairweather').first().waitFor();
  await inside(page).locator('.item').first().waitFor();
  await page.waitForFunction(() => window.told.some(({ name }) => name === 'cj-ready'));
  assert.deepEqual(page.complaints, []);
  assert.ok(!(await page.content()).includes(`#${token.secret}`) && !page.frames().some((frame) => frame.url().includes(token.secret)));
  await page.close();
});

test('a token for the host itself does not count inside the frame', async () => {
  host.html = pageOf(await makeToken(host.address));
  const page = await openPage(browser, host.address, gateway.address);
  await page.goto(host.address);
  await page.waitForFunction(() => window.told.some(({ name }) => name === 'cj-token-needed'));
  assert.ok(!(await inside(page).textContent()).includes('John'));
  await page.close();
});

test('a host that is not on the list gets no frame', async () => {
  stranger.html = pageOf(await makeToken());
  const page = await openPage(browser, stranger.address, gateway.address);
  await Promise.all([page.waitForEvent('console', (message) => /frame-ancestors/.test(message.text())), page.goto(stranger.address)]);
  assert.equal(await page.evaluate(() => window.told.length), 0);
  await page.close();
});

test('a page of a host on the list asks the gateway itself, with a token for its own origin', async () => {
  const { secret, expiresAt } = await makeToken(host.address);
  host.html = `<!doctype html><html lang="en"><meta charset="utf-8"><title>CRM</title><link rel="icon" href="data:,">
<customer-journey endpoint="${gateway.address}/graphql" lookup="tel:${PHONE}" lang="it"></customer-journey>
<script type="module" src="${gateway.address}/widget/1/cj.js" crossorigin="anonymous"></script>
<script type="module">document.querySelector('customer-journey').getToken = async () => (${JSON.stringify({ token: secret, expiresAt })});</script></html>`;
  const page = await openPage(browser, host.address, gateway.address);
  await page.goto(host.address);
  await page.locator('customer-journey').getByText('John Fairweather').first().waitFor();
  await page.locator('customer-journey .item').first().waitFor();
  assert.deepEqual(page.complaints, []);
  await page.close();
});
