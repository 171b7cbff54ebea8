// @ts-check
// "Linked devices" on the owner's phone: codes to tap or type, and the line.

import { ask } from "./control.js";
import { $, h, sync } from "./dom.js";

export class Devices {
  /** @param {string} phone */
  constructor(phone) {
    this.phone = phone;
    this.isOnline = true;
    for (const button of document.querySelectorAll("[data-act]")) {
      button.addEventListener("click", () => {
        const action = button.getAttribute("data-act");
        void ask(`${phone}/${action === "offline" && !this.isOnline ? "online" : action}`);
      });
    }
    const form = $("#code-form");
    form.addEventListener("submit", async (/** @type {Event} */ event) => {
      event.preventDefault();
      if (await ask(`${phone}/code`, { code: form.elements.code.value.trim() })) form.reset();
    });
  }

  /** @param {any} state as flowhqd/simulator/conversation.py renders it */
  show(state) {
    this.isOnline = state.is_online;
    $("#offline").textContent = state.is_online ? "Go offline" : "Go online";
    $("#no-code").hidden = state.waiting.length > 0;
    $("#wants-code").hidden = !state.wants_code;
    const linked = state.devices.length ? state.devices : [null];
    sync($("#linked"), linked, (device) => device?.id ?? "none", (device) => this.#device(device));
    sync($("#codes"), state.waiting, (one) => one.profile, (one) => this.#code(one));
  }

  /** @param {any} device */
  #device(device) {
    if (!device) return h("li", { class: "hint" }, "No device is linked.");
    const number = device.id.replace(/^.*:|@.*$/g, "");
    const waits = device.queued ? `, ${device.queued} waiting for it` : "";
    return h(
      "li",
      { class: device.is_connected ? "device on" : "device" },
      h("b", {}, `Computer ${number}`),
      ` ${device.is_connected ? "connected" : "away"}${waits}`,
    );
  }

  /** @param {{profile: string, qr: string}} waiting */
  #code({ profile, qr }) {
    const source = `/waiting/${encodeURIComponent(profile)}.svg?code=${encodeURIComponent(qr.slice(0, 16))}`;
    const scan = () => void ask(`${this.phone}/scan`, { qr });
    return h(
      "li",
      {},
      h(
        "button",
        { type: "button", class: "code", click: scan },
        h("img", { src: source, alt: "The QR code that a page shows now", width: "180", height: "180" }),
        h("span", {}, "Tap to scan"),
      ),
    );
  }
}
