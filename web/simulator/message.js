// @ts-check
// A message in its three shapes: the wire's JSON, the attributes of a model, and a database row.

import { Wid, createWid } from "./wid.js";

/**
 * @param {any} wire as in flowhqd/simulator/message.py
 * @param {any} MsgKey
 * @param {Wid} me our own wid, of the chat's addressing kind
 * @param {{history?: boolean}} options
 */
export function attributesFromWire(wire, MsgKey, me, { history = false }) {
  const chat = createWid(wire.chat);
  const fromMe = Boolean(wire.from_me);
  const participant = wire.participant ?? undefined;
  const id = new MsgKey({ fromMe, remote: chat, id: wire.id, participant });
  const quoted = wire.quoted;
  return defined({
    id,
    from: fromMe ? me : chat,
    to: fromMe ? chat : me,
    author: participant ? createWid(participant) : undefined,
    self: fromMe ? "out" : "in",
    type: wire.type,
    subtype: wire.subtype,
    kind: wire.type,
    body: wire.body,
    caption: wire.caption,
    mimetype: wire.mimetype,
    directPath: wire.mimetype ? `/v/${wire.id}` : undefined,
    t: wire.t,
    ack: fromMe ? 1 : 0,
    notifyName: wire.notify_name,
    isNewMsg: !history,
    mentionedJidList: [],
    isStatusV3: chat.isStatus(),
    broadcast: chat.isBroadcast(),
    protocolMessageKey: wire.target
      ? new MsgKey({ fromMe, remote: chat, id: wire.target, participant })
      : undefined,
    quotedStanzaID: quoted?.id,
    quotedParticipant: quoted?.participant ? createWid(quoted.participant) : undefined,
    quotedMsg: quoted ? { type: "chat", body: quoted.body } : undefined,
  });
}

/**
 * What the server needs of an outgoing message.
 * @param {any} msg
 */
export function wireFromModel(msg) {
  return {
    id: msg.id.id,
    chat: String(msg.id.remote),
    type: msg.type,
    body: msg.body ?? "",
    caption: msg.caption ?? null,
    t: msg.t,
    quoted: msg.quotedStanzaID
      ? { id: msg.quotedStanzaID, participant: String(msg.quotedParticipant ?? "") }
      : null,
  };
}

/** @param {any} msg */
export function rowFromModel(msg) {
  const row = {
    id: String(msg.id),
    chat: String(msg.id.remote),
    t: msg.t ?? 0,
    data: dehydrate(msg.attributes),
  };
  return msg.id.fromMe && msg.ack === 0 ? { ...row, unsent: /** @type {1} */ (1) } : row;
}

/**
 * @param {{data: any}} row
 * @param {any} MsgKey
 */
export function attributesFromRow(row, MsgKey) {
  return { ...hydrate(row.data, MsgKey), isNewMsg: false };
}

/**
 * Plain data that IndexedDB can clone; wids and keys are marked by their kind.
 * @param {any} value
 * @returns {any}
 */
export function dehydrate(value) {
  if (value instanceof Wid) return { $wid: String(value) };
  if (value === null || typeof value !== "object" || ArrayBuffer.isView(value)) {
    return typeof value === "function" ? undefined : value;
  }
  if ("fromMe" in value && "remote" in value && "id" in value) return { $key: String(value) };
  if (Array.isArray(value)) return value.map(dehydrate);
  return defined(
    Object.fromEntries(Object.entries(value).map(([name, one]) => [name, dehydrate(one)])),
  );
}

/**
 * @param {any} value
 * @param {any} MsgKey
 * @returns {any}
 */
export function hydrate(value, MsgKey) {
  if (value === null || typeof value !== "object" || ArrayBuffer.isView(value)) return value;
  if (value.$wid) return createWid(value.$wid);
  if (value.$key) return MsgKey.fromString(value.$key);
  if (Array.isArray(value)) return value.map((one) => hydrate(one, MsgKey));
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [name, hydrate(one, MsgKey)]),
  );
}

/** @param {Record<string, any>} fields */
function defined(fields) {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
