import { type TemplateResult, render } from 'lit-html';

export type Changed = ReadonlySet<string>;

/**
 * What LitElement would do, as far as it is needed here: properties and attributes kept alike, one drawing for however many
 * changes, before the next paint. Lit's own base class alone would take 2.5 of the bundle's 35 kB.
 */
export abstract class Panel extends HTMLElement {
  /** Each is a property as well, `page-size` as `pageSize`. */
  static readonly observedAttributes: readonly string[] = [];
  /** Those of them that follow their properties. */
  static readonly reflected: readonly string[] = [];
  /** Shared by all panels; a constructed sheet passes where a policy allows no inline style. */
  static readonly sheet: CSSStyleSheet;

  /** Resolves when what was changed so far is drawn. */
  updateComplete: Promise<void> = Promise.resolve();
  readonly renderRoot: ShadowRoot;
  readonly #values = new Map<string, unknown>();
  #changed = new Set<string>();
  #awaited = false;

  /** `values` stand until something is set; they name the properties without an attribute as well. */
  constructor(values: Readonly<Record<string, unknown>>) {
    super();
    this.renderRoot = this.attachShadow({ mode: 'open' });
    const { sheet, observedAttributes } = this.constructor as typeof Panel;
    this.renderRoot.adoptedStyleSheets = [sheet];
    for (const name of new Set([...observedAttributes.map(propertyOf), ...Object.keys(values)])) {
      // What a host set before the element was defined.
      this.#values.set(name, Object.hasOwn(this, name) ? this[name as keyof this] : values[name]);
      Object.defineProperty(this, name, { get: () => this.#values.get(name), set: (value: unknown) => this.#set(name, value) });
    }
  }

  connectedCallback(): void {
    this.requestUpdate();
  }

  attributeChangedCallback(attribute: string, _old: string | null, text: string | null): void {
    this.#set(propertyOf(attribute), text);
  }

  requestUpdate(): void {
    if (this.#awaited || !this.isConnected) return;
    this.#awaited = true;
    this.updateComplete = Promise.resolve().then(() => this.#update());
  }

  protected abstract willUpdate(changed: Changed): void;
  protected abstract render(): TemplateResult;
  protected abstract updated(): void;

  #set(name: string, value: unknown): void {
    if (Object.is(this.#values.get(name), value)) return;
    this.#values.set(name, value);
    this.#changed.add(name);
    this.requestUpdate();
  }

  #update(): void {
    this.#awaited = false;
    if (!this.isConnected) return;
    const changed = this.#changed;
    this.#changed = new Set();
    this.willUpdate(changed);
    for (const attribute of (this.constructor as typeof Panel).reflected) {
      if (changed.has(propertyOf(attribute))) this.#reflect(attribute, this.#values.get(propertyOf(attribute)));
    }
    render(this.render(), this.renderRoot, { host: this });
    this.updated();
  }

  #reflect(attribute: string, value: unknown): void {
    if (value === null || value === undefined) this.removeAttribute(attribute);
    else if (this.getAttribute(attribute) !== String(value)) this.setAttribute(attribute, String(value));
  }
}

const propertyOf = (attribute: string): string => attribute.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());

export function sheetOf(...styles: readonly string[]): CSSStyleSheet {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(styles.join(''));
  return sheet;
}
