// @ts-check
// Models and collections: attributes with change events, and lists that repeat their members'
// events. A change raises `change:x` (model, value, previous) and then `change` (model).

import { EventEmitter } from "./emitter.js";

export class BaseModel extends EventEmitter {
  /**
   * @param {Record<string, any>} [attributes]
   */
  constructor(attributes = {}) {
    super();
    Object.defineProperty(this, "_attributes", { value: {} });
    Object.defineProperty(this, "_collections", { value: new Set() });
    for (const [name, value] of Object.entries(attributes)) {
      declare(this.constructor, name);
      this.attributes[name] = value;
    }
  }

  /** @returns {Record<string, any>} */
  get attributes() {
    return /** @type {any} */ (this)._attributes;
  }

  /** @returns {Set<Collection>} */
  get collections() {
    return /** @type {any} */ (this)._collections;
  }

  /** @param {string} name */
  get(name) {
    return /** @type {any} */ (this)[name];
  }

  /**
   * @param {string | Record<string, any>} changes
   * @param {any} [value]
   */
  set(changes, value) {
    const wanted = typeof changes === "string" ? { [changes]: value } : changes;
    /** @type {[string, any, any][]} */
    const changed = [];
    for (const [name, next] of Object.entries(wanted)) {
      declare(this.constructor, name);
      const previous = this.attributes[name];
      if (same(previous, next)) continue;
      this.attributes[name] = next;
      changed.push([name, next, previous]);
    }
    for (const [name, next, previous] of changed) {
      this.trigger(`change:${name}`, this, next, previous);
    }
    if (changed.length > 0) this.trigger("change", this);
    return this;
  }

  /**
   * @param {string} name
   * @param {...any} args
   */
  trigger(name, ...args) {
    super.trigger(name, ...args);
    for (const collection of this.collections) collection.trigger(name, ...args);
    return this;
  }

  unsafe() {
    return this;
  }

  /** The attributes alone: acyclic, safe for JSON. */
  serialize() {
    return { ...this.attributes };
  }

  toJSON() {
    return this.serialize();
  }
}

/**
 * @param {any} left
 * @param {any} right
 */
function same(left, right) {
  if (Object.is(left, right)) return true;
  return typeof left?.equals === "function" && left.equals(right);
}

/**
 * Makes `name` an attribute of a model class, unless the class means something else by it.
 * @param {any} modelClass
 * @param {string} name
 */
export function declare(modelClass, name) {
  if (name in modelClass.prototype) return;
  Object.defineProperty(modelClass.prototype, name, {
    configurable: true,
    enumerable: true,
    get() {
      // Libraries look at the prototype itself to see what a class offers.
      return this._attributes?.[name];
    },
    set(value) {
      this.set(name, value);
    },
  });
}

/**
 * @param {any} modelClass
 * @param {string} proxyName the name by which wa-js recognises a model class
 * @param {string[]} attributes
 */
export function defineModel(modelClass, proxyName, attributes = []) {
  modelClass.prototype.proxyName = proxyName;
  for (const name of attributes) declare(modelClass, name);
  return modelClass;
}

export class Collection extends EventEmitter {
  /** @type {any} */
  static model = undefined;

  /** @param {any[]} [models] */
  constructor(models = []) {
    super();
    if (!(/** @type {any} */ (this.constructor).model)) {
      throw new Error("Collection initialized without model");
    }
    /** @type {any[]} */
    this._models = [];
    /** @type {Map<string, any>} */
    this._index = new Map();
    this.add(models, { silent: true });
  }

  /** @returns {any} */
  get modelClass() {
    return /** @type {any} */ (this.constructor).model;
  }

  get length() {
    return this._models.length;
  }

  /**
   * Adds what is not there yet; what is there is returned as it is, or merged.
   * @param {any} value
   * @param {{merge?: boolean, silent?: boolean}} [options]
   */
  add(value, options = {}) {
    const many = Array.isArray(value);
    const models = (many ? value : [value]).map((one) => this._addOne(one, options));
    return many ? models : models[0];
  }

  /**
   * @param {any} value
   * @param {{merge?: boolean, silent?: boolean}} options
   */
  _addOne(value, { merge = false, silent = false }) {
    const existing = this.get(value.id);
    if (existing) {
      if (merge) existing.set(value instanceof BaseModel ? value.attributes : value);
      return existing;
    }
    const model = value instanceof this.modelClass ? value : new this.modelClass(value);
    this._models.push(model);
    this._index.set(String(model.id), model);
    model.collections.add(this);
    if (!silent) this.trigger("add", model, this, {});
    return model;
  }

  /** @param {any} value */
  remove(value) {
    const removed = [];
    for (const one of Array.isArray(value) ? value : [value]) {
      const model = this.get(one?.id ?? one);
      if (!model) continue;
      this._models.splice(this._models.indexOf(model), 1);
      this._index.delete(String(model.id));
      this.trigger("remove", model, this, {});
      model.collections.delete(this);
      removed.push(model);
    }
    return removed;
  }

  /** @param {any} id a string, a Wid, a MsgKey or a model */
  get(id) {
    if (id == null) return undefined;
    return this._index.get(String(id instanceof BaseModel ? id.attributes.id : id));
  }

  /** @param {any} id */
  assertGet(id) {
    const model = this.get(id);
    if (!model) throw new Error(`Collection.assertGet: no ${id}`);
    return model;
  }

  /** @param {any} id */
  async find(id) {
    return this.assertGet(id);
  }

  getModelsArray() {
    return [...this._models];
  }

  toArray() {
    return this.getModelsArray();
  }

  head() {
    return this._models[0];
  }

  last() {
    return this._models.at(-1);
  }

  /** @param {number} position */
  at(position) {
    return this._models[position];
  }

  reset() {
    this.remove(this.getModelsArray());
  }

  serialize() {
    return this._models.map((model) => model.serialize());
  }

  toJSON() {
    return this.serialize();
  }
}

const array = /** @type {any} */ (Collection.prototype);
for (const name of ["indexOf", "every", "some", "forEach", "map", "filter", "reduce", "slice"]) {
  array[name] = function (/** @type {any[]} */ ...args) {
    return this._models[name](...args);
  };
}
array.findFirst = function (/** @type {any[]} */ ...args) {
  return this._models.find(...args);
};
