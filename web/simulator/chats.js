// @ts-check
// Chats: which there are, how one is found or made, what is read, and the messages behind those
// that are in memory.

import { attributesFromRow } from "./message.js";
import { createWid } from "./wid.js";

const PAGE_SIZE = 50;

export class Chats {
  /**
   * @param {import("./entities.js").Collections} collections
   * @param {import("./database.js").Database} database
   * @param {import("./link.js").Link} link
   * @param {import("./contacts.js").Contacts} contacts
   * @param {any} MsgKey
   * @param {{lid_required: boolean, search: string, look_up: string}} options
   */
  constructor(collections, database, link, contacts, MsgKey, options) {
    this.collections = collections;
    this.database = database;
    this.link = link;
    this.contacts = contacts;
    this.MsgKey = MsgKey;
    this.options = options;
  }

  /** Brings back the chats, each with its last message; older ones stay in the database. */
  async load() {
    const rows = await this.database.all("chat");
    await Promise.all(rows.map((row) => this.#restore(row)));
  }

  /** @param {any} row */
  async #restore({ id, lastReceivedKey, ...rest }) {
    const key = lastReceivedKey ? this.MsgKey.fromString(lastReceivedKey) : undefined;
    const wid = createWid(id);
    const chat = this.#listFor(wid).add({ ...rest, id: wid, lastReceivedKey: key });
    if (!lastReceivedKey) return;
    const message = await this.database.get("message", lastReceivedKey);
    if (message) this.#bringBack(chat, [message]);
  }

  /** @param {import("./wid.js").Wid} wid */
  #listFor(wid) {
    return wid.isNewsletter() ? this.collections.Newsletter : this.collections.Chat;
  }

  /**
   * Messages from the database into memory; nobody is told, for they are not new.
   * @param {any} chat
   * @param {any[]} rows
   */
  #bringBack(chat, rows) {
    return rows.map((row) => {
      const known = this.collections.Msg.get(row.id);
      const model = known ?? chat.msgs.add(attributesFromRow(row, this.MsgKey), { silent: true });
      chat.msgs.add(model, { silent: true });
      return this.collections.Msg.add(model, { silent: true });
    });
  }

  /**
   * The chat, made when missing; none for status, which is no chat.
   * @param {any} id
   */
  ensure(id) {
    const wid = createWid(id);
    if (wid.isStatus()) return null;
    const list = this.#listFor(wid);
    return list.get(wid) ?? list.add({ id: wid, name: this.collections.Contact.get(wid)?.name });
  }

  /** @param {any} chat */
  save(chat) {
    const { id, lastReceivedKey, ...rest } = chat.attributes;
    const key = lastReceivedKey ? String(lastReceivedKey) : null;
    return this.database.put("chat", { ...rest, id: String(id), lastReceivedKey: key });
  }

  /** @param {any} id */
  async findOrCreateLatestChat(id) {
    const wid = createWid(id);
    const known = this.#listFor(wid).get(wid);
    if (known) return { chat: known, created: false };
    if (this.options.lid_required && wid.server === "c.us" && !this.contacts.getCurrentLid(wid)) {
      throw new Error("No LID for user");
    }
    const chat = this.ensure(wid);
    await this.save(chat);
    return { chat, created: true };
  }

  /** @param {any} chat */
  async sendSeen(chat) {
    if (chat.unreadCount === 0) return;
    chat.set("unreadCount", 0);
    this.link.send({ op: "seen", chat: String(chat.id) });
    await this.save(chat);
  }

  /** @param {any} chat */
  async markUnread(chat) {
    chat.set("unreadCount", -1);
    await this.save(chat);
  }

  /**
   * @param {{chat: any}} query
   * @returns {Promise<any[]>} up to 50 messages before the oldest in memory, oldest first
   */
  async loadEarlierMsgs({ chat }) {
    const oldest = await this.#oldest(chat);
    const rows = await this.database.neighbours(String(chat.id), oldest, "before", PAGE_SIZE);
    return this.#bringBack(chat, rows.reverse());
  }

  /** @param {any} chat */
  async #oldest(chat) {
    /** @type {any} */
    let oldest = null;
    for (const msg of chat.msgs.getModelsArray()) {
      const row = await this.database.get("message", String(msg.id));
      if (!row) continue;
      const order = oldest ? row.t - oldest.t || row.rowId - oldest.rowId : -1;
      if (order < 0) oldest = row;
    }
    return oldest;
  }

  /** @param {any[]} ids keys, as text or as MsgKey; unknown ones are left out */
  async getMessagesById(ids) {
    if (this.options.look_up === "failing") throw new Error("The database connection is closing");
    if (this.options.look_up === "hanging") await new Promise(() => {});
    const messages = await Promise.all(ids.map((id) => this.#messageById(String(id))));
    return { messages: messages.filter(Boolean) };
  }

  /** @param {string} id */
  async #messageById(id) {
    const known = this.collections.Msg.get(id);
    if (known) return known;
    const row = await this.database.get("message", id);
    if (!row) return null;
    return new this.collections.Msg.modelClass(attributesFromRow(row, this.MsgKey));
  }

  /**
   * A list around one message; `loadAroundPromise` settles once it is in memory, if it exists.
   * @param {{chat: any, msgKey: any}} query
   */
  searchContext({ chat, msgKey }) {
    const load = async () => {
      const row = await this.database.get("message", String(msgKey));
      if (row) this.#bringBack(chat, [row]);
    };
    return { collection: Object.assign(chat.msgs, { loadAroundPromise: load() }) };
  }

  /**
   * The message that another one quotes, if it is in memory.
   * @param {any} msg
   */
  quotedMessage({ id, quotedStanzaID }) {
    const { MsgKey, collections } = this;
    const theirs = new MsgKey({ fromMe: false, remote: id.remote, id: quotedStanzaID });
    const ours = new MsgKey({ fromMe: true, remote: id.remote, id: quotedStanzaID });
    return collections.Msg.get(theirs) ?? collections.Msg.get(ours) ?? null;
  }

  /**
   * The attributes of a chat's messages just before or after one of them, oldest first.
   * @param {{anchor: any, count: number, direction: "before" | "after"}} query
   */
  async msgFindByDirection({ anchor, count, direction }) {
    if (this.options.search === "failing") throw new Error("The database connection is closing");
    const row = await this.database.get("message", String(anchor));
    if (!row) return { status: 404, messages: [] };
    const rows = await this.database.neighbours(row.chat, row, direction, count);
    if (direction === "before") rows.reverse();
    return { status: 200, messages: rows.map((one) => attributesFromRow(one, this.MsgKey)) };
  }
}
