import { type Follower, follow, lookupOf } from './follow.js';

/** What Chatwoot tells a dashboard app, as far as it is read. Source: Chatwoot's guide "Dashboard apps". */
interface AppContext {
  event?: string;
  data?: { contact?: { email?: string | null; phone_number?: string | null } | null };
}

export interface ChatwootOptions extends Follower {
  /** Where Chatwoot is served, as `https://chat.example.com`; messages from anywhere else are not heard. */
  chatwoot: string;
}

/** Follows the conversation that is open in Chatwoot. Returns what ends it. */
export function followChatwoot({ chatwoot, ...follower }: ChatwootOptions): () => void {
  const home = new URL(chatwoot).origin;
  const show = follow(follower);
  const hear = ({ origin, source, data }: MessageEvent<unknown>): void => {
    if (origin !== home || source !== window.parent || typeof data !== 'string') return;
    const message = read(data);
    if (message?.event === 'appContext') show(lookupOf(message.data?.contact?.phone_number, message.data?.contact?.email));
  };
  addEventListener('message', hear);
  window.parent.postMessage('chatwoot-dashboard-app:fetch-info', home);
  return () => removeEventListener('message', hear);
}

/** Null for what is not Chatwoot's: others speak in the page as well. */
function read(text: string): AppContext | null {
  try {
    return JSON.parse(text) as AppContext | null;
  } catch {
    return null;
  }
}
