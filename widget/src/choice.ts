import type { Channel, CustomerKey, JourneyFilter, Period } from './api/operations.js';
import type { CustomerJourneyElement } from './host.js';
import type { Question } from './journey/session.js';
import { NO_MATTER } from './picture.js';

export const PERIODS = [3, 6, 9, 12] as const;

/** The filters as they are chosen, which is not yet asked while `apply` is `search`. */
export interface Chosen {
  period: number;
  /** Null: all. */
  channels: readonly Channel[] | null;
  campaign: string | null;
  query: string;
}

export const NO_FILTERS: Chosen = { period: 12, channels: null, campaign: null, query: '' };

/** As a host wrote them in attributes. */
export function chosenOf(host: Pick<CustomerJourneyElement, 'period' | 'channels' | 'campaign' | 'query'>): Chosen {
  const channels = host.channels?.split(',').map((name) => name.trim().toUpperCase()).filter(Boolean) as Channel[] | undefined;
  return {
    period: PERIODS.find((months) => months === Number(host.period)) ?? NO_FILTERS.period,
    channels: channels?.length ? channels : null,
    campaign: host.campaign || null,
    query: host.query ?? '',
  };
}

const filterOf = ({ period, channels, campaign, query }: Chosen): JourneyFilter => ({
  period: `LAST_${period}_MONTHS` as Period,
  ...(channels ? { channels: [...channels] } : {}),
  ...(campaign ? { campaignIds: [campaign] } : {}),
  ...(query ? { text: query } : {}),
});

export const questionOf = (host: CustomerJourneyElement, by: CustomerKey, timeZone: string): Question => ({
  endpoint: host.endpoint ?? '',
  by,
  filter: filterOf(chosenOf(host)),
  pageSize: Math.min(200, Math.max(20, Math.round(host.pageSize) || 50)),
  timeZone,
  live: host.live !== 'off',
  matter: host.journey === NO_MATTER ? null : host.journey || null,
});

const KEYS: Record<string, 'phone' | 'email' | 'whatsApp'> = { tel: 'phone', mailto: 'email', whatsapp: 'whatsApp' };

/** `tel:`, `mailto:` or `whatsapp:`; null for what is none of them. */
export function keyOf(lookup: string): CustomerKey | null {
  const [, scheme = '', rest = ''] = /^(\w+):(.*)$/s.exec(lookup) ?? [];
  const kind = KEYS[scheme.toLowerCase()];
  try {
    const value = decodeURIComponent(rest).trim();
    return kind && value ? { [kind]: value } : null;
  } catch {
    return null;
  }
}
