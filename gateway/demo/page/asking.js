// What the page asks of its own back end: facts, tokens, and that things happen. A token is given on and kept nowhere.

const OWN = { 'content-type': 'application/json', 'x-journey-demo': 'desk' };

export async function facts() {
  return (await fetch('/demo/desk.json')).json();
}

async function post(path, body) {
  const answer = await fetch(path, { method: 'POST', headers: OWN, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(String(answer.status));
  return answer.json();
}

/** What happened: `{ told: false }` for what cannot happen to this customer. */
export const happen = (action, command) => post(`/demo/control/${action}`, command);

/** For the widget's `getToken`: whoever is signed in, and the one customer on the line. */
export const tokenFor = (viewer, customer) => async () => {
  const { token, expiresAt } = await post('/demo/token', { viewer, ...customer });
  return { token, expiresAt };
};

/** The widget's own documents, by the names of their operations. */
export async function documents() {
  const texts = Object.values(await (await fetch('/widget/1/documents.json')).json());
  return new Map(texts.map((text) => [/(?:query|subscription)\s+(\w+)/.exec(text)[1], text]).sort(([a], [b]) => a.localeCompare(b)));
}
