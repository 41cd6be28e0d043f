// GraphiQL beside ready-made viewers, as in the demo: everything from the gateway, the viewer's token as a header, and streams.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, openPage, startGateway } from './support.mjs';

let browser, gateway;
before(async () => {
  [browser, gateway] = await Promise.all([launch(), startGateway()]);
});
after(() => Promise.all([browser, gateway].map((each) => each?.close())));

async function open(query = {}) {
  const page = await openPage(browser, gateway.address);
  await page.goto(`${gateway.address}/graphiql?${new URLSearchParams(query)}`);
  await page.locator('.cm-def, .cm-property').first().waitFor();
  await page.getByRole('button', { name: /Show Documentation/ }).click();
  await page.getByText('Root Types').waitFor();
  return page;
}

const run = (page) => page.locator('.graphiql-execute-button').click();
const answer = (page) => page.locator('.result-window .CodeMirror').evaluate((element) => element.CodeMirror.getValue());
const answered = async (page, pattern) => {
  await page.waitForFunction((source) => new RegExp(source).test(document.querySelector('.result-window .CodeMirror')?.CodeMirror.getValue() ?? ''), pattern.source);
  return answer(page);
};
const headers = (page) => page.locator('.graphiql-editor-tool .CodeMirror').last().evaluate((element) => JSON.parse(element.CodeMirror.getValue()));

test('its first question is answered, and nobody else is asked for anything', async () => {
  const page = await open();
  await run(page);
  const { data } = JSON.parse(await answered(page, /displayName/));
  assert.equal(data.singleCustomerView.customer.displayName, 'John Fairweather');
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test('whom one asks as is chosen, and stands in the headers', async () => {
  const page = await open({ query: '{ viewer { name } }' });
  const first = (await headers(page)).Authorization;
  await page.getByLabel('Ask as').selectOption('Emma Hartley');
  await page.waitForFunction((before) => !document.querySelectorAll('.graphiql-editor-tool .CodeMirror').values().some((element) => element.CodeMirror.getValue().includes(before)), first);
  await run(page);
  assert.deepEqual(JSON.parse(await answered(page, /Hartley/)), { data: { viewer: { name: 'Emma Hartley' } } });
  assert.match((await headers(page)).Authorization, /^Bearer ey/);
  assert.deepEqual(page.complaints, []);
  await page.close();
});

test('no token is kept when the page goes', async () => {
  const page = await open({ viewer: 'Emma Hartley', query: '{ viewer { name } }' });
  await run(page);
  await answered(page, /Hartley/);
  const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, location.href]));
  assert.match(kept, /viewer \{ name \}/);
  assert.doesNotMatch(kept, /Bearer|eyJ/);
  await page.close();
});

const CUSTOMER = 'query ($phone: String!) { singleCustomerView(by: { phone: $phone }) { customer { id } } }';
const MERGE = 'mutation ($input: MergeCustomersInput!) { mergeCustomers(input: $input) { customer { id } } }';

test('a subscription is told as it happens, until it is stopped', async () => {
  const ask = gateway.as('Emma Hartley');
  const [one, other] = await Promise.all(['+393331110003', '+393331110002'].map(async (phone) => (await ask(CUSTOMER, { phone })).singleCustomerView.customer.id));
  const page = await open({ viewer: 'Emma Hartley', query: `subscription Told { journeyUpdated(customerId: "${one}") { __typename } }` });
  const opened = page.waitForResponse((response) => response.headers()['content-type']?.startsWith('text/event-stream'));
  await run(page);
  await opened;
  await ask(MERGE, { input: { intoId: one, fromId: other, reason: 'To be told of.' } });
  await answered(page, /"__typename"/);
  await page.getByRole('button', { name: /Stop query/ }).click();
  await page.getByRole('button', { name: /Execute query/ }).waitFor();
  assert.deepEqual(page.complaints, []);
  await page.close();
});
