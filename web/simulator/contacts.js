// @ts-check
// People: their names, and which `@lid` belongs to which phone number.

import { createWid } from "./wid.js";

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

  /** @param {{pn: string, lid: string | null, name: string | null}[]} people */
  async learn(people) {
    for (const person of people) this.#remember(person);
    await Promise.all(
      people.map((person) => this.database.put("contact", { id: person.pn, ...person })),
    );
  }

  /** @param {{pn: string, lid: string | null, name: string | null}} person */
  #remember({ pn, lid, name }) {
    const phoneNumber = createWid(pn);
    const { Contact } = this.collections;
    Contact.add({ id: phoneNumber, name, pushname: name, phoneNumber }, { merge: true });
    if (!lid) return;
    const lidWid = createWid(lid);
    Contact.add({ id: lidWid, name, pushname: name, phoneNumber, lid: lidWid }, { merge: true });
    this.lidOf.set(pn, lidWid);
    this.numberOf.set(lid, phoneNumber);
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
