import { type TemplateResult, html, nothing } from 'lit-html';
import type { Channel } from '../api/operations.js';
import { inOrder, lookOf } from '../journey/channels.js';
import { icon } from './icons.js';
import { matterName } from './item.js';
import type { Scene } from './scene.js';
import { PERIODS } from '../choice.js';

export function filters(scene: Scene): TemplateResult {
  const { words, act, chosen } = scene;
  const submit = (event: Event): void => {
    event.preventDefault();
    act.search();
  };
  return html`<form class="filters ${scene.unfolded ? '' : 'folded'}" part="filters" role="search" aria-label=${words.t('filter.label')} @submit=${submit}>
    ${chips(scene)}
    <button type="button" class="button fold" aria-expanded=${scene.unfolded} @click=${() => act.unfold()}>${words.t('filter.label')}</button>
    <span class="space"></span>
    <div class="switch" role="group" aria-label=${words.t('filter.view')}>${(['timeline', 'grid'] as const).map((view) =>
      html`<button type="button" aria-pressed=${scene.view === view} @click=${() => act.setView(view)}>${icon(view, 15)}${words.t(`filter.${view}`)}</button>`)}</div>
    <span class="break"></span>
    <label>${words.t('filter.period')}<select @change=${(event: Event) => act.choose({ period: Number((event.target as HTMLSelectElement).value) })}>${PERIODS.map((months) =>
      html`<option value=${months} ?selected=${months === chosen.period}>${words.t('filter.months', { n: months })}</option>`)}</select></label>
    ${campaigns(scene)}
    <span class="text"><input type="search" name="q" autocomplete="off" maxlength="200" placeholder=${words.t('filter.text')} aria-label=${words.t('filter.text')} .value=${chosen.query}
      @input=${(event: Event) => { act.choose({ query: (event.target as HTMLInputElement).value }); }}>
      <button class="button">${icon('search', 15)}${words.t('filter.search')}</button></span>
    <span class="space"></span>
    ${matters(scene)}
  </form>`;
}

function chips(scene: Scene): TemplateResult {
  const { words, act, chosen, session } = scene;
  const counts = new Map((session.menus?.channels ?? []).map(({ channel, count }) => [channel, count]));
  for (const channel of chosen.channels ?? []) if (!counts.has(channel)) counts.set(channel, 0);
  const all = [...counts.keys()].sort(inOrder);
  const on = (channel: Channel): boolean => chosen.channels?.includes(channel) ?? true;
  const toggle = (channel: Channel): void => {
    const next = all.filter((each) => on(each) !== (each === channel));
    act.choose({ channels: next.length === all.length ? null : next });
  };
  return html`<div class="chips" role="group" aria-label=${words.t('filter.channels')}>${all.map((channel) => html`<button type="button" part="chip"
    class="chip c-${lookOf(channel).colour}" aria-pressed=${on(channel)} aria-label="${words.named('channel', channel)} ${words.number(counts.get(channel) ?? 0)}"
    title=${words.named('channel', channel)} @click=${() => toggle(channel)}>${icon(lookOf(channel).icon, 15)}<span class="label">${words.named('channel', channel)}</span> <span class="count">${words.number(counts.get(channel) ?? 0)}</span></button>`)}</div>`;
}

function campaigns(scene: Scene): TemplateResult | typeof nothing {
  const { words, act, chosen, session } = scene;
  const menu = session.menus?.campaigns ?? [];
  if (!menu.length && !chosen.campaign) return nothing;
  return html`<label>${words.t('filter.campaign')}<select @change=${(event: Event) => act.choose({ campaign: (event.target as HTMLSelectElement).value || null })}>
    <option value="" ?selected=${!chosen.campaign}>${words.t('filter.all')}</option>
    ${menu.map(({ campaign, count }) => html`<option value=${campaign.id} ?selected=${campaign.id === chosen.campaign}>${campaign.name} (${words.number(count)})</option>`)}
  </select></label>`;
}

/** On and off for the line through the open matter; which one, where there are several. */
function matters(scene: Scene): TemplateResult | typeof nothing {
  const { words, act, session, picture: { matter } } = scene;
  const shown = matter ?? session.newestMatter;
  if (!shown) return nothing;
  return html`<span class="matters">
    ${session.matters.length > 1 ? html`<select aria-label=${words.t('filter.whichMatter')} @change=${(event: Event) => act.highlight((event.target as HTMLSelectElement).value)}>
      ${session.matters.map((each) => html`<option value=${each.id} ?selected=${each.id === shown.id}>${matterName(scene, each)}</option>`)}</select>` : nothing}
    <button type="button" class="chip wide c-accent" part="chip" aria-pressed=${matter !== null} @click=${() => act.highlight(matter ? null : shown.id)}>${icon('path', 16, 2)}<span>${words.t('filter.matter', { topic: matterName(scene, shown) })}</span></button>
  </span>`;
}
