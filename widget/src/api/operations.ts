// Written by scripts/operations.mjs from the API's schema; not by hand.

/** A document that gateways know by its hash; its text is in documents.json, for those that do not. */

export interface Operation<Data, Variables> {
  readonly hash: string;
  readonly shape?: (variables: Variables) => Data;
}

export type AddressKind = 'HOME' | 'WORK' | 'MOBILE' | 'OFFICE' | 'OTHER';

export type Channel = 'VOICE' | 'CALLBACK' | 'VIDEO' | 'EMAIL' | 'TICKET' | 'CHAT' | 'WEB_MESSAGING' | 'COBROWSE' | 'WEB' | 'WHATSAPP' | 'SMS' | 'LINE' | 'X' | 'FACEBOOK' | 'INSTAGRAM' | 'TELEGRAM' | 'APPLE_MESSAGES' | 'SURVEY' | 'CAMPAIGN' | 'KNOWLEDGE' | 'FAX' | 'IN_PERSON' | 'OTHER';

export interface CustomerKey {
  id?: string | null;
  phone?: string | null;
  email?: string | null;
  whatsApp?: string | null;
  social?: SocialKey | null;
  cookie?: string | null;
  external?: ExternalKey | null;
}

export type DeliveryState = 'SENT' | 'DELIVERED' | 'READ' | 'FAILED';

export type Direction = 'INBOUND' | 'OUTBOUND' | 'INTERNAL' | 'UNKNOWN';

export interface ExternalKey {
  source: string;
  id: string;
}

export type FigureState = 'EXACT' | 'AT_LEAST' | 'UNAVAILABLE' | 'NOT_LICENSED' | 'NOT_PERMITTED';

export type IdentifierKind = 'PHONE' | 'EMAIL' | 'WHATSAPP' | 'EXTERNAL_ID' | 'SOCIAL' | 'COOKIE';

export type InteractionStatus = 'SCHEDULED' | 'QUEUED' | 'ACTIVE' | 'ON_HOLD' | 'PENDING' | 'COMPLETED' | 'MISSED' | 'ABANDONED' | 'FAILED' | 'UNKNOWN';

export interface JourneyFilter {
  period?: Period | null;
  from?: string | null;
  to?: string | null;
  activeSince?: string | null;
  sourceIds?: (string)[] | null;
  channels?: (Channel)[] | null;
  directions?: (Direction)[] | null;
  queueIds?: (string)[] | null;
  campaignIds?: (string)[] | null;
  agentIds?: (string)[] | null;
  episodeIds?: (string)[] | null;
  tags?: (string)[] | null;
  outcomes?: (OutcomeKind)[] | null;
  statuses?: (InteractionStatus)[] | null;
  liveness?: (Liveness)[] | null;
  text?: string | null;
}

export type LegKind = 'IVR' | 'QUEUE' | 'AGENT' | 'TRANSFER' | 'CONSULT' | 'CONFERENCE' | 'HOLD' | 'VOICEMAIL' | 'BOT' | 'OTHER';

export type Liveness = 'LIVE' | 'IDLE' | 'INACTIVE';

export type MatchState = 'MATCHED' | 'NOT_FOUND' | 'AMBIGUOUS';

export type MessageParty = 'CUSTOMER' | 'AGENT' | 'BOT' | 'SYSTEM';

export type NpsCategory = 'DETRACTOR' | 'PASSIVE' | 'PROMOTER';

export type OutcomeKind = 'SUCCESS' | 'FAILURE' | 'NEUTRAL';

export type Period = 'LAST_30_DAYS' | 'LAST_3_MONTHS' | 'LAST_6_MONTHS' | 'LAST_9_MONTHS' | 'LAST_12_MONTHS' | 'ALL_TIME';

export type Resolution = 'RESOLVED' | 'UNRESOLVED' | 'OPEN' | 'UNKNOWN';

export interface SocialKey {
  channel: Channel;
  id: string;
}

export type SourceKind = 'TELEPHONY' | 'TICKETING' | 'SURVEY' | 'CHAT' | 'WHATSAPP' | 'CAMPAIGN' | 'WEB' | 'OTHER';

export type SourceState = 'FRESH' | 'CACHED' | 'STALE' | 'PENDING' | 'TIMED_OUT' | 'UNAVAILABLE' | 'RATE_LIMITED' | 'REFUSED' | 'MALFORMED';

export type TicketPriority = 'LOW' | 'NORMAL' | 'HIGH' | 'URGENT';

export type TicketStatus = 'NEW' | 'OPEN' | 'PENDING' | 'ON_HOLD' | 'SOLVED' | 'CLOSED' | 'UNKNOWN';

export type Report = { source: { id: string; name: string; kind: SourceKind; channels: (Channel)[] }; state: SourceState; asOf: string | null; retryAfterSeconds: number | null };

export type Named = { id: string; displayName: string | null; identifiers: ({ kind: IdentifierKind; value: string; masked: boolean })[] };

export type Row = ({ __typename: 'Call'; id: string; externalId: string; url: string | null; source: { id: string; name: string; kind: SourceKind }; channel: Channel; direction: Direction; startedAt: string; endedAt: string | null; lastActivityAt: string; durationSeconds: number | null; status: InteractionStatus; liveness: Liveness; idleAt: string | null; inactiveAt: string | null; outcome: { kind: OutcomeKind; label: string } | null; queue: { id: string; name: string } | null; agent: { id: string; name: string } | null; legs: ({ kind: LegKind; startedAt: string; endedAt: string | null; queue: { name: string } | null; agent: { name: string } | null })[]; wrapUpCodes: ({ label: string; levels: (string)[]; note: string | null })[]; tags: (string)[]; campaign: { id: string; name: string } | null; address: { kind: AddressKind; value: string; masked: boolean } | null; subject: string | null; topic: string | null; preview: string | null; comments: ({ text: string; at: string | null; author: { name: string } | null })[]; score: { previous: number | null; current: number | null } | null; waitSeconds: number | null; talkSeconds: number | null; holdSeconds: number | null } | { __typename: 'Conversation'; id: string; externalId: string; url: string | null; source: { id: string; name: string; kind: SourceKind }; channel: Channel; direction: Direction; startedAt: string; endedAt: string | null; lastActivityAt: string; durationSeconds: number | null; status: InteractionStatus; liveness: Liveness; idleAt: string | null; inactiveAt: string | null; outcome: { kind: OutcomeKind; label: string } | null; queue: { id: string; name: string } | null; agent: { id: string; name: string } | null; legs: ({ kind: LegKind; startedAt: string; endedAt: string | null; queue: { name: string } | null; agent: { name: string } | null })[]; wrapUpCodes: ({ label: string; levels: (string)[]; note: string | null })[]; tags: (string)[]; campaign: { id: string; name: string } | null; address: { kind: AddressKind; value: string; masked: boolean } | null; subject: string | null; topic: string | null; preview: string | null; comments: ({ text: string; at: string | null; author: { name: string } | null })[]; score: { previous: number | null; current: number | null } | null; messageCount: number | null; agentless: boolean } | { __typename: 'OtherInteraction'; id: string; externalId: string; url: string | null; source: { id: string; name: string; kind: SourceKind }; channel: Channel; direction: Direction; startedAt: string; endedAt: string | null; lastActivityAt: string; durationSeconds: number | null; status: InteractionStatus; liveness: Liveness; idleAt: string | null; inactiveAt: string | null; outcome: { kind: OutcomeKind; label: string } | null; queue: { id: string; name: string } | null; agent: { id: string; name: string } | null; legs: ({ kind: LegKind; startedAt: string; endedAt: string | null; queue: { name: string } | null; agent: { name: string } | null })[]; wrapUpCodes: ({ label: string; levels: (string)[]; note: string | null })[]; tags: (string)[]; campaign: { id: string; name: string } | null; address: { kind: AddressKind; value: string; masked: boolean } | null; subject: string | null; topic: string | null; preview: string | null; comments: ({ text: string; at: string | null; author: { name: string } | null })[]; score: { previous: number | null; current: number | null } | null } | { __typename: 'SurveyResponse'; id: string; externalId: string; url: string | null; source: { id: string; name: string; kind: SourceKind }; channel: Channel; direction: Direction; startedAt: string; endedAt: string | null; lastActivityAt: string; durationSeconds: number | null; status: InteractionStatus; liveness: Liveness; idleAt: string | null; inactiveAt: string | null; outcome: { kind: OutcomeKind; label: string } | null; queue: { id: string; name: string } | null; agent: { id: string; name: string } | null; legs: ({ kind: LegKind; startedAt: string; endedAt: string | null; queue: { name: string } | null; agent: { name: string } | null })[]; wrapUpCodes: ({ label: string; levels: (string)[]; note: string | null })[]; tags: (string)[]; campaign: { id: string; name: string } | null; address: { kind: AddressKind; value: string; masked: boolean } | null; subject: string | null; topic: string | null; preview: string | null; comments: ({ text: string; at: string | null; author: { name: string } | null })[]; score: { previous: number | null; current: number | null } | null; surveyName: string; npsScore: number | null; npsCategory: NpsCategory | null } | { __typename: 'Ticket'; id: string; externalId: string; url: string | null; source: { id: string; name: string; kind: SourceKind }; channel: Channel; direction: Direction; startedAt: string; endedAt: string | null; lastActivityAt: string; durationSeconds: number | null; status: InteractionStatus; liveness: Liveness; idleAt: string | null; inactiveAt: string | null; outcome: { kind: OutcomeKind; label: string } | null; queue: { id: string; name: string } | null; agent: { id: string; name: string } | null; legs: ({ kind: LegKind; startedAt: string; endedAt: string | null; queue: { name: string } | null; agent: { name: string } | null })[]; wrapUpCodes: ({ label: string; levels: (string)[]; note: string | null })[]; tags: (string)[]; campaign: { id: string; name: string } | null; address: { kind: AddressKind; value: string; masked: boolean } | null; subject: string | null; topic: string | null; preview: string | null; comments: ({ text: string; at: string | null; author: { name: string } | null })[]; score: { previous: number | null; current: number | null } | null; number: string; ticketStatus: TicketStatus; sourceStatus: string; priority: TicketPriority | null; escalated: boolean | null } | { __typename: 'WebVisit'; id: string; externalId: string; url: string | null; source: { id: string; name: string; kind: SourceKind }; channel: Channel; direction: Direction; startedAt: string; endedAt: string | null; lastActivityAt: string; durationSeconds: number | null; status: InteractionStatus; liveness: Liveness; idleAt: string | null; inactiveAt: string | null; outcome: { kind: OutcomeKind; label: string } | null; queue: { id: string; name: string } | null; agent: { id: string; name: string } | null; legs: ({ kind: LegKind; startedAt: string; endedAt: string | null; queue: { name: string } | null; agent: { name: string } | null })[]; wrapUpCodes: ({ label: string; levels: (string)[]; note: string | null })[]; tags: (string)[]; campaign: { id: string; name: string } | null; address: { kind: AddressKind; value: string; masked: boolean } | null; subject: string | null; topic: string | null; preview: string | null; comments: ({ text: string; at: string | null; author: { name: string } | null })[]; score: { previous: number | null; current: number | null } | null; pageCount: number | null });

export type Rows = { nodes: (Row)[]; pageInfo: { hasNextPage: boolean; endCursor: string | null }; complete: boolean; asOf: string; sources: (Report)[]; withheld: ({ field: string; permission: string })[] };

export type Figure = { value: number | null; state: FigureState; asOf: string | null };

export type Activity = { interactions: Figure; missed: Figure };

export type Header = { asOf: string; sources: (Report)[]; nps: { state: FigureState; score: number | null; category: NpsCategory | null; answeredAt: string | null }; last30Days: Activity; previous30Days: Activity; today: Activity; activeTickets: Figure; escalatedTickets: Figure };

export type Matter = { id: string; topic: string | null; startedAt: string; resolution: Resolution; steps: number; channels: (Channel)[]; agents: ({ id: string })[]; interactions: ({ id: string })[] };

export const Detail: Operation<{ node: ({ __typename: 'Agent' | 'Call' | 'Campaign' | 'Customer' | 'Division' | 'Episode' | 'OtherInteraction' | 'Queue' | 'Source' | 'Ticket' | 'WorkProfile' } | { __typename: 'Conversation'; messages: ({ at: string; from: MessageParty; agent: { name: string } | null; text: string | null; attachments: ({ name: string | null; contentType: string | null })[]; delivery: DeliveryState | null })[] } | { __typename: 'SurveyResponse'; answers: ({ question: string; answer: string | null })[] } | { __typename: 'WebVisit'; events: ({ at: string; name: string; title: string | null })[] }) | null }, { id: string }> = { hash: 'd5f0e6177af16be4542470e1d28ee0193ca67552f4f20d5486f3d40aee690c84' };

export const FirstPage: Operation<{ singleCustomerView: { state: MatchState; customer: { id: string; displayName: string | null; identifiers: ({ kind: IdentifierKind; value: string; masked: boolean })[]; journey: { nodes: (Row)[]; pageInfo: { hasNextPage: boolean; endCursor: string | null }; complete: boolean; asOf: string; sources: (Report)[]; withheld: ({ field: string; permission: string })[]; updateCursor: string; facets: { channels: ({ channel: Channel; count: number })[]; campaigns: ({ campaign: { id: string; name: string }; count: number })[] } | null } | null } | null; candidates: ({ id: string; displayName: string | null; identifiers: ({ kind: IdentifierKind; value: string; masked: boolean })[]; journey: { nodes: ({ startedAt: string })[] } | null })[]; sources: (Report)[] } | null }, { by: CustomerKey; first: number; filter: JourneyFilter }> = { hash: '6315ea703efa5adf5934c7c76ae27a55e6f6882111f2cf50112eff9894625fcd' };

export const OlderPage: Operation<{ customer: { journey: Rows | null } | null }, { id: string; first: number; after: string; filter: JourneyFilter }> = { hash: '1f931b74ae904a83f51d31b2a3cb84da7b378e3a10a1bcba025bd392b1907476' };

export const Summary: Operation<{ singleCustomerView: { customer: { summary: Header | null; answers: { nodes: (({  } | { npsScore: number | null }))[] } | null; analysis: { episodes: { nodes: (Matter)[] } } | null } | null } | null; named?: ({  } | { id: string; topic: string | null; startedAt: string; resolution: Resolution; steps: number; channels: (Channel)[]; agents: ({ id: string })[]; interactions: ({ id: string })[] }) | null }, { by: CustomerKey; timeZone: string; named: string; hasNamed: boolean }> = { hash: '6e40b160f3c6cf80d3c892ee2aa3233958308bc14d1bd87c14e352c355b7e02b' };

export const Updates: Operation<{ journeyUpdated: ({ __typename: 'InteractionChanged'; cursor: string; interaction: Row } | { __typename: 'InteractionRetracted'; cursor: string; interactionId: string } | { __typename: 'JourneyReset'; cursor: string } | { __typename: 'SourceChanged'; cursor: string; report: Report } | { __typename: 'SummaryChanged'; cursor: string; summary: Header }) }, { customerId: string; filter: JourneyFilter; after?: string | null }> = { hash: '69435d28ae5d622da0af4d50beb356031371b98a2caf9fe8184ee00279051f24' };
