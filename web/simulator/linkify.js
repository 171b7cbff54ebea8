// @ts-check
// WALinkify: the links in a text.

const LINK = /\b(?:https?:\/\/|www\.)[^\s<>"']+/gi;

/** @param {string | undefined} text */
export function findLinks(text) {
  return Array.from((text ?? "").matchAll(LINK), ([value]) => ({
    value,
    href: value.startsWith("http") ? value : `http://${value}`,
    suspiciousCharacters: new Set(),
  }));
}

/** @param {string | undefined} text */
export function findLink(text) {
  return findLinks(text)[0] ?? null;
}
