// @ts-check
// People: their names, and which `@lid` belongs to which phone number.

import { createWid } from "./wid.js";

/** @typedef {{pn: string | null, lid: string | null, name: string | null}} Person */

export class Contacts {
  /**
   * @param {import("./entities.js").Collections} collections
   * @param {import("./database.js").Database} database
   * @param {import("./link.js").Link} link
   */
  constructor(collections, database, link) {
    this.collections = collections;
    this.database = database;
    this.link = link;
    /** @type {Map<string, import("./wid.js").Wid>} */
    this.lidOf = new Map();
    /** @type {Map<string, import("./wid.js").Wid>} */
    this.numberOf = new Map();
  }

  async load() {
    for (const row of await this.database.all("contact")) this.#remember(row);
  }

  /** @param {Person[]} people what the server tells; neither address for a group */
  async learn(people) {
    const known = people.filter((person) => person.pn ?? person.lid);
    for (const person of known) this.#remember(person);
    await Promise.all(
      known.map((one) => this.database.put("contact", { id: one.pn ?? one.lid, ...one })),
    );
  }

  /** @param {Person} person */
  #remember({ pn, lid, name }) {
    const { Contact } = this.collections;
    const names = { name, pushname: name };
    const phoneNumber = pn ? createWid(pn) : undefined;
    const lidWid = lid ? createWid(lid) : undefined;
    for (const id of [phoneNumber, lidWid]) {
      if (id) Contact.add({ ...names, id, phoneNumber, lid: lidWid }, { merge: true });
    }
    if (!pn || !lid) return;
    this.lidOf.set(pn, createWid(lid));
    this.numberOf.set(lid, createWid(pn));
  }

  /** @param {any} wid */
  getCurrentLid(wid) {
    return createWid(wid).isLid() ? createWid(wid) : this.lidOf.get(String(wid));
  }

  /** @param {any} wid */
  getPhoneNumber(wid) {
    return this.numberOf.get(String(wid));
  }

  /**
   * Asks the server whether somebody uses WhatsApp under this id; learns the person's `@lid`.
   * @param {any} wid
   */
  async queryWidExists(wid) {
    const person = await this.link.request("exists", { wid: String(wid) });
    if (!person) return null;
    await this.learn([person]);
    return { wid: createWid(wid), biz: false };
  }
}
