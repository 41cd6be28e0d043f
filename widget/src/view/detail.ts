import { type TemplateResult, html, nothing } from 'lit-html';
import type { Row } from '../api/operations.js';
import type { MessageKey, Words } from '../i18n/words.js';
import { colourOf, iconOf } from '../journey/channels.js';
import type { More } from '../journey/session.js';
import { scoreOf, ticketNumberOf, transfersOf } from '../journey/rows.js';
import { icon } from './icons.js';
import { contactName, escalatedPill, isThisCall, numberName, sourceName, statePill, topicOf } from './item.js';
import type { Scene } from './scene.js';

type Shown = TemplateResult | string | number | symbol | null | undefined;

/** The contacts of the open one's date, oldest first: what previous and next walk over. */
export function sameDate(scene: Scene, row: Row): Row[] {
  const date = scene.calendar.dateOf(row.startedAt);
  const day = scene.picture.days.find(({ key }) => key === date);
  return [...(day?.rows ?? [row])].reverse();
}

/** A non-modal dialog with everything that is known about one contact. The element places it. */
export function detail(scene: Scene, row: Row): TemplateResult {
  const { words, act } = scene;
  const walk = sameDate(scene, row);
  const index = walk.findIndex(({ id }) => id === row.id);
  const [previous, next] = [walk[index - 1], walk[index + 1]];
  const number = numberName(words, row);
  return html`<div class="detail" part="detail" popover="manual" role="dialog" aria-labelledby="detail-title" tabindex="-1">
    <div class="top">
      <span class="disc c-${colourOf(row)}">${icon(iconOf(row), 17)}</span>
      <div class="names"><h3 id="detail-title">${contactName(words, row)}${number ? ` · ${number}` : nothing}</h3>
        <p>${words.date(row.startedAt, 'full')}${isThisCall(scene, row) ? html` <span class="pill this">${words.t('thisCall')}</span>` : nothing}</p></div>
      <span class="walk"><button class="tool back" ?disabled=${!previous} aria-label=${words.t('detail.previous')} title=${words.t('detail.previous')} @click=${() => previous && act.open(previous.id)}>${icon('left', 16, 2.2)}</button>
        ${words.t('detail.of', { n: index + 1, all: walk.length })}
        <button class="tool forth" ?disabled=${!next} aria-label=${words.t('detail.next')} title=${words.t('detail.next')} @click=${() => next && act.open(next.id)}>${icon('right', 16, 2.2)}</button></span>
      <button class="tool shut" aria-label=${words.t('close')} title=${words.t('close')} @click=${() => act.close()}>${icon('cross', 15, 2.2)}</button>
    </div>
    <dl>${facts(scene, row)}${texts(scene, row)}</dl>
    <div class="bottom">
      ${row.url && isSafe(row.url) ? html`<a href=${row.url} target="_blank" rel="noopener noreferrer" @click=${(event: Event) => act.follow(event, row)}>${icon('external', 14)}${words.t('detail.open', { source: row.source.name })}</a>` : nothing}
      <slot name="detail-actions" data-interaction=${row.id}></slot>
      <span class="from">${sourceName(words, row.source)}${row.externalId ? html` · ${row.externalId}` : nothing}</span>
    </div>
  </div>`;
}

/** Links go to `https:` alone, whatever a source says. */
export function isSafe(url: string): boolean {
  try {
    return new URL(url).protocol === 'https:';
  } catch {
    return false;
  }
}

const muted = (text: string): TemplateResult => html`<span class="muted">${text}</span>`;

/** Says that a field is withheld, where it is. */
const withheld = ({ words, session }: Scene, field: string): Shown => (session.withheld.has(field) ? muted(words.t('notVisible')) : null);

/** One name and its value; nothing where there is no value. */
const fact = ({ words }: Scene, key: MessageKey, value: Shown, whole = ''): Shown =>
  (value === null || value === undefined || value === '' ? nothing : html`<div class=${whole}><dt>${words.t(key)}</dt><dd>${value}</dd></div>`);

function facts(scene: Scene, row: Row): Shown[] {
  const { words } = scene;
  const hidden = (field: string): Shown => withheld(scene, field);
  const transfers = transfersOf(row);
  const [wrapUp] = row.wrapUpCodes.slice(-1);
  const { score } = row;
  return [
    fact(scene, 'field.topic', topicOf(words, row)),
    fact(scene, 'field.outcome', html`${statePill(scene, row)} ${escalatedPill(words, row)}`),
    row.topic && row.subject !== row.topic ? fact(scene, 'field.subject', row.subject) : null,
    fact(scene, 'field.address', row.address ? html`${row.address.value}` : hidden('Interaction.address')),
    fact(scene, 'field.reference', ticketNumberOf(row)),
    fact(scene, 'field.time', span(scene, row)),
    fact(scene, 'field.queue', row.queue?.name ?? hidden('Interaction.queue')),
    fact(scene, 'field.agent', row.agent || transfers ? html`${row.agent?.name ?? '—'}${transfers ? html` ${muted(`· ${words.t('transfers', { n: transfers })}`)}` : nothing}` : null),
    fact(scene, 'field.wrapUp', wrapUp ? html`${wrapUp.levels.length > 1 ? wrapUp.levels.join(' › ') : wrapUp.label}` : hidden('Interaction.wrapUpCodes')),
    fact(scene, 'field.campaign', row.campaign?.name),
    fact(scene, 'field.score', score && (score.previous !== null || score.current !== null) ? html`<span>${score.previous ?? '—'} → ${score.current ?? '—'}</span>` : null),
    row.__typename === 'Ticket' ? fact(scene, 'field.status', words.named('ticket', row.ticketStatus, row.sourceStatus)) : null,
    row.__typename === 'Ticket' && row.priority ? fact(scene, 'field.priority', words.named('priority', row.priority)) : null,
    ...(row.__typename === 'Call' ? [
      fact(scene, 'field.wait', seconds(scene, row.waitSeconds) ?? hidden('Call.waitSeconds')),
      fact(scene, 'field.talk', seconds(scene, row.talkSeconds) ?? hidden('Call.talkSeconds')),
      fact(scene, 'field.hold', row.holdSeconds ? seconds(scene, row.holdSeconds) : null),
    ] : []),
    fact(scene, 'field.tags', row.tags.length ? html`${row.tags.map((tag) => html`<span class="tag">${tag}</span> `)}` : null),
  ];
}

const seconds = ({ words }: Scene, value: number | null): Shown => (value === null ? null : html`${words.duration(value)}`);

function span({ words, calendar }: Scene, row: Row): TemplateResult {
  const sameDay = row.endedAt !== null && calendar.dateOf(row.endedAt) === calendar.dateOf(row.startedAt);
  const end = row.endedAt === null ? nothing : html` – <time datetime=${row.endedAt}>${sameDay ? words.time(row.endedAt) : words.stamp(row.endedAt)}</time>`;
  return html`<span><time datetime=${row.startedAt}>${words.time(row.startedAt)}</time>${end}${row.durationSeconds === null ? nothing : html` ${muted(`(${words.duration(row.durationSeconds)})`)}`}</span>`;
}

function texts(scene: Scene, row: Row): Shown[] {
  const { words, session } = scene;
  const wide = (key: MessageKey, value: Shown): Shown => fact(scene, key, value, 'whole');
  const notes = [...row.wrapUpCodes.flatMap(({ note }) => (note ? [{ text: note, author: null }] : [])), ...row.comments];
  const more = session.more.get(row.id);
  const hasMessages = more?.__typename === 'Conversation' && more.messages.length > 0;
  const legs = row.legs.map((leg) => line(words.time(leg.startedAt), [words.named('leg', leg.kind), leg.queue?.name, leg.agent?.name].filter(Boolean).join(' · ')));
  return [
    wide('field.legs', legs.length > 1 ? html`<ol role="list">${legs}</ol>` : legs.length ? null : withheld(scene, 'Interaction.legs')),
    wide('field.comments', notes.length ? html`${notes.map(({ text, author }) => html`<p class="note">${author ? html`<b>${author.name}</b> ` : nothing}${text}</p>`)}` : withheld(scene, 'Interaction.comments')),
    row.preview && !hasMessages && scoreOf(row) === null ? wide('field.preview', html`<p class="note">${row.preview}</p>`) : null,
    extra(scene, row),
  ];
}

const line = (time: string, text: string): TemplateResult => html`<li>${time} ${text}</li>`;

const EXTRA: Partial<Record<Row['__typename'], readonly [MessageKey, string]>> = {
  Conversation: ['field.messages', 'Conversation.messages'],
  SurveyResponse: ['field.answers', 'SurveyResponse.answers'],
  WebVisit: ['field.visit', 'WebVisit.events'],
};

/** Messages, answers or events, which are read when a row is opened. */
function extra(scene: Scene, row: Row): Shown {
  const { words, session } = scene;
  const [label, field] = EXTRA[row.__typename] ?? [];
  if (!label || !field) return null;
  const more = session.more.get(row.id);
  const said = more === undefined ? html`<span class="muted" aria-busy="true">${words.t('detail.loading')}</span>`
    : more === null ? muted(words.t('detail.failed')) : items(words, more);
  return fact(scene, label, withheld(scene, field) ?? (said && html`<ol class=${row.__typename.toLowerCase()} role="list">${said}</ol>`), 'whole');
}

function items(words: Words, more: More): TemplateResult[] | null {
  const each = more.__typename === 'Conversation'
    ? more.messages.map((message) => html`<li class=${message.from.toLowerCase()}><span class="by">${message.agent?.name ?? words.named('leg', message.from)} · <time datetime=${message.at}>${words.time(message.at)}</time></span>
        <span class="said">${message.text}${message.attachments.map(({ name, contentType }) => html` <span class="tag">${name ?? contentType ?? '…'}</span>`)}</span></li>`)
    : more.__typename === 'SurveyResponse' ? more.answers.map(({ question, answer }) => html`<li>${muted(question)} ${answer ?? '—'}</li>`)
      : more.__typename === 'WebVisit' ? more.events.map((event) => line(words.time(event.at), event.title ?? event.name)) : [];
  return each.length ? each : null;
}
