// @ts-check
// Every phone of the simulator.

import { follow } from "./control.js";
import { $, h, shownNumber, sync } from "./dom.js";

$("#open").addEventListener("submit", (/** @type {Event} */ event) => {
  event.preventDefault();
  const digits = $("#open-number").value.replace(/\D/g, "");
  location.assign(`/phone/${digits}`);
});

follow("/phones/events", (state) => {
  const { length } = state.phones;
  const codes = state.waiting === 1 ? "One page shows" : `${state.waiting} pages show`;
  const text = state.waiting ? `${codes} a QR code now: pick up its phone and tap the code.` : "";
  if ($("#waiting").textContent !== text) $("#waiting").textContent = text;
  $("#phones").hidden = length === 0;
  sync($("#phones"), state.phones, (phone) => phone.number, (phone) =>
    h(
      "li",
      {},
      h("a", { href: `/phone/${phone.number}` }, shownNumber(phone.number)),
      h("bdi", {}, phone.name),
      h("span", { class: "pill", "data-line": phone.link_state }, phone.link_state),
    ),
  );
});
