import { type TemplateResult, html } from 'lit-html';

const PATHS = {
  phone: 'M7.4 4.2l2.3.5 1 3.6-1.9 1.6a10.5 10.5 0 0 0 5.3 5.3l1.6-1.9 3.6 1 .5 2.3c.2 1-.4 2-1.4 2.2C11.3 20.6 3.4 12.7 5.2 5.6c.2-1 1.2-1.6 2.2-1.4z',
  callback: 'M7.4 4.2l2.3.5 1 3.6-1.9 1.6a10.5 10.5 0 0 0 5.3 5.3l1.6-1.9 3.6 1 .5 2.3c.2 1-.4 2-1.4 2.2C11.3 20.6 3.4 12.7 5.2 5.6c.2-1 1.2-1.6 2.2-1.4zM20 4l-5 5M15 4.5V9h4.5',
  video: 'M5 7h8.5a1.5 1.5 0 0 1 1.5 1.5v7a1.5 1.5 0 0 1-1.5 1.5H5a1.5 1.5 0 0 1-1.5-1.5v-7A1.5 1.5 0 0 1 5 7zM15 11l5.5-3v8L15 13',
  mobile: 'M8.5 3.5h7A1.5 1.5 0 0 1 17 5v14a1.5 1.5 0 0 1-1.5 1.5h-7A1.5 1.5 0 0 1 7 19V5a1.5 1.5 0 0 1 1.5-1.5zM10.8 17.7h2.4',
  office: 'M5.5 20V6.2L12.5 4v16M12.5 9.5h6V20M3.5 20h17M8.8 8.8v.2M8.8 12.3v.2M8.8 15.8v.2M15.5 13v.2M15.5 16.5v.2',
  whatsapp: 'M12 4a8 8 0 1 1-3.9 15l-4 1 1-3.9A8 8 0 0 1 12 4zM9.3 9.3c0 3 2.4 5.4 5.4 5.4',
  chat: 'M6.5 5h11a2 2 0 0 1 2 2v6.5a2 2 0 0 1-2 2h-6l-4.2 3.7v-3.7h-.8a2 2 0 0 1-2-2V7a2 2 0 0 1 2-2z',
  ticket: 'M5.5 6.5h13A1.5 1.5 0 0 1 20 8v2a2 2 0 0 0 0 4v2a1.5 1.5 0 0 1-1.5 1.5h-13A1.5 1.5 0 0 1 4 16v-2a2 2 0 0 0 0-4V8a1.5 1.5 0 0 1 1.5-1.5zM14.5 9v1.2M14.5 13.8V15',
  email: 'M5 6.5h14a1 1 0 0 1 1 1v9a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1v-9a1 1 0 0 1 1-1zM4.5 7.5l7.5 6 7.5-6',
  sms: 'M6.5 5h11a2 2 0 0 1 2 2v6.5a2 2 0 0 1-2 2h-6l-4.2 3.7v-3.7h-.8a2 2 0 0 1-2-2V7a2 2 0 0 1 2-2zM8.5 10.2v.2M12 10.2v.2M15.5 10.2v.2',
  survey: 'M4 17a8 8 0 1 1 16 0M12 17l3.8-5.2',
  campaign: 'M4.5 10v4h3l7 4V6l-7 4zM17.5 9.5a3.5 3.5 0 0 1 0 5',
  web: 'M12 4a8 8 0 1 1 0 16 8 8 0 0 1 0-16zM4 12h16M12 4c5 5 5 11 0 16-5-5-5-11 0-16z',
  person: 'M12 4.5a3.5 3.5 0 1 1 0 7 3.5 3.5 0 0 1 0-7zM5 19.5c.5-4 3.5-5.5 7-5.5s6.5 1.5 7 5.5',
  search: 'M10.8 5a5.8 5.8 0 1 1 0 11.6 5.8 5.8 0 0 1 0-11.6zM15.2 15.2L20 20',
  timeline: 'M4 8h4M11 8h9M4 16h9M16 16h4M8 8a1.5 1.5 0 1 0 3 0 1.5 1.5 0 1 0-3 0M13 16a1.5 1.5 0 1 0 3 0 1.5 1.5 0 1 0-3 0',
  grid: 'M4 6h16M4 12h16M4 18h16M9 6v12',
  path: 'M3 17c8 0 10-10 18-10',
  left: 'M14.5 6l-6 6 6 6',
  right: 'M9.5 6l6 6-6 6',
  up: 'M12 19V5M6 11l6-6 6 6',
  cross: 'M6.5 6.5l11 11M17.5 6.5l-11 11',
  external: 'M13 5h6v6M19 5l-8 8M17 14v4a1 1 0 0 1-1 1H6a1 1 0 0 1-1-1V8a1 1 0 0 1 1-1h4',
  warn: 'M12 4.5l8.5 15h-17zM12 10v4.2M12 16.8v.2',
  lock: 'M7 11h10a1 1 0 0 1 1 1v7a1 1 0 0 1-1 1H7a1 1 0 0 1-1-1v-7a1 1 0 0 1 1-1zM8.5 11V8a3.5 3.5 0 0 1 7 0v3',
  plug: 'M9 4v5M15 4v5M6.5 9h11v2.5a5.5 5.5 0 0 1-11 0zM12 17v3.5',
  list: 'M5 7h14M5 12h9M5 17h5',
  link: 'M10 14l4-4M8.5 11.5l-2 2a3 3 0 0 0 4.2 4.2l2-2M15.5 12.5l2-2a3 3 0 0 0-4.2-4.2l-2 2',
  inbound: 'M17 7l-9.5 9.5M7.5 9v7.5H15',
  outbound: 'M7 17l9.5-9.5M9 7.5h7.5V15',
  internal: 'M5 12h14M9 8l-4 4 4 4M15 8l4 4-4 4',
} as const;

export type Icon = keyof typeof PATHS;

/** Our own drawings, in the colour of the text around them. Unknown names draw nothing. */
export function icon(name: string, size = 16, weight = 1.8): TemplateResult {
  const path = PATHS[name as Icon] ?? '';
  return html`<svg viewBox="0 0 24 24" width=${size} height=${size} fill="none" stroke="currentColor" stroke-width=${weight} stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false"><path d=${path}></path></svg>`;
}
