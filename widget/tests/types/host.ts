// What a host writes, as its compiler sees it: with the declarations that the gateway serves and nothing else.
import { CustomerJourney, type CustomerJourneyElement, type GetToken } from '../../../gateway/pages/widget/cj.js';

const getToken: GetToken = async () => ({ token: await Promise.resolve('secret'), expiresAt: null });

const element = document.createElement('customer-journey');
element.getToken = getToken;
element.customer = 'CU-1';
element.period = 6;
element.strings = { retry: 'Once more' };
element.formatters = { duration: (seconds) => `${seconds} s` };
element.addEventListener('cj-select', ({ detail }) => detail.id.concat(detail.channel));
document.addEventListener('cj-live', (event) => (event as CustomEvent<{ count: number }>).detail.count);
element.select('i26');

const found: CustomerJourneyElement | null = document.querySelector('customer-journey');
found?.refresh();
new CustomerJourney().clear();

// @ts-expect-error: there is no such theme
element.theme = 'blue';
// @ts-expect-error: its detail has no name
element.addEventListener('cj-select', ({ detail }) => detail.name);
// @ts-expect-error: a token is no attribute's business
element.getToken = 'secret';
