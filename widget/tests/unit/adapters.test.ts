import { expect, test, vi } from 'vitest';
import { followDynamics } from '../../src/adapters/dynamics.js';
import { followFinesse } from '../../src/adapters/finesse.js';
import { followSalesforce } from '../../src/adapters/salesforce.js';
import { followWebex } from '../../src/adapters/webex.js';
import type { CustomerJourneyElement, Token } from '../../src/host.js';

/** Stands for the element: whom it shows, and whose token it would get. */
function page() {
  const element = { lookup: null as string | null, getToken: null as (() => Token | Promise<Token>) | null, clear: () => { element.lookup = null; } };
  const getToken = (lookup: string): Promise<Token> => Promise.resolve(`token of ${lookup}`);
  return { element, follower: { element: element as unknown as CustomerJourneyElement, getToken } };
}

const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

test('Salesforce: the open record is followed, and a list view shows nobody', async () => {
  const { element, follower } = page();
  let go: (at: { recordId?: string; objectType?: string }) => void = () => undefined;
  const lookupOf = vi.fn(({ id }: { id: string }) => Promise.resolve(`tel:${id}`));
  followSalesforce({ opencti: { onNavigationChange: ({ listener }) => { go = listener; } }, lookupOf, ...follower });
  go({ recordId: '003A', objectType: 'Contact' });
  await settled();
  expect(element.lookup).toBe('tel:003A');
  expect(await element.getToken?.()).toBe('token of tel:003A');
  go({ recordId: '003A', objectType: 'Contact' });
  expect(lookupOf).toHaveBeenCalledTimes(1);
  go({});
  expect(element.lookup).toBeNull();
});

test('between two records nobody is shown, and an answer that comes late changes nothing', async () => {
  const { element, follower } = page();
  const answers = new Map<string, (lookup: string) => void>();
  let go: (at: { recordId?: string; objectType?: string }) => void = () => undefined;
  followSalesforce({ opencti: { onNavigationChange: ({ listener }) => { go = listener; } }, lookupOf: ({ id }) => new Promise((resolve) => answers.set(id, resolve)), ...follower });
  go({ recordId: 'one', objectType: 'Contact' });
  go({ recordId: 'two', objectType: 'Contact' });
  answers.get('two')?.('tel:2');
  await settled();
  answers.get('one')?.('tel:1');
  await settled();
  expect(element.lookup).toBe('tel:2');
  go({ recordId: 'three', objectType: 'Contact' });
  expect(element.lookup).toBeNull();
});

test('Dynamics: a page of one record is followed, until it is ended', async () => {
  const { element, follower } = page();
  const handlers = new Set<(event: string) => Promise<void>>();
  const end = followDynamics({
    framework: { addHandler: (_, handler) => handlers.add(handler), removeHandler: (_, handler) => handlers.delete(handler) },
    lookupOf: ({ type, id }) => Promise.resolve(`mailto:${type}-${id}@example.org`),
    ...follower,
  });
  const visit = async (query: string): Promise<void> => {
    for (const handler of handlers) await handler(JSON.stringify({ value: `https://org.example.com/main.aspx?${query}` }));
    await settled();
  };
  await visit('pagetype=entityrecord&etn=contact&id=7');
  expect(element.lookup).toBe('mailto:contact-7@example.org');
  await visit('pagetype=entitylist&etn=contact');
  expect(element.lookup).toBeNull();
  end();
  expect(handlers.size).toBe(0);
});

test('Finesse: the other side of the newest call is shown, whoever dialled', () => {
  const { element, follower } = page();
  type Handlers = Parameters<Parameters<typeof followFinesse>[0]['user']['getDialogs']>[0];
  let handlers = {} as Handlers;
  followFinesse({ user: { getExtension: () => '2001', getDialogs: (given) => { handlers = given; } }, ...follower });
  const dialog = (id: string, from: string, to: string) => ({ getId: () => id, getFromAddress: () => from, getToAddress: () => to });
  const [inbound, outbound] = [dialog('1', '+39333', '2001'), dialog('2', '2001', '+39444')];
  handlers.onCollectionAdd(inbound);
  expect(element.lookup).toBe('tel:+39333');
  handlers.onCollectionAdd(outbound);
  expect(element.lookup).toBe('tel:+39444');
  handlers.onCollectionDelete(outbound);
  expect(element.lookup).toBe('tel:+39333');
  handlers.onCollectionDelete(inbound);
  expect(element.lookup).toBeNull();
});

test('Webex: the contact that was offered last is shown until it is over', () => {
  const { element, follower } = page();
  const listeners = new Map<string, (contact: never) => void>();
  followWebex({ agentContact: { addEventListener: (name, listener) => listeners.set(name, listener as never) }, ...follower });
  const tell = (name: string, interactionId: string, ani?: string): void =>
    listeners.get(name)?.({ data: { interactionId, interaction: ani ? { callAssociatedData: { ani: { value: ani } } } : {} } } as never);
  tell('eAgentOfferContact', 'a', '+39333');
  expect(element.lookup).toBe('tel:+39333');
  tell('eAgentOfferContact', 'b', '+39444');
  tell('eAgentContactEnded', 'a');
  expect(element.lookup).toBe('tel:+39444');
  tell('eAgentContactWrappedUp', 'b');
  expect(element.lookup).toBeNull();
});
