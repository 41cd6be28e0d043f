import type { CustomerJourney } from '../customer-journey.js';

/** What Chatwoot tells a dashboard app, as far as it is read. Source: Chatwoot's guide "Dashboard apps". */
interface AppContext {
  event?: string;
  data?: { contact?: { email?: string | null; phone_number?: string | null } | null; conversation?: { id?: number } | null };
}

export interface ChatwootOptions {
  element: CustomerJourney;
  /** Where Chatwoot is served, as `https://chat.example.com`; messages from anywhere else are not heard. */
  chatwoot: string;
  /**
   * Asks the page's own back end, which knows the agent by its own session. What Chatwoot says about the agent is not
   * signed, so it must not decide anybody's rights.
   */
  getToken: (lookup: string) => Promise<string | { token: string; expiresAt?: string | null }>;
}

/** Follows the conversation that is open in Chatwoot. Returns what ends it. */
export function followChatwoot({ element, chatwoot, getToken }: ChatwootOptions): () => void {
  const home = new URL(chatwoot).origin;
  let lookup = '';
  const hear = ({ origin, source, data }: MessageEvent<unknown>): void => {
    if (origin !== home || source !== window.parent || typeof data !== 'string') return;
    const contact = contactOf(data);
    if (contact === null || contact === lookup) return;
    lookup = contact;
    if (lookup === '') {
      element.clear();
      return;
    }
    const asked = lookup;
    element.lookup = asked;
    element.getToken = () => getToken(asked);
  };
  addEventListener('message', hear);
  window.parent.postMessage('chatwoot-dashboard-app:fetch-info', home);
  return () => removeEventListener('message', hear);
}

/** The contact's number or address, as `lookup` takes it; empty for a contact without, null for other messages. */
function contactOf(text: string): string | null {
  let message: AppContext;
  try {
    message = JSON.parse(text) as AppContext;
  } catch {
    return null;
  }
  if (message?.event !== 'appContext') return null;
  const { phone_number: phone, email } = message.data?.contact ?? {};
  return phone ? `tel:${phone}` : email ? `mailto:${email}` : '';
}
