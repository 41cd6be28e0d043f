import { TOKEN } from './gateway.mjs';

const attributes = (values) => Object.entries(values).filter(([, value]) => value !== undefined && value !== null).map(([name, value]) => ` ${name}="${value}"`).join('');

/** A host page with one element; `before` and `after` go around it. */
export function page({ scenario = 'usual', element = {}, head = '', body = '', width = null, background = '', html = '' } = {}) {
  const values = { endpoint: `/graphql/${scenario}`, customer: 'CU-104872', lang: 'en', timezone: 'UTC', theme: 'light', ...element };
  return `<!doctype html><html lang="en"${html}><head><meta charset="utf-8"><title>Host</title><link rel="icon" href="data:,">${head}
    <link rel="stylesheet" href="/host.css"></head>
    <body>${body}<div class="place"${width ? ` data-width="${width}"` : ''}><customer-journey${attributes(values)}></customer-journey></div>
    <script type="module" src="/widget/cj.js"></script><script type="module" src="/host.js"></script></body></html>${background}`;
}

export const HOST_SCRIPT = `
for (const element of document.querySelectorAll('customer-journey')) element.getToken = async () => ${JSON.stringify(TOKEN)};
`;

export const HOST_STYLE = `body { margin: 14px; background: #e9edf2; } body.dark { background: #0c1015; }`;
