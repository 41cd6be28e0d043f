const EDGE = 8;
const APART = 14;
const WIDTH = 452;

/**
 * Puts the detail beside its mark, on whichever side has room, or, in a narrow panel, as a sheet at the panel's end.
 * It lies in the top layer, so everything is in the viewport's coordinates.
 */
export function beside(panel: HTMLElement, mark: Element | null, frame: DOMRect, wide: boolean): void {
  const set = (name: string, pixels: number): void => panel.style.setProperty(name, `${Math.round(pixels)}px`);
  const width = Math.min(WIDTH, innerWidth - 2 * EDGE);
  set('--high', innerHeight - 2 * EDGE);
  if (!wide) {
    const bottom = Math.max(Math.min(innerHeight, frame.bottom), Math.min(innerHeight, frame.top + 320)) - EDGE;
    set('--wide', Math.max(0, frame.width - 2 * EDGE));
    set('--high', Math.max(240, Math.min(innerHeight - 2 * EDGE, bottom - Math.max(EDGE, frame.top + EDGE))));
    set('--left', frame.left + EDGE);
    set('--top', Math.max(EDGE, bottom - panel.offsetHeight));
    return;
  }
  set('--wide', width);
  const box = mark?.getBoundingClientRect() ?? frame;
  const before = box.left - APART - width;
  const after = box.right + APART;
  const left = before >= Math.max(EDGE, frame.left) || after + width > innerWidth - EDGE ? before : after;
  set('--left', Math.max(EDGE, Math.min(innerWidth - width - EDGE, left)));
  set('--top', Math.max(EDGE, Math.min(innerHeight - panel.offsetHeight - EDGE, box.top - 24)));
}
