import type { CustomerJourneyElement, Token } from '../host.js';

export interface Follower {
  element: CustomerJourneyElement;
  /**
   * Asks the page's own back end, which knows the agent by its own session. What a desktop says about the agent is not signed,
   * so it must not decide anybody's rights.
   */
  getToken: (lookup: string) => Promise<Token>;
}

/** Shows whoever was named last, with a token for nobody else; nobody for an empty name. */
export function follow({ element, getToken }: Follower): (lookup: string) => void {
  let shown = '';
  return (lookup) => {
    if (lookup === shown) return;
    shown = lookup;
    if (lookup === '') {
      element.clear();
      return;
    }
    element.lookup = lookup;
    element.getToken = () => getToken(lookup);
  };
}

/** As `lookup` takes it: a number before an address, empty for a contact without. */
export const lookupOf = (phone?: string | null, email?: string | null): string => (phone ? `tel:${phone}` : email ? `mailto:${email}` : '');

/** A record of a CRM, by its own names. */
export interface CrmRecord {
  type: string;
  id: string;
}

export interface RecordFollower extends Follower {
  /** Asks the page's own back end for the number or address of a record, as `tel:…` or `mailto:…`; empty for one without. */
  lookupOf: (record: CrmRecord) => Promise<string>;
}

/** Shows whose record is open. From the moment another one opens, nothing of the one before is shown. */
export function followRecords({ lookupOf: find, ...follower }: RecordFollower): (record: CrmRecord | null) => void {
  const show = follow(follower);
  let open = '';
  return (record) => {
    const key = record ? `${record.type}/${record.id}` : '';
    if (key === open) return;
    open = key;
    show('');
    if (record) void find(record).then((lookup) => open === key && show(lookup), () => undefined);
  };
}
