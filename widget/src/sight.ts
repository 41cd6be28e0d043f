// What a panel's root has in sight, and what stands where.
import { windowOf } from './view/list.js';
import { ROW } from './view/grid.js';
import type { Picture } from './picture.js';

/** Rows that the grid's window is moved by. */
const STEP = 25;
/** Pixels that nobody scrolled by on purpose. */
const SLACK = 4;

/** The element that stands for a contact, or a stack of them, in the layout that is in sight. */
export function markOf(root: ParentNode, name: string | null): HTMLElement | null {
  if (name === null) return null;
  const id = CSS.escape(name);
  const found = root.querySelectorAll<HTMLElement>(`:is(.item, .open)[data-id="${id}"], .item[data-item="${id}"]`);
  return [...found].find((element) => element.offsetParent !== null) ?? null;
}

/** Whether somebody points at the list, has the focus in it, or scrolled away from its newest end: new rows would move it. */
export function isHeld(root: ShadowRoot, wide: boolean): boolean {
  const place = root.querySelector('.timeline, .table');
  if (!place) return false;
  if (place.matches(':hover') || place.contains(root.activeElement)) return true;
  if (!wide) return place.getBoundingClientRect().top < Math.max(0, root.host.getBoundingClientRect().top) - SLACK;
  const scroller = root.querySelector('.scroller') ?? place;
  return Math.abs(scroller.scrollLeft) + scroller.scrollTop > SLACK;
}

/** Of the grid, where only the rows around what is in sight are in the document. */
export const firstRowOf = (root: ParentNode): number =>
  Math.max(0, Math.floor((root.querySelector('.table')?.scrollTop ?? 0) / ROW / STEP) * STEP - STEP);

/** Shows in the overview which days are in sight. */
export function drawWindow(root: ParentNode, { layout, today }: Picture): void {
  const scroller = root.querySelector('.scroller');
  const frame = root.querySelector('.overview .window');
  if (!scroller || !frame) return;
  const from = Math.abs(scroller.scrollLeft);
  const to = from + scroller.clientWidth;
  const seen = layout.days.filter(({ x, width }) => x + width > from && x < to);
  const [newest, oldest] = [seen[0], seen.at(-1)];
  if (!newest || !oldest) return;
  const [x, width] = windowOf(today, oldest.day.key, from < 2 * SLACK ? today : newest.day.key);
  frame.setAttribute('x', String(x));
  frame.setAttribute('width', String(width));
}
