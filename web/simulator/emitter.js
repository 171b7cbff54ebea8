// @ts-check
// Events as WhatsApp Web's models raise them: several names in one string, a context, and a
// listener that throws harms nobody else.

/** @typedef {{listener: Function, context: any, once: boolean}} Entry */

export class EventEmitter {
  constructor() {
    Object.defineProperty(this, "_listeners", { value: new Map(), enumerable: false });
  }

  /** @returns {Map<string, Entry[]>} */
  get _table() {
    return /** @type {any} */ (this)._listeners;
  }

  /**
   * @param {string} names
   * @param {Function} listener
   * @param {any} [context]
   */
  on(names, listener, context) {
    return this._attach(names, listener, context, false);
  }

  /**
   * @param {string} names
   * @param {Function} listener
   * @param {any} [context]
   */
  once(names, listener, context) {
    return this._attach(names, listener, context, true);
  }

  /**
   * @param {string} names
   * @param {Function} listener
   * @param {any} context
   * @param {boolean} once
   */
  _attach(names, listener, context, once) {
    if (typeof listener !== "function") {
      throw new TypeError("Callback parameter passed is not a function");
    }
    for (const name of names.split(/\s+/)) {
      const entries = this._table.get(name) ?? [];
      this._table.set(name, [...entries, { listener, context, once }]);
    }
    return this;
  }

  /**
   * @param {string} [names]
   * @param {Function} [listener]
   * @param {any} [context]
   */
  off(names, listener, context) {
    for (const name of names ? names.split(/\s+/) : [...this._table.keys()]) {
      const kept = (this._table.get(name) ?? []).filter(
        (entry) =>
          (listener && entry.listener !== listener) || (context && entry.context !== context),
      );
      this._table.set(name, kept);
    }
    return this;
  }

  /**
   * @param {string} name
   * @param {...any} args
   */
  trigger(name, ...args) {
    for (const entry of this._table.get(name) ?? []) {
      if (entry.once) this.off(name, entry.listener);
      try {
        entry.listener.apply(entry.context ?? this, args);
      } catch (error) {
        reportError(error);
      }
    }
    return this;
  }

  /**
   * @param {EventEmitter} other
   * @param {string} names
   * @param {Function} listener
   */
  listenTo(other, names, listener) {
    other.on(names, listener, this);
    return this;
  }

  /**
   * @param {EventEmitter} other
   * @param {string} [names]
   * @param {Function} [listener]
   */
  stopListening(other, names, listener) {
    other.off(names, listener, this);
    return this;
  }

  removeAllListeners() {
    this._table.clear();
    return this;
  }
}

const prototype = /** @type {any} */ (EventEmitter.prototype);
prototype.bind = prototype.on;
prototype.addListener = prototype.on;
prototype.unbind = prototype.off;
prototype.removeListener = prototype.off;
prototype.emit = function (/** @type {string} */ name, /** @type {any[]} */ ...args) {
  return this.trigger(name, ...args);
};
