import { keyInDetail, keyToItem } from './keyboard.js';
import type { Picture } from './picture.js';
import { beside } from './placement.js';
import { drawWindow, firstRowOf, markOf } from './sight.js';

/** The panel whose hands these are. */
interface Held extends HTMLElement {
  readonly renderRoot: ShadowRoot;
  readonly updateComplete: Promise<void>;
  readonly picture: Picture;
  readonly wide: boolean;
  readonly selected: string | null;
  firstRow: number;
  select(id: string): void;
  requestUpdate(): void;
}

/** Pointer, keys, focus and scrolling. */
export class Hands {
  #frame = 0;

  constructor(private readonly panel: Held) {
    // what scrolls inside is not heard outside
    panel.renderRoot.addEventListener('scroll', this.moved, { capture: true, passive: true });
  }

  start(): void {
    addEventListener('scroll', this.moved, { capture: true, passive: true });
    addEventListener('resize', this.moved, { passive: true });
  }

  stop(): void {
    removeEventListener('scroll', this.moved, { capture: true });
    removeEventListener('resize', this.moved);
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
  }

  /** What is in sight may be something else now. */
  readonly moved = (): void => {
    this.#frame ||= requestAnimationFrame(() => {
      const { panel } = this;
      this.#frame = 0;
      this.place();
      if (panel.wide) drawWindow(panel.renderRoot, panel.picture);
      panel.firstRow = firstRowOf(panel.renderRoot);
    });
  };

  /** Puts the detail beside its mark. */
  place(): void {
    const { renderRoot, selected, wide } = this.panel;
    const detail = renderRoot.querySelector<HTMLElement>('.detail');
    const root = renderRoot.querySelector('.root');
    if (!detail || !root) return;
    if (!detail.matches(':popover-open')) detail.showPopover();
    const mark = markOf(renderRoot, selected);
    beside(detail, mark?.querySelector('.mark') ?? mark, root.getBoundingClientRect(), wide);
  }

  /** Once it is drawn; without an id, on the item that has the tab stop by then. */
  focusOn(id?: string): void {
    const { panel } = this;
    if (id !== undefined) panel.picture.current = id;
    void panel.updateComplete.then(() => markOf(panel.renderRoot, panel.picture.current)?.focus());
  }

  readonly clicked = (event: Event): void => {
    const { id } = (event.target as Element).closest<HTMLElement>('[data-id]')?.dataset ?? {};
    if (id) this.panel.select(id);
  };

  readonly focused = (event: Event): void => {
    const { item } = (event.target as HTMLElement).dataset;
    if (item === undefined || item === this.panel.picture.current) return;
    this.panel.picture.current = item;
    this.panel.requestUpdate();
  };

  readonly pressed = (event: KeyboardEvent): void => {
    const { panel } = this;
    const rtl = getComputedStyle(panel).direction === 'rtl';
    if (panel.selected !== null && keyInDetail(event, panel.renderRoot, rtl)) return;
    const item = (event.target as Element).closest<HTMLElement>('.item');
    if (!item || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const next = keyToItem(event.key, item, panel.renderRoot, panel.wide, rtl);
    if (!next) return;
    event.preventDefault();
    next.focus({ preventScroll: true });
    next.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  };
}
