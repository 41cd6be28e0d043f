// Behind the scenes: vendors that are slow or down, messages, chats, and the line to the gateway.
import { documents, happen } from './asking.js';
import { indented } from './document.js';

const byId = (id) => document.getElementById(id);
const MODES = ['normal', 'slow', 'down', 'hang'];
const EVENTS = ['cj-ready', 'cj-state', 'cj-select', 'cj-close', 'cj-filter', 'cj-view', 'cj-live', 'cj-open-source', 'cj-identity-choose', 'cj-token-needed', 'cj-error'];
const MOST_HEARD = 12;

export class Stage {
  #say;
  #desk;
  #documents = new Map();
  #modes = new Map();

  /** `desk`: who is on the line (`caller`), the `phone`, the `widget`, and `ring()`. */
  constructor(say, desk, facts) {
    this.#say = say;
    this.#desk = desk;
    for (const source of facts.sources) byId('systems').append(this.#system(source, facts.faults[source]));
    byId('repair').addEventListener('click', () => void this.#repair());
    byId('whatsapp').hidden = !facts.hasWebhooks; // nobody else would tell of it
    byId('cut').checked = facts.cut;
    byId('cut').addEventListener('change', ({ target }) => void this.#do('line', { cut: target.checked }, target.checked ? 'told.cut' : 'told.mended'));
    for (const action of ['whatsapp', 'chat']) {
      byId(action).addEventListener('submit', (event) => {
        event.preventDefault();
        const text = byId(`${action}-text`).value.trim();
        if (text) void this.#do(action, { customer: desk.caller.key, text });
      });
    }
    byId('silence').addEventListener('click', () => void this.#do('silence', { customer: desk.caller.key }, 'told.silence'));
    byId('close-chat').addEventListener('click', () => void this.#do('close-chat', { customer: desk.caller.key }));
    byId('call-starts').addEventListener('click', () => void desk.ring());
    byId('call-ends').addEventListener('click', () => void desk.phone.hangUp());
    for (const name of EVENTS) desk.widget.addEventListener(name, (event) => this.#hear(name, event.detail));
    byId('operation').addEventListener('change', () => this.#show());
    void this.#read();
  }

  /** In another language. */
  speak() {
    for (const [source, { label, select, dot }] of this.#modes) {
      label.textContent = this.#say(`source.${source}`);
      for (const option of select.options) option.textContent = this.#say(`mode.${option.value}`);
      dot.dataset.mode = select.value;
    }
    for (const action of ['whatsapp', 'chat']) byId(`${action}-text`).value = this.#say(`${action}.text`);
    byId('document').setAttribute('aria-label', this.#say('asked.document'));
    byId('snippet').setAttribute('aria-label', this.#say('embed.code'));
    byId('told').textContent = '';
    this.#show();
  }

  #system(source, mode) {
    const row = document.createElement('li');
    const label = document.createElement('label');
    const dot = document.createElement('i');
    const select = document.createElement('select');
    select.id = `mode-${source}`;
    label.htmlFor = select.id;
    select.append(...MODES.map((each) => new Option(each, each, each === mode, each === mode)));
    select.addEventListener('change', () => void this.#break(source, select.value));
    row.append(dot, label, select);
    this.#modes.set(source, { label, select, dot });
    return row;
  }

  async #break(source, mode) {
    this.#modes.get(source).dot.dataset.mode = mode;
    await this.#do('fault', { source, mode, forget: !byId('remember').checked });
    this.#desk.widget.refresh();
  }

  async #repair() {
    byId('cut').checked = false;
    await this.#do('line', { cut: false });
    for (const [source, { select }] of this.#modes) {
      if (select.value === 'normal') continue;
      select.value = 'normal';
      this.#modes.get(source).dot.dataset.mode = 'normal';
      await this.#do('fault', { source, mode: 'normal' });
    }
    this.#desk.widget.refresh();
  }

  async #do(action, command, words = 'told.yes') {
    let key = 'told.failed';
    try {
      key = (await happen(action, command)).told ? words : 'told.no';
    } catch {
      // said below
    }
    byId('told').textContent = this.#say(key);
  }

  async #read() {
    this.#documents = await documents();
    byId('operation').replaceChildren(...[...this.#documents.keys()].map((name) => new Option(name, name, false, name === 'FirstPage')));
    this.#show();
  }

  #show() {
    const text = this.#documents.get(byId('operation').value);
    if (!text) return;
    byId('document').textContent = indented(text);
    const variables = { by: { phone: this.#desk.caller.phone }, first: 50, filter: {}, timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone, named: '', hasNamed: false };
    byId('try').href = this.#desk.graphiql({ query: indented(text), variables: JSON.stringify(only(variables, text), null, 2) });
  }

  #hear(name, detail) {
    const line = document.createElement('li');
    const code = document.createElement('code');
    code.textContent = name;
    line.append(code, ` ${JSON.stringify(detail)}`);
    byId('heard').prepend(line);
    while (byId('heard').children.length > MOST_HEARD) byId('heard').lastChild.remove();
  }
}

/** Of the values, those that the document declares. */
const only = (values, text) => Object.fromEntries(Object.entries(values).filter(([name]) => new RegExp(`\\$${name}\\b`).test(text)));
