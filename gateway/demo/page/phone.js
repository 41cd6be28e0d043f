// The telephone of the desk: ready, ringing, talking, wrap-up. What it does is told to the telephone system, which tells the gateway.
import { happen } from './asking.js';

const byId = (id) => document.getElementById(id);
const SHOWN = { idle: ['ring'], ringing: ['answer', 'hang-up'], talking: ['hang-up'], wrapping: ['finish'] };

export class Phone extends EventTarget {
  phase = 'idle';
  caller = null;
  /** What the telephone system calls this call; null where it does not know the caller. */
  interaction = null;
  #queue = '';
  #since = 0;
  #viewer = () => '';
  #say;
  #bar = byId('phone');

  constructor(say, viewer) {
    super();
    this.#say = say;
    this.#viewer = viewer;
    byId('answer').addEventListener('click', () => void this.answer());
    byId('hang-up').addEventListener('click', () => void this.hangUp());
    byId('finish').addEventListener('click', () => void this.finish());
    setInterval(() => this.#tick(), 1000);
    this.#draw();
  }

  /** Somebody calls. Whoever was on the line before is gone. */
  async ring(caller) {
    await this.leave();
    this.caller = caller;
    this.interaction = null;
    this.#queue = '';
    this.#go('ringing');
    const told = await this.#tell('ring');
    if (this.caller !== caller || !told.told) return;
    this.interaction = told.interaction;
    this.#queue = told.queue;
    this.#go(told.status === 'active' ? 'talking' : 'ringing');
    this.#since = Date.parse(told.since); // before this page was opened, perhaps
  }

  async answer() {
    this.#go('talking');
    await this.#tell('answer');
  }

  /** Either side may; a call that nobody answered is over then. */
  async hangUp() {
    const talked = this.phase === 'talking';
    if (!talked && this.phase !== 'ringing') return;
    this.#go(talked ? 'wrapping' : 'idle');
    await this.#tell('hang-up');
  }

  async finish() {
    const code = byId('outcome').value;
    this.#go('idle');
    if (this.interaction && code) await this.#tell('wrap-up', { code });
  }

  /** Before the next one. */
  async leave() {
    if (this.phase === 'ringing' || this.phase === 'talking') await this.hangUp();
    if (this.phase === 'wrapping') await this.finish();
  }

  speak() {
    this.#draw();
  }

  async #tell(action, more = {}) {
    if (action !== 'ring' && !this.interaction) return { told: false };
    try {
      return await happen(action, { customer: this.caller.key, viewer: this.#viewer(), ...more });
    } catch {
      return { told: false };
    }
  }

  #go(phase) {
    const held = this.#bar.querySelector('.keys').contains(document.activeElement) || document.activeElement?.id === 'ring';
    if (phase !== this.phase) this.#since = Date.now();
    this.phase = phase;
    this.#draw();
    if (held) byId(SHOWN[phase][0]).focus();
    this.dispatchEvent(new Event('phase'));
  }

  #draw() {
    const { phase, caller } = this;
    this.#bar.dataset.phase = phase;
    byId('phase').textContent = this.#say(`phase.${phase}`);
    byId('who').textContent = phase === 'idle' || !caller ? '' : [caller.name ?? this.#say('who.unknown'), caller.phone].join(' · ');
    byId('queue').textContent = phase === 'idle' ? '' : this.#queue;
    byId('hang-up').textContent = this.#say(phase === 'ringing' ? 'decline' : 'hangUp');
    for (const id of ['answer', 'hang-up', 'finish']) byId(id).hidden = !SHOWN[phase].includes(id);
    byId('wrap').hidden = phase !== 'wrapping';
    byId('clock').hidden = phase === 'idle';
    this.#tick();
  }

  #tick() {
    const seconds = Math.max(0, Math.floor((Date.now() - this.#since) / 1000));
    byId('clock').textContent = `${String(Math.floor(seconds / 60)).padStart(2, '0')}:${String(seconds % 60).padStart(2, '0')}`;
  }
}
