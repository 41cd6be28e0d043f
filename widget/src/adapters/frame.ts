import type { Token } from '../host.js';
import type { EmbedContext, FromEmbed, FromHost } from './messages.js';

/** For a CRM page that shows the journey in an iframe and trusts it with nothing but one customer's token. */
export interface FrameOptions {
  /** The gateway, as `https://gateway.example.com`. */
  gateway: string;
  /** Where the iframe goes. */
  container: Element;
  /** Asks the CRM's own back end, which calls `createWidgetToken` for the gateway's own origin, where the frame comes from, and one customer. */
  getToken: (context: EmbedContext) => Promise<Token>;
  context: EmbedContext;
  /** Called with `cj-select` and so on, and with what they tell. */
  onEvent?: (name: string, detail: unknown) => void;
  title?: string;
}

export interface Frame {
  readonly iframe: HTMLIFrameElement;
  /** Another customer, language or theme. What is not named stays. */
  update(context: EmbedContext): void;
  remove(): void;
}

export function frameJourney({ gateway, container, getToken, context, onEvent, title = 'Customer journey' }: FrameOptions): Frame {
  const origin = new URL(gateway).origin;
  const iframe = document.createElement('iframe');
  let shown = context;
  let port: MessagePort | null = null;

  const say = async (make: (token: Exclude<Token, string>) => FromHost): Promise<void> => {
    const asked = shown;
    const given = await getToken(asked);
    if (asked === shown) port?.postMessage(make(typeof given === 'string' ? { token: given } : given));
  };
  const greet = (context_: EmbedContext): Promise<void> => say((token) => ({ type: 'cj:context', context: context_, ...token }));

  const meet = ({ origin: from, source, data }: MessageEvent<FromEmbed>): void => {
    if (from !== origin || source !== iframe.contentWindow || data?.type !== 'cj:ready') return;
    const channel = new MessageChannel();
    port?.close();
    port = channel.port1;
    port.addEventListener('message', ({ data: message }: MessageEvent<FromEmbed>) => hear(message));
    port.start();
    iframe.contentWindow?.postMessage({ type: 'cj:context', context: {} } satisfies FromHost, origin, [channel.port2]);
    void greet(shown);
  };
  const hear = (message: FromEmbed): void => {
    if (message.type === 'cj:resize') iframe.style.setProperty('height', `${message.height}px`);
    else if (message.type === 'cj:token-needed') void say((token) => ({ type: 'cj:token', ...token }));
    else if (message.type === 'cj:event') onEvent?.(message.name, message.detail);
  };

  addEventListener('message', meet);
  iframe.title = title;
  iframe.referrerPolicy = 'no-referrer';
  iframe.src = `${origin}/embed?host=${encodeURIComponent(location.origin)}`;
  for (const [name, value] of [['border', '0'], ['width', '100%'], ['display', 'block']] as const) iframe.style.setProperty(name, value);
  container.append(iframe);

  return {
    iframe,
    update(change) {
      shown = { ...shown, ...change };
      void greet(shown);
    },
    remove() {
      removeEventListener('message', meet);
      port?.close();
      iframe.remove();
    },
  };
}
