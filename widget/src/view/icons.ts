import { type TemplateResult, html } from 'lit-html';

const PHONE = 'M7 4l3 1 1 3-2 2a10 10 0 0 0 5 5l2-2 3 1 1 3c0 1-1 2-2 2C11 20 4 13 5 6c0-1 1-2 2-2z';
const CHAT = 'M5 5h14v11h-7l-4 4v-4H5z';

/** On a square of 24, drawn with round ends and corners: a line without length is a dot. */
const PATHS = {
  phone: PHONE,
  callback: `${PHONE}M20 4l-5 5M15 5v4h4`,
  video: 'M4 7h11v11H4zM15 11l5-3v9l-5-3',
  mobile: 'M7 4h10v16H7zM11 17h2',
  office: 'M5 20V6l7-2v16M12 10h6v10M3 20h18M9 9h0M9 12h0M9 16h0M15 13h0M15 16h0',
  whatsapp: 'M12 4a8 8 0 1 1-4 15l-4 1 1-4A8 8 0 0 1 12 4zM9 9c0 3 3 6 6 6',
  chat: CHAT,
  ticket: 'M4 7h16v3a2 2 0 0 0 0 4v3H4v-3a2 2 0 0 0 0-4zM14 9v1M14 14v1',
  email: 'M4 6h16v12H4zM4 7l8 7 8-7',
  sms: `${CHAT}M9 10h0M12 10h0M15 10h0`,
  survey: 'M4 17a8 8 0 1 1 16 0M12 17l4-5',
  campaign: 'M4 10v4h3l7 4V6l-7 4zM17 9a4 4 0 0 1 0 6',
  web: 'M12 4a8 8 0 1 1 0 16 8 8 0 0 1 0-16zM4 12h16M12 4c5 5 5 11 0 16-5-5-5-11 0-16z',
  person: 'M12 4a4 4 0 1 1 0 8 4 4 0 0 1 0-8zM5 20c0-7 14-7 14 0',
  search: 'M11 5a6 6 0 1 1 0 12 6 6 0 0 1 0-12zM15 15l5 5',
  timeline: 'M4 8h3M11 8h9M4 16h9M17 16h3M9 6v4M15 14v4',
  grid: 'M4 6h16M4 12h16M4 18h16M9 6v12',
  path: 'M3 17c8 0 10-10 18-10',
  left: 'M15 6l-6 6 6 6',
  right: 'M9 6l6 6-6 6',
  up: 'M12 19V5M6 11l6-6 6 6',
  cross: 'M6 6l12 12M18 6L6 18',
  external: 'M13 5h6v6M19 5l-8 8M17 14v5H5V7h5',
  warn: 'M12 4l9 16H3zM12 10v4M12 17h0',
  lock: 'M6 11h12v9H6zM8 11V8a4 4 0 0 1 8 0v3',
  plug: 'M9 4v5M15 4v5M6 9h12v2a6 6 0 0 1-12 0zM12 17v4',
  list: 'M5 7h14M5 12h9M5 17h5',
  link: 'M10 14l4-4M9 11l-3 3a3 3 0 0 0 4 4l3-3M15 13l3-3a3 3 0 0 0-4-4l-3 3',
  inbound: 'M17 7L7 17M7 9v8h8',
  outbound: 'M7 17L17 7M9 7h8v8',
  internal: 'M5 12h14M9 8l-4 4 4 4M15 8l4 4-4 4',
} as const;

export type Icon = keyof typeof PATHS;

/** Our own drawings, in the colour of the text around them. Unknown names draw nothing. */
export function icon(name: string, size = 16, weight = 1.8): TemplateResult {
  const path = PATHS[name as Icon] ?? '';
  return html`<svg viewBox="0 0 24 24" width=${size} height=${size} fill="none" stroke="currentColor" stroke-width=${weight} stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><path d=${path}></path></svg>`;
}
