// An invented customer: a year of contacts in the shapes of the API, as the gateway resolves them.

const MINUTE = 60_000;
export const NOW = '2026-11-23T10:46:00Z';

const SOURCES = {
  genesys: { kind: 'TELEPHONY', vendor: 'genesys_cloud', channels: ['VOICE', 'CALLBACK', 'SMS'] },
  zendesk: { kind: 'TICKETING', vendor: 'zendesk', channels: ['TICKET', 'EMAIL'] },
  whatsapp: { kind: 'WHATSAPP', vendor: 'twilio_messages', channels: ['WHATSAPP'] },
  chat: { kind: 'CHAT', vendor: 'chatwoot', channels: ['CHAT', 'WEB_MESSAGING'] },
  surveys: { kind: 'SURVEY', vendor: 'limesurvey', channels: ['SURVEY'] },
};
const SOURCE_OF = { VOICE: 'genesys', CALLBACK: 'genesys', SMS: 'genesys', TICKET: 'zendesk', EMAIL: 'zendesk', WHATSAPP: 'whatsapp', CHAT: 'chat', WEB_MESSAGING: 'chat', SURVEY: 'surveys', WEB: 'chat', TELEGRAM: 'chat' };
const TYPE_OF = { VOICE: 'Call', CALLBACK: 'Call', TICKET: 'Ticket', SURVEY: 'SurveyResponse', WEB: 'WebVisit' };

export const sources = Object.entries(SOURCES).map(([name, source]) => ({ __typename: 'Source', id: `source-${name}`, name, health: 'UP', ...source }));
const sourceNamed = (name) => sources.find((source) => source.name === name);

const PHONES = { HOME: '+39 ***21', WORK: '+39 ***40', MOBILE: '+39 ***71', OFFICE: '+39 ***08' };
const OUTCOMES = { ok: { kind: 'SUCCESS', label: 'Resolved' }, fail: { kind: 'FAILURE', label: 'Failed' }, wait: { kind: 'NEUTRAL', label: 'Waiting' } };
const named = (kind, name) => (name ? { __typename: kind, id: `${kind.toLowerCase()}-${name}`, name } : null);

/** One row; `facts` overrides whatever is made up here. */
export function row(id, startedAt, channel, facts = {}) {
  const { seconds = null, queue, agent, phone, outcome, wrapUp, legs, campaign, ...rest } = facts;
  const type = TYPE_OF[channel] ?? 'Conversation';
  const ended = 'endedAt' in facts ? facts.endedAt : new Date(Date.parse(startedAt) + (seconds ?? 0) * 1000).toISOString();
  return {
    __typename: type, id, externalId: `${channel.slice(0, 2)}-90${id.replace(/\D/g, '')}`, url: `https://source.example.com/contacts/${id}`,
    source: sourceNamed(SOURCE_OF[channel]), channel, direction: 'INBOUND', startedAt, endedAt: ended, lastActivityAt: ended ?? startedAt,
    durationSeconds: seconds, status: 'COMPLETED', liveness: 'INACTIVE', idleAt: null, inactiveAt: null,
    outcome: OUTCOMES[outcome] ?? null, queue: named('Queue', queue), agent: named('Agent', agent),
    legs: legs ?? (queue ? [{ kind: agent ? 'AGENT' : 'QUEUE', startedAt, endedAt: ended, queue: named('Queue', queue), agent: named('Agent', agent) }] : []),
    wrapUpCodes: wrapUp ? [{ code: wrapUp, label: wrapUp, levels: ['Billing', wrapUp], note: null }] : [],
    tags: [], campaign: campaign ? { __typename: 'Campaign', id: `campaign-${campaign}`, externalId: campaign, name: campaign } : null, divisions: [],
    address: phone ? { kind: phone, identifierKind: 'PHONE', value: PHONES[phone], masked: true } : null,
    subject: null, topic: null, preview: null, comments: [], score: null, episode: null, touchpoint: null,
    ...(type === 'Call' ? { answeredAt: startedAt, waitSeconds: 34, talkSeconds: seconds, holdSeconds: 0 } : {}),
    ...(type === 'Ticket' ? { number: `TK-4${id.replace(/\D/g, '')}`, ticketStatus: 'OPEN', sourceStatus: 'open', priority: 'NORMAL', escalated: false, openedVia: 'WEB' } : {}),
    ...(type === 'SurveyResponse' ? { npsScore: 8, npsCategory: 'PASSIVE', surveyName: 'After your contact', answers: [{ question: 'Would you recommend us?', answer: '8' }, { question: 'Anything else?', answer: null }] } : {}),
    ...(type === 'WebVisit' ? { pageCount: 3, events: [] } : {}),
    ...(type === 'Conversation' ? { messageCount: 4, agentless: false, messages: talk(startedAt, agent) } : {}),
    ...rest, ...('endedAt' in facts ? { endedAt: facts.endedAt } : {}),
  };
}

const talk = (startedAt, agent) => [['CUSTOMER', 'Good morning, I was charged twice this month.'], ['AGENT', 'Let me look at your last two invoices.'], ['CUSTOMER', 'Thank you.']].map(([from, text], index) => ({
  at: new Date(Date.parse(startedAt) + index * MINUTE).toISOString(), from, agent: from === 'AGENT' ? named('Agent', agent ?? 'Bot') : null, text, attachments: [], delivery: null,
}));

const leg = (kind, startedAt, queue, agent) => ({ kind, startedAt, endedAt: null, queue: named('Queue', queue), agent: named('Agent', agent) });
const survey = (id, at, npsScore, topic, queue) => row(id, at, 'SURVEY', { direction: 'OUTBOUND', npsScore, npsCategory: npsScore <= 6 ? 'DETRACTOR' : npsScore <= 8 ? 'PASSIVE' : 'PROMOTER', topic, queue, tags: ['nps'], legs: [] });

/** Newest first. `now`: what the lights are measured from. */
export function contactsOf(now = NOW) {
  const ago = (seconds) => new Date(Date.parse(now) - seconds * 1000).toISOString();
  const ahead = (seconds) => ago(-seconds);
  return [
    row('i31', ago(252), 'VOICE', { phone: 'MOBILE', topic: 'Double charge', queue: 'Billing', agent: 'Marta Riva', endedAt: null, status: 'ACTIVE', liveness: 'LIVE', tags: ['priority'] }),
    row('i30', ago(900), 'CHAT', { topic: 'Double charge', queue: 'Site chat', agent: 'Bot', endedAt: null, status: 'ACTIVE', liveness: 'IDLE', lastActivityAt: ago(47), idleAt: ago(2), inactiveAt: ahead(3600), tags: ['web'] }),
    row('i29', '2026-11-22T18:05:00Z', 'WHATSAPP', { seconds: 1260, topic: 'Double charge', queue: 'Messaging', agent: 'Luca Ferri', outcome: 'wait', wrapUp: 'Awaiting documents', tags: ['docs'], comments: [{ text: 'Will send the statement tomorrow.', author: named('Agent', 'Luca Ferri'), at: null }] }),
    row('i28', '2026-11-21T09:12:00Z', 'TICKET', { topic: 'Double charge', queue: 'Back office', agent: 'Sara Conti', endedAt: null, lastActivityAt: '2026-11-22T09:12:00Z', status: 'PENDING', outcome: 'wait', wrapUp: '2nd level escalation', tags: ['escalated'], escalated: true, priority: 'HIGH', number: 'TK-48213', ticketStatus: 'PENDING', comments: [{ text: 'High priority, due tomorrow at 12:00.', author: null, at: null }] }),
    survey('i27', '2026-11-20T16:58:00Z', 3, 'Double charge', 'Billing'),
    row('i26', '2026-11-20T16:40:00Z', 'VOICE', { phone: 'MOBILE', seconds: 744, topic: 'Double charge', queue: 'Billing', agent: 'Paolo Greco', outcome: 'fail', wrapUp: 'Complaint', tags: ['complaint', 'refund'], score: { previous: 42, current: 31 },
      legs: [leg('QUEUE', '2026-11-20T16:40:00Z', 'Care'), leg('AGENT', '2026-11-20T16:41:00Z', 'Care', 'Elena Sala'), leg('TRANSFER', '2026-11-20T16:45:00Z', 'Billing'), leg('TRANSFER', '2026-11-20T16:47:00Z', 'Billing', 'Paolo Greco')],
      comments: [{ text: 'Refund promised by Friday; customer very upset, third call.', author: named('Agent', 'Paolo Greco'), at: '2026-11-20T16:52:00Z' }] }),
    row('i25', '2026-11-20T11:03:00Z', 'VOICE', { phone: 'OFFICE', direction: 'OUTBOUND', seconds: 0, status: 'MISSED', topic: 'Double charge', queue: 'Billing', agent: 'Paolo Greco', outcome: 'fail', wrapUp: 'No answer', tags: ['callback'] }),
    row('i24', '2026-11-19T14:20:00Z', 'CHAT', { seconds: 610, topic: 'Double charge', queue: 'Site chat', agent: 'Elena Sala', outcome: 'wait', wrapUp: 'Moved to voice', tags: ['web'] }),
    row('i23', '2026-11-14T10:05:00Z', 'SMS', { direction: 'OUTBOUND', topic: 'Payment reminder', queue: 'Automatic', campaign: 'Reminder Q4', agentless: true, outcome: 'ok', tags: ['campaign'] }),
    row('i22', '2026-11-12T08:47:00Z', 'TICKET', { topic: 'Bank change', queue: 'Back office', agent: 'Sara Conti', endedAt: null, status: 'ACTIVE', outcome: 'wait', wrapUp: 'Taken in charge', tags: ['iban'], number: 'TK-47903' }),
    survey('i21', '2026-11-03T17:40:00Z', 8, 'Plan change', 'Care'),
    row('i20', '2026-11-03T17:12:00Z', 'VOICE', { phone: 'HOME', seconds: 402, topic: 'Plan change', queue: 'Care', agent: 'Elena Sala', outcome: 'ok', wrapUp: 'Information', tags: ['upgrade'] }),
    row('i19', '2026-10-28T12:30:00Z', 'WHATSAPP', { seconds: 900, topic: 'Plan change', queue: 'Messaging', agent: 'Luca Ferri', outcome: 'ok', wrapUp: 'Information', tags: ['upgrade'] }),
    row('i18', '2026-10-02T09:00:00Z', 'TICKET', { topic: 'Router fault', queue: 'Technical', agent: 'Dario Neri', endedAt: null, status: 'ON_HOLD', outcome: 'wait', wrapUp: 'Awaiting spare part', tags: ['hardware'], number: 'TK-46120', ticketStatus: 'ON_HOLD' }),
    row('i17', '2026-09-15T15:22:00Z', 'VOICE', { phone: 'OFFICE', seconds: 530, topic: 'Router fault', queue: 'Technical', agent: 'Dario Neri', outcome: 'ok', wrapUp: 'Fixed at first contact', tags: ['hardware'] }),
    row('i16', '2026-09-14T19:48:00Z', 'CHAT', { seconds: 480, topic: 'Router fault', queue: 'Site chat', agent: 'Bot', outcome: 'wait', wrapUp: 'Moved to voice', tags: ['web'] }),
    row('i15', '2026-09-01T10:10:00Z', 'EMAIL', { direction: 'OUTBOUND', topic: 'Statement', subject: 'Your statement for August', queue: 'Automatic', outcome: 'ok', tags: ['campaign'], campaign: 'Statements' }),
    survey('i14', '2026-07-22T11:55:00Z', 9, 'Moving home', 'Care'),
    row('i13', '2026-07-22T11:20:00Z', 'VOICE', { phone: 'MOBILE', seconds: 365, topic: 'Moving home', queue: 'Care', agent: 'Elena Sala', outcome: 'ok', wrapUp: 'Fixed at first contact', tags: ['move'] }),
    row('i12', '2026-07-21T21:03:00Z', 'CHAT', { seconds: 300, topic: 'Moving home', queue: 'Site chat', agent: 'Bot', outcome: 'wait', wrapUp: 'Moved to voice', tags: ['web'] }),
    row('i11', '2026-06-09T13:15:00Z', 'WHATSAPP', { seconds: 700, topic: 'Bank change', queue: 'Messaging', agent: 'Luca Ferri', outcome: 'ok', wrapUp: 'Information', tags: ['iban'] }),
    row('i10', '2026-06-08T09:30:00Z', 'TICKET', { topic: 'Bank change', queue: 'Back office', agent: 'Sara Conti', endedAt: '2026-06-12T12:00:00Z', seconds: 354600, outcome: 'ok', wrapUp: 'Done', tags: ['iban'], number: 'TK-41077', ticketStatus: 'SOLVED' }),
    row('i09', '2026-04-30T18:10:00Z', 'VOICE', { phone: 'MOBILE', direction: 'OUTBOUND', seconds: 210, topic: 'Renewal', queue: 'Sales', agent: 'Anna Villa', outcome: 'ok', wrapUp: 'Renewed', tags: ['renewal'], campaign: 'Renewal 2026', score: { previous: 40, current: 58 } }),
    row('i08', '2026-04-29T12:05:00Z', 'VOICE', { phone: 'OFFICE', direction: 'OUTBOUND', seconds: 0, status: 'MISSED', topic: 'Renewal', queue: 'Sales', agent: 'Anna Villa', outcome: 'fail', wrapUp: 'No answer', tags: ['renewal'], campaign: 'Renewal 2026' }),
    row('i07', '2026-04-28T09:00:00Z', 'SMS', { direction: 'OUTBOUND', topic: 'Renewal', queue: 'Automatic', outcome: 'ok', tags: ['campaign'], campaign: 'Renewal 2026' }),
    row('i06', '2026-03-03T16:26:00Z', 'VOICE', { phone: 'HOME', seconds: 288, topic: 'Plan change', queue: 'Care', agent: 'Elena Sala', outcome: 'ok', wrapUp: 'Information', tags: ['info'] }),
    survey('i05', '2026-01-15T20:40:00Z', 9, 'Router fault', 'Technical'),
    row('i04', '2026-01-15T20:05:00Z', 'CHAT', { seconds: 720, topic: 'Router fault', queue: 'Site chat', agent: 'Dario Neri', outcome: 'ok', wrapUp: 'Fixed at first contact', tags: ['web'] }),
    row('i03', '2025-12-11T10:32:00Z', 'VOICE', { phone: 'MOBILE', seconds: 640, topic: 'Router fault', queue: 'Technical', agent: 'Dario Neri', outcome: 'ok', wrapUp: 'Fixed at first contact', tags: ['hardware'] }),
  ];
}

export const MATTER = ['i24', 'i25', 'i26', 'i28', 'i29', 'i30', 'i31'];

/** Many contacts over a year and a half, a handful a day. */
export function manyContacts(count, now = NOW) {
  const channels = ['VOICE', 'WHATSAPP', 'CHAT', 'TICKET', 'EMAIL', 'SMS', 'SURVEY'];
  const numbers = ['HOME', 'MOBILE', 'OFFICE'];
  const outcomes = ['ok', 'wait', 'fail'];
  return Array.from({ length: count }, (_, index) => {
    const at = new Date(Date.parse(now) - (index * 17 + 3) * 60 * MINUTE).toISOString();
    const channel = channels[index % channels.length];
    return row(`m${index}`, at, channel, {
      seconds: 60 + (index % 600), topic: `Topic ${index % 9}`, queue: `Queue ${index % 5}`, agent: `Agent ${index % 11}`, outcome: channel === 'SURVEY' ? undefined : outcomes[index % 3],
      phone: channel === 'VOICE' ? numbers[index % 3] : undefined, tags: ['one', 'two'],
      wrapUp: 'Information', ...(channel === 'SURVEY' ? { npsScore: index % 11 } : {}),
    });
  });
}

export const customer = (id, displayName, identifiers) => ({
  __typename: 'Customer', id, displayName,
  identifiers: identifiers.map(([kind, value], index) => ({ id: `${id}-${index}`, kind, value, masked: true, channel: null, source: null, evidence: [] })),
});

export const GIULIA = customer('CU-104872', 'Giulia Bianchi', [['PHONE', '+39 ***71'], ['EMAIL', 'g***@example.org'], ['WHATSAPP', '***71']]);
export const OTHERS = [
  GIULIA, customer('CU-2', 'Marco Bianchi', [['PHONE', '+39 ***71'], ['EMAIL', 'm***@example.org']]), customer('CU-3', 'Studio Bianchi srl', [['PHONE', '+39 ***71']]),
];
