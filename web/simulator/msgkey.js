// @ts-check
// Message keys: `true|false_<chat>_<id>[_<participant>]`, the participant in groups and status.
// Since WhatsApp Web 2.3000.1042401057 the cached text sits in a minified property and no longer
// in `_serialized`; the simulator offers both kinds.

import { createWid } from "./wid.js";

/**
 * @param {any} target
 * @param {any} given `{from, to, id, participant, selfDir}` or `{fromMe, remote, id, participant}`
 * @returns {string}
 */
function fill(target, given) {
  target.fromMe = given.selfDir ? given.selfDir === "out" : given.fromMe;
  const remote = given.remote ?? (target.fromMe ? given.to : given.from);
  target.remote = createWid(remote);
  target.id = given.id;
  if (given.participant) target.participant = createWid(given.participant);
  const parts = [target.fromMe, target.remote, target.id];
  if (target.participant) parts.push(target.participant);
  return parts.join("_");
}

/** @param {string} text */
function parse(text) {
  const [fromMe, remote, ...rest] = text.split("_");
  const participant = rest.length > 1 && rest.at(-1)?.includes("@") ? rest.pop() : undefined;
  if (!remote || rest.length === 0) throw new Error(`MsgKey error: cannot parse ${text}`);
  return { fromMe: fromMe === "true", remote, id: rest.join("_"), participant };
}

function randomId() {
  const bytes = crypto.getRandomValues(new Uint8Array(9));
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return `3EB0${hex.toUpperCase()}`;
}

export class PlainMsgKey {
  /** @param {any} given */
  constructor(given) {
    if (!given) throw new Error("MsgKey error: obj is null/undefined");
    this._serialized = fill(this, given);
  }

  toString() {
    return this._serialized;
  }
}

export class MinifiedMsgKey {
  /** @param {any} given */
  constructor(given) {
    if (!given) throw new Error("MsgKey error: obj is null/undefined");
    this.$1 = fill(this, given);
  }

  toString() {
    return this.$1;
  }
}

for (const keyClass of /** @type {any[]} */ ([PlainMsgKey, MinifiedMsgKey])) {
  keyClass.prototype.equals = function (/** @type {any} */ other) {
    return other != null && String(other) === this.toString();
  };
  keyClass.prototype.clone = function () {
    return new keyClass(this);
  };
  keyClass.fromString = (/** @type {string} */ text) => new keyClass(parse(text));
  keyClass.from = (/** @type {any} */ value) =>
    value instanceof keyClass ? value : keyClass.fromString(String(value));
  keyClass.newId = async () => randomId();
}
