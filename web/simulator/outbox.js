// @ts-check
// Own messages: stored first, then sent, and sent again with the same id until the server has
// answered. The server takes each id of a device once.

import { MsgModel } from "./entities.js";
import { attributesFromRow, rowFromModel, wireFromModel } from "./message.js";

export class Outbox {
  /**
   * @param {import("./chats.js").Chats} chats
   * @param {import("./link.js").Link} link
   */
  constructor(chats, link) {
    this.chats = chats;
    this.link = link;
    this.messages = chats.collections.Msg;
    this.database = chats.database;
    /** @type {Map<string, {model: any, resolve: (result: any) => void}>} */
    this.waiting = new Map();
    this.isReady = false;
    /** What is to go wrong with the next message, once. */
    this.disturbance = "";
  }

  /**
   * @param {string} what
   * @returns {boolean} whether this is what is to go wrong now
   */
  #happens(what) {
    if (this.disturbance !== what) return false;
    this.disturbance = "";
    return true;
  }

  /** Loads the page anew; nothing of what was under way comes to an end. */
  #reload() {
    location.reload();
    return new Promise(() => {});
  }

  /**
   * @param {any} chat
   * @param {any} data
   * @returns {[Promise<any>, Promise<any>]} the message once stored; the send's result, which
   *   stays open as long as the server does not answer
   */
  add(chat, data) {
    if (this.#happens("throw")) throw new Error("something in the page is broken");
    if (this.#happens("reload_before_storing")) return [this.#reload(), this.#reload()];
    const model = data instanceof MsgModel ? data : new MsgModel(data);
    const stored = this.#store(this.chats.ensure(chat.id), model);
    const sent = stored.then((message) =>
      this.#happens("reload_once_stored") ? this.#reload() : this.#dispatch(message),
    );
    return [stored, sent];
  }

  /**
   * @param {any} chat
   * @param {any} model
   */
  async #store(chat, model) {
    const update = { t: model.t, lastReceivedKey: model.id };
    await Promise.all([
      this.database.putMessage(rowFromModel(model)),
      this.chats.save({ attributes: { ...chat.attributes, ...update } }),
    ]);
    chat.msgs.add(model);
    const message = this.messages.add(model);
    chat.set(update);
    return message;
  }

  /** @param {any} model */
  #dispatch(model) {
    return new Promise((resolve) => {
      this.waiting.set(String(model.id), { model, resolve });
      if (this.isReady) this.link.send({ op: "send", message: wireFromModel(model) });
      if (this.#happens("reload_once_sent")) void this.#reload();
    });
  }

  /** Sends what was never confirmed; called once the line is up and the offline queue is empty. */
  async flush() {
    const rows = await this.database.unsent();
    this.isReady = true;
    for (const row of rows) {
      const chat = this.chats.ensure(row.chat);
      const known = this.messages.get(row.id);
      const model = known ?? new MsgModel(attributesFromRow(row, this.chats.MsgKey));
      chat.msgs.add(model, { silent: true });
      this.messages.add(model, { silent: true });
      const waiting = this.waiting.get(row.id);
      if (waiting) this.link.send({ op: "send", message: wireFromModel(model) });
      else void this.#dispatch(model);
    }
  }

  /** The line was cut: what is stored from here waits for the next flush. */
  pause() {
    this.isReady = false;
  }

  /** @param {{key: string, t: number}} frame */
  async accepted({ key, t }) {
    await this.#settle(key, 1, { messageSendResult: "OK", t, count: null });
  }

  /** @param {{key: string, error: string}} frame */
  async refused({ key, error }) {
    await this.#settle(key, -1, { messageSendResult: error, t: null, count: null });
  }

  /**
   * @param {string} key
   * @param {number} ack
   * @param {any} result
   */
  async #settle(key, ack, result) {
    const entry = this.waiting.get(key);
    this.waiting.delete(key);
    await this.database.updateMessage(key, ({ unsent, ...row }) => ({
      ...row,
      data: { ...row.data, ack: row.data.ack > 0 ? row.data.ack : ack },
    }));
    const model = entry?.model ?? this.messages.get(key);
    if (model && model.ack < 1) model.set("ack", ack);
    entry?.resolve(result);
  }
}
