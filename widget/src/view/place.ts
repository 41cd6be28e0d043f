import { nothing } from 'lit-html';
import { Directive, type ElementPart, type PartInfo, PartType, directive } from 'lit-html/directive.js';

type Values = Record<string, string | number>;

/**
 * Sets properties through the CSSOM: a style attribute would be refused under a strict content security policy. What changes
 * while a list grows is set by its own name, since a custom property makes everything below be styled anew.
 */
class Place extends Directive {
  readonly #set = new Map<string, string>();

  constructor(info: PartInfo) {
    super(info);
    if (info.type !== PartType.ELEMENT) throw new Error('place() stands on an element');
  }

  render(_values: Values): typeof nothing {
    return nothing;
  }

  override update({ element }: ElementPart, [values]: [Values]): typeof nothing {
    for (const [name, value] of Object.entries(values)) {
      const text = String(value);
      if (this.#set.get(name) === text) continue;
      this.#set.set(name, text);
      (element as HTMLElement).style.setProperty(name, text);
    }
    return nothing;
  }
}

export const place = directive(Place);
