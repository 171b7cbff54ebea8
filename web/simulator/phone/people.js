// @ts-check
// The customers: a tab each, and the form that makes one more.

import { initialOf, nameOf } from "./chat.js";
import { ask } from "./control.js";
import { $, h, sync } from "./dom.js";

export class People {
  /**
   * @param {string} phone
   * @param {() => void} onChoice
   */
  constructor(phone, onChoice) {
    this.phone = phone;
    this.onChoice = onChoice;
    this.chosen = "";
    this.newcomer = "";
    this.form = $("#newcomer");
    $("#add").addEventListener("click", () => this.open(this.form.hidden));
    $(".cancel", this.form).addEventListener("click", () => this.open(false));
    this.form.addEventListener("submit", (/** @type {Event} */ event) => this.#add(event));
    this.form.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
      if (event.key === "Escape") this.open(false);
    });
  }

  /** @param {boolean} isOpen */
  open(isOpen, focus = true) {
    this.form.hidden = !isOpen;
    $("#customer-chat").hidden = isOpen;
    $("#add").setAttribute("aria-expanded", String(isOpen));
    if (focus) (isOpen ? this.form.elements.number : $("#add")).focus();
  }

  /** @param {any[]} customers */
  show(customers) {
    const has = (/** @type {string} */ number) => customers.some((one) => one.number === number);
    if (has(this.newcomer)) {
      this.chosen = this.newcomer;
      this.newcomer = "";
      this.open(false, false);
      $("#customer-text").focus();
    } else if (!has(this.chosen)) {
      this.chosen = customers[0]?.number ?? "";
      this.open(this.chosen === "", false);
    }
    const tabs = customers.map(({ number, name, unread }) => ({
      number,
      name,
      unread,
      isChosen: number === this.chosen,
    }));
    const focused = document.activeElement?.getAttribute("data-key");
    sync($("#people"), tabs, (tab) => tab.number, (tab) => this.#tab(tab));
    if (focused) /** @type {any} */ (document.querySelector(`#people [data-key="${CSS.escape(focused)}"]`))?.focus();
  }

  /** @param {string} number */
  choose(number) {
    this.chosen = number;
    this.open(false, false);
    this.onChoice();
  }

  /** @param {any} tab */
  #tab(tab) {
    const name = nameOf(tab);
    const button = h(
      "button",
      {
        type: "button",
        role: "tab",
        "aria-selected": String(tab.isChosen),
        "aria-controls": "customer-chat",
        tabindex: tab.isChosen ? "0" : "-1",
        click: () => this.choose(tab.number),
      },
      h("span", { class: "face", "aria-hidden": "true" }, initialOf(name)),
      h("bdi", {}, name),
    );
    if (tab.unread) {
      button.append(h("span", { class: "unread" }, String(tab.unread), h("span", { class: "hidden" }, " unread")));
    }
    return button;
  }

  /** @param {Event} event */
  async #add(event) {
    event.preventDefault();
    const { number, name, lid } = Object.fromEntries(new FormData(this.form));
    const body = { number, name, lid: lid || null };
    if (!(await ask(`${this.phone}/customers`, body))) return;
    this.form.reset();
    this.newcomer = String(number).replace(/\D/g, "");
    this.onChoice();
  }
}
