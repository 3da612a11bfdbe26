/**
 * An element. Attributes that are functions listen to their event; children that are text stay text, whatever they say.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, string | number | boolean | ((event: Event) => void)>} [attributes]
 * @param {(Node | string)[]} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name, value);
    else if (typeof value === 'boolean') element.toggleAttribute(name, value);
    else element.setAttribute(name, String(value));
  }
  element.append(...children);
  return element;
}

/**
 * The element of the page with this id. Throws where there is none.
 * @param {string} id
 * @returns {HTMLElement}
 */
export function byId(id) {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`the page has no #${id}`);
  return element;
}

/**
 * Says `text` there; what is said already is left alone, so that nobody hears it again.
 * @param {Element} element
 * @param {string} text
 */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Makes `container` hold one element for each item, in their order. Elements stay what they are, and keep the focus.
 * @template Item
 * @param {Element} container
 * @param {readonly Item[]} items
 * @param {{ keyOf: (item: Item) => string, create: (item: Item) => HTMLElement, update: (element: HTMLElement, item: Item) => void }} how
 */
export function keyed(container, items, { keyOf, create, update }) {
  const focused = document.activeElement;
  const known = new Map([...container.children].map((child) => [child.getAttribute('data-key'), child]));
  items.forEach((item, index) => {
    const key = keyOf(item);
    const element = /** @type {HTMLElement} */ (known.get(key) ?? create(item));
    known.delete(key);
    element.setAttribute('data-key', key);
    update(element, item);
    if (container.children[index] !== element)
      container.insertBefore(element, container.children[index] ?? null);
  });
  for (const element of known.values()) element.remove();
  if (focused instanceof HTMLElement && focused !== document.activeElement && container.contains(focused))
    focused.focus();
}

/** @param {number} value */
export const count = (value) => Math.round(value).toLocaleString('en');

/** 1,234,567 as 1.2M. @param {number} value */
export const short = (value) =>
  value.toLocaleString('en', {
    notation: 'compact',
    maximumFractionDigits: value < 10 || value >= 1_000 ? 1 : 0,
  });

/** A rate, with tenths while it is small. @param {number} value */
export const rate = (value) => (value > 0 && value < 10 ? value.toFixed(1) : count(value));

/** @param {number | null | undefined} value */
export const millis = (value) =>
  value == null ? '–' : value > 0 && value < 10 ? value.toFixed(1) : count(value);

/** 1,234,567 as 1.23 MB, by thousands as vendors do. @param {number} value */
export function bytes(value) {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const power = value < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(value) / 3));
  return `${Number((value / 1_000 ** power).toPrecision(3))} ${units[power]}`;
}

/** @param {number} value */
export const money = (value) => `$${value.toFixed(value < 1 ? 4 : 2)}`;

/** @param {number} atMs */
export const clockTime = (atMs) => new Date(atMs).toLocaleTimeString('en-GB');

/** @param {string | null} iso */
export const moment = (iso) => (iso === null ? '–' : `${iso.slice(0, 16).replace('T', ' ')} UTC`);
