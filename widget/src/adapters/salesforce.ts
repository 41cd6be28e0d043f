import { type RecordFollower, followRecords } from './follow.js';

/** What is used of `sforce.opencti`. Source: Open CTI Developer Guide, "onNavigationChange() for Lightning Experience". */
interface OpenCti {
  onNavigationChange(options: { listener: (page: { recordId?: string; objectType?: string }) => void }): void;
}

export interface SalesforceOptions extends RecordFollower {
  opencti: OpenCti;
}

/** For a softphone panel in Salesforce's console: follows the record that the agent has open. */
export function followSalesforce({ opencti, ...follower }: SalesforceOptions): void {
  const show = followRecords(follower);
  opencti.onNavigationChange({
    listener: ({ recordId, objectType }) => show(recordId && objectType ? { type: objectType, id: recordId } : null),
  });
}
