import type { Channel, Row } from '../api/operations.js';

/** Rows of one lane share a line of the timeline. */
export const LANES = ['voice', 'whatsapp', 'chat', 'ticket', 'social', 'survey', 'campaign', 'web', 'other'] as const;
export type Lane = (typeof LANES)[number];

interface Look {
  lane: Lane;
  icon: string;
  colour: string;
}

/** In the order in which chips stand: channel, lane, icon, colour. The first of a lane lends it its look. */
const LOOKS = new Map(`
  VOICE voice phone voice;
  CALLBACK voice callback voice;
  VIDEO voice video voice;
  WHATSAPP whatsapp whatsapp whatsapp;
  CHAT chat chat chat;
  WEB_MESSAGING chat chat chat;
  COBROWSE chat web chat;
  TICKET ticket ticket ticket;
  EMAIL ticket email email;
  SMS social sms sms;
  LINE social sms sms;
  X social sms sms;
  FACEBOOK social sms sms;
  INSTAGRAM social sms sms;
  TELEGRAM social sms sms;
  APPLE_MESSAGES social sms sms;
  SURVEY survey survey survey;
  CAMPAIGN campaign campaign email;
  WEB web web chat;
  KNOWLEDGE web web chat;
  IN_PERSON other person ticket;
  FAX other ticket ticket;
  OTHER other chat ticket`.trim().split(/;\s*/).map((line) => {
  const [channel = '', lane, icon = '', colour = ''] = line.split(' ');
  return [channel, { lane: lane as Lane, icon, colour }] as const;
}));
const ORDER = [...LOOKS.keys()];

/** Channels may grow: what is not known here still has a place. */
export const lookOf = (channel: Channel): Look => LOOKS.get(channel) ?? (LOOKS.get('OTHER') as Look);
export const laneOf = (channel: Channel): Lane => lookOf(channel).lane;
export const lookOfLane = (lane: Lane): Look => [...LOOKS.values()].find((look) => look.lane === lane) as Look;
export const inOrder = (a: Channel, b: Channel): number => ORDER.indexOf(a) - ORDER.indexOf(b);

export type NumberKind = 'home' | 'work' | 'mobile' | 'office';
const NUMBERS: readonly string[] = ['home', 'work', 'mobile', 'office'];

/** The kind of number behind a call, which its icon and colour follow; null for what is no call, or where nobody knows. */
export function numberOf(row: Row): NumberKind | null {
  const kind = row.address?.kind.toLowerCase() ?? '';
  return laneOf(row.channel) === 'voice' && NUMBERS.includes(kind) ? kind as NumberKind : null;
}

const drawn = (row: Row): 'mobile' | 'office' | null => {
  const number = numberOf(row);
  return number === 'mobile' || number === 'office' ? number : null;
};

export const iconOf = (row: Row): string => (row.channel === 'VOICE' && drawn(row)) || lookOf(row.channel).icon;
export const colourOf = (row: Row): string => drawn(row) ?? lookOf(row.channel).colour;
/** Conversations are round; tickets and surveys are square. */
export const isSquare = (row: Row): boolean => row.channel === 'TICKET' || row.channel === 'SURVEY';
