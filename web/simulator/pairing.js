// @ts-check
// Linking: the keys of this profile, the parts a QR code is made of, and pairing by code.

import { EventEmitter } from "./emitter.js";

const ALPHABET = "123456789ABCDEFGHJKLMNPQRSTVWXYZ";
const CODE_LENGTH = 8;

/** @param {ArrayBuffer | Uint8Array} bytes */
export function encodeB64(bytes) {
  return btoa(String.fromCharCode(...new Uint8Array(bytes)));
}

/** @param {string} text */
export function decodeB64(text) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0)).buffer;
}

function newKeys() {
  const random = () => crypto.getRandomValues(new Uint8Array(32));
  return { noise: random(), identity: random(), adv: encodeB64(random()) };
}

export class Pairing {
  /**
   * @param {import("./database.js").Database} database
   * @param {import("./link.js").Link} link
   */
  constructor(database, link) {
    this.database = database;
    this.link = link;
    /** @type {ReturnType<typeof newKeys>} */
    this.keys = newKeys();
    this.hasAdvSecret = true;
    /** WAWebLinkDeviceEvents. */
    this.events = new EventEmitter();
  }

  /** The profile's keys, made on its first visit; only a log-out changes them. */
  async load() {
    const stored = await this.database.get("session", "keys");
    if (stored) this.keys = stored;
    else await this.database.put("session", this.keys, "keys");
  }

  /** What the server must know to judge a scanned code. */
  publicKeys() {
    const { noise, identity, adv } = this.keys;
    return { noise: encodeB64(noise), identity: encodeB64(identity), adv };
  }

  noiseInfo() {
    return { staticKeyPair: { pubKey: this.keys.noise.buffer, privKey: new ArrayBuffer(32) } };
  }

  registrationInfo() {
    return {
      registrationId: 1,
      identityKeyPair: { pubKey: this.keys.identity.buffer, privKey: new ArrayBuffer(32) },
    };
  }

  /** Null once linking by code began, as a whatsapp-web.js pull request reports. */
  advSecretKey() {
    return this.hasAdvSecret ? this.keys.adv : null;
  }

  /** @param {string} _type what is shown, which brings back no secret */
  setPairingType(_type) {}

  async initializeAltDeviceLinking() {
    this.hasAdvSecret = false;
  }

  async initializeQRLinking() {
    this.hasAdvSecret = true;
  }

  /**
   * @param {string} phone digits, with or without a leading plus
   * @param {boolean} [showNotification]
   * @returns {Promise<string>} eight characters to type on that phone
   */
  async startAltLinkingFlow(phone, showNotification = true) {
    const picks = crypto.getRandomValues(new Uint8Array(CODE_LENGTH));
    const code = Array.from(picks, (pick) => ALPHABET[pick % ALPHABET.length]).join("");
    const digits = phone.replace(/\D/g, "");
    await this.link.request("link_code", { phone: digits, code, notify: showNotification });
    return code;
  }
}
