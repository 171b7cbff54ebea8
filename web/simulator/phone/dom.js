// @ts-check
// Elements made of plain data. Texts only ever become text nodes, so none can become markup.

/**
 * @param {string} tag
 * @param {Record<string, string | boolean | EventListener>} [attributes] functions are listeners
 * @param {...(Node | string)} children
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/** @param {string} symbol the id of one of the page's symbols */
export function icon(symbol) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#${symbol}`);
  svg.setAttribute("aria-hidden", "true");
  svg.append(use);
  return svg;
}

/**
 * The element that a selector must find.
 * @param {string} selector
 * @param {ParentNode} [root]
 * @returns {any}
 */
export function $(selector, root = document) {
  const found = root.querySelector(selector);
  if (!found) throw new Error(`no ${selector}`);
  return found;
}

/**
 * Makes the children of `parent` those of `items`, keeping each element whose item is unchanged:
 * what a person is reading, tapping or focusing is not replaced under their hands.
 * @template T
 * @param {Element} parent
 * @param {T[]} items
 * @param {(item: T) => string} key
 * @param {(item: T) => HTMLElement} make
 */
export function sync(parent, items, key, make) {
  const old = new Map(Array.from(parent.children, (child) => [child.getAttribute("data-key"), child]));
  items.forEach((item, index) => {
    const id = key(item);
    const state = JSON.stringify(item);
    let child = /** @type {HTMLElement | undefined} */ (old.get(id));
    old.delete(id);
    if (child?.dataset.state !== state) {
      const fresh = make(item);
      fresh.dataset.key = id;
      fresh.dataset.state = state;
      child?.replaceWith(fresh);
      child = fresh;
    }
    if (parent.children[index] !== child) parent.insertBefore(child, parent.children[index] ?? null);
  });
  for (const child of old.values()) child.remove();
}

/** @param {string} digits of a phone number */
export const shownNumber = (digits) =>
  /^\d+$/.test(digits) ? `+${digits.slice(0, -9)} ${(digits.slice(-9).match(/.{1,3}/g) ?? []).join(" ")}` : digits;
