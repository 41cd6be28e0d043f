import { CONTEXT_NAMES, type EmbedContext, EVENT_NAMES, type FromEmbed, type FromHost } from './adapters/messages.js';
import type { CustomerJourneyElement, Token } from './host.js';

/**
 * The client of the /embed page. The page names the origins that may embed it in `<meta name="cj-hosts">`, the same list
 * as its frame-ancestors policy; the host's adapter names its own in `?host=`.
 */
export function embed(page: Window, element: CustomerJourneyElement): void {
  const allowed = (page.document.querySelector<HTMLMetaElement>('meta[name="cj-hosts"]')?.content ?? '').split(/\s+/).filter(Boolean);
  const host = new URLSearchParams(page.location.search).get('host') ?? '';
  if (page.parent === page || !allowed.includes(host)) return;
  page.addEventListener('message', function meet({ origin, source, data, ports }: MessageEvent<FromHost>) {
    const [port] = ports;
    if (origin !== host || source !== page.parent || data?.type !== 'cj:context' || !port) return;
    page.removeEventListener('message', meet);
    serve(element, port, data);
  });
  page.parent.postMessage({ type: 'cj:ready' } satisfies FromEmbed, host);
}

function serve(element: CustomerJourneyElement, port: MessagePort, first: FromHost): void {
  const tell = (message: FromEmbed): void => port.postMessage(message);
  let given: Token | null = null;
  let waiting: ((token: Token) => void)[] = [];
  const take = ({ token, expiresAt }: { token?: string; expiresAt?: string | null }): void => {
    if (!token) return;
    given = { token, expiresAt: expiresAt ?? null };
    for (const resolve of waiting.splice(0)) resolve(given);
  };
  const hear = (message: FromHost): void => {
    if (message.type === 'cj:context') {
      forget();
      take(message);
      show(element, message.context);
    } else if (message.type === 'cj:token') {
      take(message);
    }
  };
  /** A token is for one customer. */
  const forget = (): void => {
    given = null;
    waiting = [];
  };
  element.getToken = () => {
    const token = given;
    given = null;
    if (token) return token;
    return new Promise((resolve) => {
      waiting.push(resolve);
      tell({ type: 'cj:token-needed' });
    });
  };
  for (const name of EVENT_NAMES) {
    element.addEventListener(name, (event) => tell({ type: 'cj:event', name, detail: (event as CustomEvent<unknown>).detail }));
  }
  new ResizeObserver(() => tell({ type: 'cj:resize', height: Math.ceil(element.getBoundingClientRect().height) })).observe(element);
  port.addEventListener('message', ({ data }: MessageEvent<FromHost>) => hear(data));
  port.start();
  hear(first);
}

/** Only what is named changes; null takes an attribute away. */
function show(element: CustomerJourneyElement, context: EmbedContext): void {
  for (const name of CONTEXT_NAMES) {
    const value = context[name];
    if (value === undefined) continue;
    if (value === null) element.removeAttribute(name);
    else element.setAttribute(name, value);
  }
}

const element = document.querySelector('customer-journey');
if (element) void customElements.whenDefined('customer-journey').then(() => embed(window, element));
