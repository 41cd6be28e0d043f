// An agent's desktop: a telephone, a customer's card, and the widget beside them. All that a host does is in `show`.
import { facts, tokenFor } from './asking.js';
import { Phone } from './phone.js';
import { Stage } from './stage.js';
import { LANGUAGES, say } from './words.js';

const byId = (id) => document.getElementById(id);
const SNIPPET = `<script type="module" src="https://GATEWAY/widget/1/cj.js"></script>
<customer-journey endpoint="https://GATEWAY/graphql"></customer-journey>

// when a call rings
const el = document.querySelector('customer-journey');
el.getToken = async () => (await fetch('/crm/journey-token', {
  method: 'POST', body: call.number })).json();
el.lookup = 'tel:' + call.number;
el.interaction = call.id;`;

const LOCALES = { en: 'en-GB', it: 'it-IT', fr: 'fr-FR' };

const known = await facts();
const asked = new URLSearchParams(location.search);
const choose = (name, allowed, first) => (allowed.includes(asked.get(name)) ? asked.get(name) : first);
const spoken = navigator.language.slice(0, 2);

/** What the switches say; also in the address, so that a state can be shown to somebody else. */
const chosen = {
  viewer: choose('viewer', known.viewers.map(({ id }) => id), known.viewers[0].id),
  caller: choose('caller', known.callers.map(({ key }) => key), known.callers[0].key),
  lang: choose('lang', Object.keys(LANGUAGES), spoken in LANGUAGES ? spoken : 'en'),
  theme: choose('theme', ['auto', 'light', 'dark'], 'auto'),
  width: choose('width', ['timeline', 'feed'], 'timeline'),
  stage: choose('stage', ['on', 'off'], 'on'),
};

const desk = {
  caller: known.callers.find(({ key }) => key === chosen.caller),
  widget: byId('journey'),
  phone: new Phone(t, () => chosen.viewer),
  /** Lets the telephone ring, and shows whoever calls. */
  async ring() {
    show();
    await desk.phone.ring(desk.caller);
  },
  graphiql(more = {}) {
    const { name } = known.viewers.find(({ id }) => id === chosen.viewer);
    return `/graphiql?${new URLSearchParams({ viewer: name, ...more })}`;
  },
};
const stage = new Stage(t, desk, known);

function t(key, values) {
  return say(chosen.lang, key, values);
}

/** Whom the widget shows: `customer` where somebody chose among several. */
function show(customer = null) {
  const { widget, caller } = desk;
  widget.clear();
  byId('note').textContent = '';
  widget.getToken = tokenFor(chosen.viewer, customer ? { customer } : { lookup: `tel:${caller.phone}` });
  if (customer) widget.customer = customer;
  else widget.lookup = `tel:${caller.phone}`;
  widget.interaction = desk.phone.phase === 'idle' ? null : desk.phone.interaction;
  card(customer !== null);
}

function card(isChosen = false) {
  const { caller } = desk;
  const several = { shared: 'card.several', switchboard: 'card.office', nobody: 'card.none' }[caller.key];
  byId('name').textContent = caller.name ?? t(isChosen ? 'card.chosen' : caller.key === 'nobody' ? 'card.nobody' : 'card.choose');
  byId('initials').textContent = caller.name ? caller.name.split(' ').map(([letter]) => letter).join('') : '?';
  byId('about').textContent = caller.name ? t(`caller.${caller.key}`) : t(several);
  const language = caller.language && new Intl.DisplayNames(chosen.lang, { type: 'language' }).of(caller.language);
  const since = caller.since && new Intl.DateTimeFormat(LOCALES[chosen.lang], { dateStyle: 'medium' }).format(new Date(caller.since));
  for (const [id, value] of Object.entries({ phone: caller.phone, email: caller.email, crm: caller.crmId, language, since: since && t('since', { date: since }) })) {
    byId(`f-${id}`).textContent = value ?? '';
    byId(`f-${id}`).parentElement.hidden = !value;
  }
}

function speak() {
  document.documentElement.lang = chosen.lang;
  document.title = `${t('title')} – Journey Gateway`;
  for (const element of document.querySelectorAll('[data-t]')) element.textContent = t(element.dataset.t);
  desk.widget.lang = chosen.lang;
  for (const option of byId('caller').options) {
    const caller = known.callers.find(({ key }) => key === option.value);
    option.textContent = `${caller.name ?? caller.phone} – ${t(`caller.${caller.key}`)}`;
  }
  byId('outcome').replaceChildren(new Option(t('outcome.none'), ''), ...known.wrapUps.map((code) => new Option(code, code)));
  byId('seen').textContent = t(`seen.${chosen.viewer}`);
  desk.phone.speak();
  stage.speak();
  card();
}

function look() {
  document.documentElement.dataset.theme = chosen.theme;
  desk.widget.theme = chosen.theme;
  byId('desk').dataset.width = chosen.width;
  byId('desk').dataset.stage = chosen.stage;
  byId('show-stage').setAttribute('aria-expanded', String(chosen.stage === 'on'));
  byId('graphiql').href = desk.graphiql();
  const address = new URLSearchParams(chosen);
  history.replaceState(null, '', `${location.pathname}?${address}`);
}

const switches = byId('switches').elements;
switches.viewer.replaceChildren(...known.viewers.map(({ id, name, kind }) => new Option(`${name} · ${kind.toLowerCase()}`, id)));
byId('caller').replaceChildren(...known.callers.map(({ key }) => new Option(key, key)));
for (const name of ['viewer', 'lang', 'theme', 'width']) switches[name].value = chosen[name];
byId('caller').value = chosen.caller;
byId('snippet').textContent = SNIPPET;

byId('switches').addEventListener('change', ({ target }) => {
  chosen[target.name] = target.value;
  look();
  if (target.name === 'lang') speak();
  if (target.name === 'viewer') {
    byId('seen').textContent = t(`seen.${chosen.viewer}`);
    stage.speak();
    show();
  }
});
byId('show-stage').addEventListener('click', () => {
  chosen.stage = chosen.stage === 'on' ? 'off' : 'on';
  look();
});
byId('caller').addEventListener('change', async ({ target }) => {
  const next = known.callers.find(({ key }) => key === target.value);
  chosen.caller = next.key;
  desk.widget.clear(); // at once: whoever called before is nobody's business any more
  await desk.phone.leave();
  desk.caller = next;
  look();
  stage.speak();
  await desk.ring();
});
byId('ring').addEventListener('click', () => void desk.ring());
byId('new-customer').addEventListener('click', () => {
  byId('note').textContent = t('noted');
});
desk.phone.addEventListener('phase', () => {
  desk.widget.interaction = desk.phone.phase === 'idle' ? null : desk.phone.interaction;
});
desk.widget.addEventListener('cj-identity-choose', (event) => {
  event.preventDefault();
  show(event.detail.id);
});
desk.widget.addEventListener('cj-open-source', (event) => {
  event.preventDefault(); // invented systems have no pages
  byId('note').textContent = t('opened');
});

look();
speak();
await desk.ring();
