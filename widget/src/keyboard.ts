/** Where a key leads from an item of the list; null for keys that are none of ours. Items stand newest first. */
export function keyToItem(key: string, from: HTMLElement, root: ParentNode, wide: boolean, rtl: boolean): HTMLElement | null {
  const items = Array.from(root.querySelectorAll<HTMLElement>('.timeline .item')).filter((item) => item.offsetParent !== null);
  const index = items.indexOf(from);
  if (index < 0) return null;
  const [older, newer] = rtl ? ['ArrowRight', 'ArrowLeft'] : ['ArrowLeft', 'ArrowRight'];
  switch (key) {
    case 'Home': return items.at(-1) ?? null;
    case 'End': return items[0] ?? null;
    case 'PageUp': return onDay(items, from, 1);
    case 'PageDown': return onDay(items, from, -1);
    case 'ArrowUp': return wide ? inLane(items, from, -1) : items[index - 1] ?? null;
    case 'ArrowDown': return wide ? inLane(items, from, 1) : items[index + 1] ?? null;
    default:
  }
  if (!wide) return null;
  return (key === older ? items[index + 1] : key === newer ? items[index - 1] : null) ?? null;
}

/** The first item of the next day towards the past (1) or the present (-1); the last day there is, beyond it. */
function onDay(items: readonly HTMLElement[], from: HTMLElement, way: 1 | -1): HTMLElement | null {
  const dayOf = (item: Element): Element | null => item.closest('.day');
  const days = [...new Set(items.map(dayOf))];
  const day = days[Math.max(0, Math.min(days.length - 1, days.indexOf(dayOf(from)) + way))];
  return items.find((item) => dayOf(item) === day) ?? null;
}

const LANE_WEIGHT = 4;

/** The nearest item in a lane above (-1) or below (1): lanes count more than days. */
function inLane(items: readonly HTMLElement[], from: HTMLElement, way: 1 | -1): HTMLElement | null {
  const own = from.getBoundingClientRect();
  let best: HTMLElement | null = null;
  let least = Infinity;
  for (const item of items) {
    const box = item.getBoundingClientRect();
    const down = (box.top - own.top) * way;
    const distance = down * LANE_WEIGHT + Math.abs(box.left - own.left);
    if (down < own.height / 2 || distance >= least) continue;
    best = item;
    least = distance;
  }
  return best;
}

/** Esc closes, Alt+arrow walks the date. Whether the key was one of these. */
export function keyInDetail(event: KeyboardEvent, root: ParentNode, rtl: boolean): boolean {
  const press = (button: string): void => root.querySelector<HTMLButtonElement>(`.detail ${button}`)?.click();
  if (event.key === 'Escape') {
    event.stopPropagation();
    press('.shut');
    return true;
  }
  if (!event.altKey || !/^Arrow(Left|Right)$/.test(event.key)) return false;
  event.preventDefault();
  press((event.key === 'ArrowLeft') === rtl ? '.forth' : '.back');
  return true;
}
