// @ts-check
// What the server delivers: stored first, shown second, confirmed last, in the order of arrival.

import { MsgModel, UNREAD_TYPES } from "./entities.js";
import { attributesFromWire, dehydrate, rowFromModel } from "./message.js";
import { createWid } from "./wid.js";

const REVOKE = "sender_revoke";
const EDIT = "message_edit";

export class Inbox {
  /**
   * @param {import("./chats.js").Chats} chats
   * @param {import("./link.js").Link} link
   * @param {{pn: any, lid: any}} me
   * @param {any} receipts the exports that take a receipt, so that a library's wrapper is called
   */
  constructor(chats, link, me, receipts) {
    this.chats = chats;
    this.link = link;
    this.me = me;
    this.receipts = receipts;
    this.messages = chats.collections.Msg;
    this.database = chats.database;
    /** @type {any[]} */
    this.queue = [];
    /** @type {Promise<void>} */
    this.drained = Promise.resolve();
    /** Called with the number of frames that were just dealt with. */
    this.onProgress = (/** @type {number} */ _count) => {};
    /** Whether what arrives is announced to nobody, as what waited for the page may be. */
    this.isQuiet = false;
  }

  /** @param {any} frame a `message`, `receipt` or `read` with its `seq` */
  receive(frame) {
    this.queue.push(frame);
    if (this.queue.length === 1) this.drained = this.drained.then(() => this.#drain());
  }

  async #drain() {
    while (this.queue.length > 0) {
      const frames = [...this.queue];
      await this.#handle(frames);
      this.queue.splice(0, frames.length);
      this.link.send({ op: "confirm", seqs: frames.map((frame) => frame.seq) });
      this.onProgress(frames.length);
    }
  }

  /** @param {any[]} frames */
  async #handle(frames) {
    /** @type {Map<string, any[]>} */
    const byChat = new Map();
    for (const frame of frames.filter((one) => one.op === "message")) {
      const me = frame.message.chat.endsWith("@lid") ? this.me.lid : this.me.pn;
      const message = attributesFromWire(frame.message, this.chats.MsgKey, me, frame);
      byChat.set(frame.message.chat, [...(byChat.get(frame.message.chat) ?? []), message]);
    }
    // Chats side by side, the messages of one chat in order. Through the collection's own member,
    // for that is where libraries listen.
    await Promise.all(
      Array.from(byChat, ([chat, messages]) =>
        /** @type {any} */ (this.messages).processMultipleMessages(createWid(chat), messages),
      ),
    );
    for (const frame of frames.filter((one) => one.op === "receipt")) await this.#receipt(frame);
    for (const frame of frames.filter((one) => one.op === "read")) await this.#read(frame);
  }

  /**
   * @param {import("./wid.js").Wid} wid
   * @param {any[]} list attributes, oldest first
   * @returns {Promise<any[]>} the models that are new
   */
  async processMultipleMessages(wid, list) {
    /** @type {Map<string, any>} */
    const fresh = new Map();
    for (const attributes of list) {
      if (attributes.type === "protocol") await this.#protocol(attributes, fresh);
      else await this.#ordinary(attributes, fresh);
    }
    const models = [...fresh.values()];
    const chat = this.chats.ensure(wid);
    const update = chat && this.#chatUpdate(chat, models);
    const writes = models.map((model) => this.database.putMessage(rowFromModel(model)));
    if (update) {
      writes.push(this.chats.save({ attributes: { ...chat.attributes, ...update } }));
    }
    await Promise.all(writes);
    for (const model of models) {
      chat?.msgs.add(model, { silent: this.isQuiet });
      this.messages.add(model, { silent: this.isQuiet });
    }
    if (update) chat.set(update);
    return models;
  }

  /**
   * @param {any} chat
   * @param {any[]} models
   */
  #chatUpdate(chat, models) {
    const last = models.at(-1);
    if (!last) return null;
    const unread = models.filter(
      (one) => !one.id.fromMe && one.isNewMsg && UNREAD_TYPES.has(one.type),
    );
    return {
      t: Math.max(chat.t ?? 0, last.t),
      lastReceivedKey: last.id,
      unreadCount: Math.max(chat.unreadCount, 0) + unread.length,
    };
  }

  /**
   * @param {any} attributes
   * @param {Map<string, any>} fresh
   */
  async #ordinary(attributes, fresh) {
    const id = String(attributes.id);
    const known = fresh.get(id) ?? this.messages.get(id);
    const stored = known ?? (await this.database.get("message", id))?.data;
    if (!stored) {
      fresh.set(id, new MsgModel(attributes));
    } else if (stored.type === "ciphertext" && attributes.type !== "ciphertext") {
      const { type, kind, body, caption, mimetype, directPath } = attributes;
      await this.#change(id, { body, caption, mimetype, directPath, kind, type }, fresh);
    }
  }

  /**
   * @param {any} attributes
   * @param {Map<string, any>} fresh
   */
  async #protocol(attributes, fresh) {
    const target = String(attributes.protocolMessageKey);
    if (attributes.subtype === REVOKE) {
      await this.#change(target, { type: "revoked", subtype: "sender", body: undefined }, fresh);
    } else if (attributes.subtype === EDIT) {
      const { id, t, body } = attributes;
      const edit = { latestEditMsgKey: id, latestEditSenderTimestampMs: t * 1000, body };
      await this.#change(target, edit, fresh);
    }
  }

  /**
   * Changes a message where it is known: in this batch, in memory, in the database.
   * @param {string} id
   * @param {Record<string, any>} changes
   * @param {Map<string, any>} [fresh]
   */
  async #change(id, changes, fresh) {
    await this.database.updateMessage(id, (row) => ({
      ...row,
      data: { ...row.data, ...dehydrate(changes) },
    }));
    (fresh?.get(id) ?? this.messages.get(id))?.set(changes);
  }

  /**
   * The owner looked at a chat on the phone.
   * @param {{chat: string}} frame
   */
  async #read({ chat }) {
    const model = this.chats.ensure(createWid(chat));
    if (!model) return;
    model.set("unreadCount", 0);
    await this.chats.save(model);
  }

  /** @param {{chat: string, ids: string[], ack: number}} frame */
  #receipt({ chat, ids, ack }) {
    const from = createWid(chat);
    const ackData = { ack, ackString: "", from, externalIds: ids };
    return from.isGroup()
      ? this.receipts.handleGroupSimpleReceipt(ackData)
      : this.receipts.handleChatSimpleReceipt(ackData);
  }

  /** @param {{ack: number, from: any, externalIds: string[]}} ackData */
  async applyReceipt({ ack, from, externalIds }) {
    const keys = externalIds.map((id) =>
      String(new this.chats.MsgKey({ fromMe: true, remote: from, id })),
    );
    const later = keys.filter((key) => (this.messages.get(key)?.ack ?? 0) < ack);
    await Promise.all(later.map((key) => this.#change(key, { ack })));
  }
}
