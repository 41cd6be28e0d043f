import { type CrmRecord, type RecordFollower, followRecords } from './follow.js';

type Handler = (event: string) => Promise<void>;

/** What is used of `Microsoft.CIFramework`. Source: Channel Integration Framework 2.0, "onpagenavigate event". */
interface Framework {
  addHandler(event: 'onpagenavigate', handler: Handler): void;
  removeHandler(event: 'onpagenavigate', handler: Handler): void;
}

export interface DynamicsOptions extends RecordFollower {
  framework: Framework;
}

/** For a panel in Dynamics 365: follows the record that the agent has open. Returns what ends it. */
export function followDynamics({ framework, ...follower }: DynamicsOptions): () => void {
  const show = followRecords(follower);
  const hear: Handler = async (event) => show(recordAt((JSON.parse(event) as { value?: string }).value ?? ''));
  framework.addHandler('onpagenavigate', hear);
  return () => framework.removeHandler('onpagenavigate', hear);
}

/** Only a page of one record names both. */
function recordAt(address: string): CrmRecord | null {
  const query = URL.canParse(address) ? new URL(address).searchParams : new URLSearchParams();
  const [type, id] = [query.get('etn'), query.get('id')];
  return type && id ? { type, id } : null;
}
