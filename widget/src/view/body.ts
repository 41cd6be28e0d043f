import { type TemplateResult, html } from 'lit-html';
import { filters } from './filters.js';
import { grid } from './grid.js';
import { footer, header } from './header.js';
import { kpis } from './kpis.js';
import { list } from './list.js';
import type { Scene } from './scene.js';
import { ambiguous, banners, denied, empty, failed, idle, loading, notFound } from './states.js';

const BLANKS = { idle, loading, ambiguous, 'not-found': notFound, denied, error: failed };

/** A panel from its header to its footer, or what stands for them while there is no customer to show. */
export function body(scene: Scene): TemplateResult {
  const { session } = scene;
  if (session.phase !== 'ready') return BLANKS[session.phase](scene);
  const contacts = session.isEmpty ? empty : scene.view === 'grid' && scene.wide ? grid : list;
  return html`${header(scene)}${kpis(scene)}${filters(scene)}${banners(scene)}
    <div class="body ${session.reloading ? 'reloading' : ''}">${contacts(scene)}</div>${footer(scene)}`;
}
