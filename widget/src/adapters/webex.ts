import { type Follower, follow, lookupOf } from './follow.js';

const SHOWN = ['eAgentOfferContact', 'eAgentContactAssigned'] as const;
const OVER = ['eAgentContactEnded', 'eAgentContactWrappedUp'] as const;
type EventName = (typeof SHOWN | typeof OVER)[number];

interface Contact {
  data: { interactionId: string; interaction?: { callAssociatedData?: Record<string, { value?: string } | undefined> } };
}

/** What is used of `Desktop.agentContact` of Webex Contact Center's desktop SDK. Source: Webex Contact Center guide, "Desktop". */
interface AgentContact {
  addEventListener(name: EventName, listener: (contact: Contact) => void): void;
}

export interface WebexOptions extends Follower {
  agentContact: AgentContact;
}

/** For a widget of a Webex desktop layout: follows the contact that the agent was offered last, until it is over. */
export function followWebex({ agentContact, ...follower }: WebexOptions): void {
  const show = follow(follower);
  let current = '';
  for (const name of SHOWN) {
    agentContact.addEventListener(name, ({ data }) => {
      current = data.interactionId;
      show(lookupOf(data.interaction?.callAssociatedData?.['ani']?.value));
    });
  }
  for (const name of OVER) {
    agentContact.addEventListener(name, ({ data }) => {
      if (data.interactionId === current) show('');
    });
  }
}
