// @ts-check
// Meta's module loader as the client libraries see it: `__d` defines, `require` gives a module's
// default export where it has one, `importNamespace` always the namespace, and
// `require("__debug").modulesMap` lists what is registered so far.

/** @typedef {Record<string, any>} Exports */
/** @typedef {{id: string, factory: Function, exports: Exports, initialized: boolean}} Module */

/** @type {Record<string, Module>} */
const modulesMap = Object.create(null);

/** @param {string} id */
function instantiate(id) {
  const module = modulesMap[id];
  if (!module) throw new Error(`Requiring unknown module "${id}"`);
  if (!module.initialized) {
    module.initialized = true;
    const scope = [globalThis, require, require, importNamespace, null, module, module.exports];
    module.factory(...scope);
  }
  return module.exports;
}

/** @param {string} id */
export function require(id) {
  if (id === "__debug") return { modulesMap };
  const exports = instantiate(id);
  return "default" in exports ? exports.default : exports;
}

/** @param {string} id */
export function importNamespace(id) {
  return instantiate(id);
}

/**
 * @param {string} id
 * @param {string[]} _dependencies
 * @param {Function} factory
 */
function define(id, _dependencies, factory) {
  modulesMap[id] ??= { id, factory, exports: {}, initialized: false };
}

/**
 * Registers a module whose exports are ready; they stay one mutable object, so that a library
 * that replaces a member is seen by every caller inside the page.
 * @param {string} id
 * @param {Exports} exports
 */
export function register(id, exports) {
  modulesMap[id] = { id, factory: () => exports, exports, initialized: true };
}

export function installLoader() {
  const global = /** @type {any} */ (globalThis);
  global.ErrorGuard = { skipGuardGlobal() {}, guard: (/** @type {Function} */ f) => f };
  global.importDefault = require;
  global.importNamespace = importNamespace;
  global.__d = define;
  global.require = require;
}
