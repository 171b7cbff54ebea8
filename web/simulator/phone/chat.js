// @ts-check
// One chat as one of its two sides sees it.

import { $, h, icon, shownNumber, sync } from "./dom.js";

const TICKS = ["pending", "sent", "delivered", "delivered"];
const TICK_WORDS = ["not sent yet", "sent", "delivered", "read"];
/** @type {Record<string, string>} */
const KINDS = {
  image: "Photo",
  video: "Video",
  audio: "Audio",
  ptt: "Voice note",
  sticker: "Sticker",
  document: "Document",
  location: "Location",
  vcard: "Contact",
};
const NEAR_END = 80;

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });

/** @param {any} customer */
export const nameOf = (customer) => customer.name || shownNumber(customer.number);

/** @param {string} name */
export const initialOf = (name) => Array.from(name.replace(/^[^\p{L}\p{N}]+/u, ""))[0]?.toUpperCase() ?? "?";

export class Chat {
  /**
   * @param {HTMLElement} log
   * @param {boolean} isOwner whose phone it is
   * @param {{unseal: (id: string) => void, edit: (message: any) => void, revoke: (id: string) => void}} [can]
   * what may be done with an own message
   */
  constructor(log, isOwner, can) {
    this.log = log;
    this.isOwner = isOwner;
    this.can = can;
    this.customer = "";
    this.wasHidden = true;
  }

  /** @param {any} customer */
  show(customer) {
    const isOther = customer.number !== this.customer;
    const { scrollHeight, scrollTop, clientHeight } = this.log;
    const isUnseen = isOther || this.wasHidden;
    const wasAtEnd = scrollHeight - scrollTop - clientHeight < NEAR_END;
    this.customer = customer.number;
    sync(
      $("ol", this.log),
      customer.messages,
      (message) => `${customer.number} ${message.from_me} ${message.id}`,
      (message) => this.#bubble(message),
    );
    if (isUnseen || wasAtEnd) this.log.scrollTop = this.log.scrollHeight;
    // What is hidden cannot be scrolled.
    this.wasHidden = this.log.offsetParent === null;
  }

  /** @param {any} message */
  #bubble(message) {
    const isOwn = message.from_me === this.isOwner;
    const bubble = h("li", { class: isOwn ? "bubble own" : "bubble" });
    bubble.append(h("span", { class: "hidden" }, isOwn ? "Sent: " : "Received: "));
    if (message.quoted) {
      bubble.append(h("blockquote", { dir: "auto" }, message.quoted.text || (KINDS[message.quoted.type] ?? "A message")));
    }
    bubble.append(...this.#content(message));
    const time = new Date(message.t * 1000);
    const foot = h("p", { class: "foot" });
    if (isOwn && !message.is_deleted) foot.append(...this.#changes(message));
    if (message.is_edited && !message.is_deleted) foot.append("edited ");
    foot.append(h("time", { datetime: time.toISOString() }, clock.format(time)));
    if (isOwn) {
      const ticks = h("span", { class: message.tick === 3 ? "ticks read" : "ticks" });
      ticks.append(icon(TICKS[message.tick]), h("span", { class: "hidden" }, TICK_WORDS[message.tick]));
      foot.append(ticks);
    }
    bubble.append(foot);
    return bubble;
  }

  /** @param {any} message an own one; WhatsApp lets the words of texts alone be edited */
  #changes(message) {
    const { can } = this;
    if (!can) return [];
    const shown = message.text || KINDS[message.type] || message.type;
    const hidden = (/** @type {string} */ text) => h("span", { class: "hidden" }, text);
    const revoke = () => {
      // The button goes with the message; who came by keyboard stays in the chat.
      this.log.focus();
      can.revoke(message.id);
    };
    const buttons = [
      h("button", { type: "button", class: "revoke", click: revoke }, "Delete", hidden(` for everyone: ${shown}`)),
    ];
    if (message.type === "chat") {
      const edit = () => can.edit(message);
      buttons.unshift(h("button", { type: "button", class: "edit", click: edit }, "Edit", hidden(`: ${shown}`)));
    }
    return buttons;
  }

  /** @param {any} message */
  #content({ id, type, text, is_sealed, is_deleted }) {
    const words = h("p", { class: "words", dir: "auto" }, text);
    if (is_deleted) return [h("p", { class: "gone" }, "This message was deleted")];
    if (is_sealed && this.isOwner) {
      return [h("p", { class: "gone" }, "Waiting for this message: it cannot be read yet")];
    }
    if (is_sealed) {
      const button = h("button", { type: "button", click: () => this.can?.unseal(id) }, "Make it readable");
      return [words, h("p", { class: "sealed" }, icon("ciphertext"), "The other side cannot read it yet.", button)];
    }
    if (type === "chat") return [words];
    const kind = KINDS[type] ?? type;
    const symbol = type in { image: 1, ptt: 1 } ? type : "other";
    const media = h("p", { class: `media ${symbol}` }, icon(symbol), h("span", {}, kind));
    return text ? [media, words] : [media];
  }
}
