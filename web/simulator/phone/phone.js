// @ts-check
// The page of one phone: shows what the simulator streams, sends what is tapped.

import { Chat, initialOf, nameOf } from "./chat.js";
import { ask, follow } from "./control.js";
import { Devices } from "./devices.js";
import { $, shownNumber } from "./dom.js";
import { People } from "./people.js";

/** @type {Record<string, string>} */
const LINE = { unlinked: "not linked", offline: "line cut", online: "connected" };

const phone = location.pathname.split("/")[2];
/** @type {any} */
let state = null;
let isReading = false;
/** @type {{customer: string, id: string} | null} the message whose new text is being written */
let edited = null;

const customerPath = () => `${phone}/customers/${encodeURIComponent(people.chosen)}`;
/** @param {string} id */
const messagePath = (id) => `${customerPath()}/messages/${encodeURIComponent(id)}`;
const people = new People(phone, () => show(state));
const devices = new Devices(phone);
const customerChat = new Chat($("#customer-chat .log"), false, {
  unseal: (id) => void ask(`${messagePath(id)}/decrypt`),
  edit,
  revoke: (id) => void ask(`${messagePath(id)}/revoke`),
});
const ownerChat = new Chat($("#owner-chat .log"), true);

/** @param {any} fresh */
function show(fresh) {
  state = fresh;
  $("#number").textContent = shownNumber(state.number);
  document.title = `Phone ${shownNumber(state.number)} · flowhqd simulator`;
  const line = $("#line");
  line.dataset.line = state.link_state;
  const text = LINE[state.link_state];
  if (line.textContent !== text) line.textContent = text;
  devices.show(state);
  people.show(state.customers);
  const customer = state.customers.find((/** @type {any} */ one) => one.number === people.chosen);
  $("#owner-chat .composer").hidden = !customer;
  if (edited && edited.customer !== people.chosen) edit(null);
  if (customer) showChat(customer);
}

/** @param {any} message whose text goes into the composer; null to write a new one */
function edit(message) {
  edited = message && { customer: people.chosen, id: message.id };
  const form = $("#customer-chat .composer");
  $(".editing", form).hidden = !message;
  $("fieldset", form).hidden = Boolean(message);
  const text = $("textarea", form);
  text.value = message ? message.text : "";
  text.dispatchEvent(new Event("input"));
  if (message) text.focus();
}
$(".editing button").addEventListener("click", () => {
  edit(null);
  $("#customer-text").focus();
});
$("#customer-text").addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
  if (event.key === "Escape" && edited) edit(null);
});

/** @param {any} customer */
function showChat(customer) {
  const name = nameOf(customer);
  $("#customer-chat .name").textContent = state.name;
  $("#customer-chat .face").textContent = initialOf(state.name);
  const typing = $("#customer-chat .under");
  const under = customer.is_typing ? "typing…" : shownNumber(state.number);
  if (typing.textContent !== under) typing.textContent = under;
  typing.classList.toggle("typing", customer.is_typing);
  $("#owner-chat .name").textContent = name;
  $("#owner-chat .face").textContent = initialOf(name);
  $("#owner-chat .under").textContent = customer.lid ? `LID ${customer.lid}` : shownNumber(customer.number);
  customerChat.show(customer);
  ownerChat.show(customer);
  void read(customer);
}

/** @param {any} customer Reads what is on the screen, as a phone does. */
async function read(customer) {
  const isSeen = document.visibilityState === "visible" && $("#customer-chat").offsetParent !== null;
  if (!customer.unread || !$("#reads").checked || !isSeen || isReading) return;
  isReading = true;
  await ask(`${customerPath()}/read`);
  isReading = false;
}

/**
 * @param {HTMLFormElement} form
 * @param {(fields: Record<string, string>) => Promise<boolean>} send
 */
function composer(form, send) {
  const text = $("textarea", form);
  const fit = () => {
    text.rows = Math.min(4, text.value.split("\n").length);
  };
  text.addEventListener("input", fit);
  text.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    form.requestSubmit();
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const fields = /** @type {any} */ (Object.fromEntries(new FormData(form)));
    if (!(await send(fields))) return;
    form.reset();
    fit();
    text.focus();
  });
}

composer($("#customer-chat .composer"), async ({ type, text }) => {
  if (edited) {
    const isDone = text !== "" && (await ask(`${messagePath(edited.id)}/edit`, { text }));
    if (isDone) edit(null);
    return isDone;
  }
  const isWords = type === "chat" || type === "ciphertext";
  if (isWords && !text) return false;
  const body = isWords ? { type, text } : { type, caption: text || null };
  return ask(`${customerPath()}/messages`, body);
});
composer($("#owner-chat .composer"), async ({ text }) => text !== "" && ask(`${customerPath()}/owner`, { text }));

/** @param {string} side which of the two phones a narrow window shows */
function turn(side) {
  document.body.dataset.side = side;
  for (const button of document.querySelectorAll("[data-show]")) {
    button.setAttribute("aria-pressed", String(button.getAttribute("data-show") === side));
  }
  if (state) show(state);
}
for (const button of document.querySelectorAll("[data-show]")) {
  button.addEventListener("click", () => turn(/** @type {string} */ (button.getAttribute("data-show"))));
}

for (const tab of document.querySelectorAll("#owner [role=tab]")) {
  tab.addEventListener("click", () => {
    for (const one of document.querySelectorAll("#owner [role=tab]")) {
      const isChosen = one === tab;
      one.setAttribute("aria-selected", String(isChosen));
      one.setAttribute("tabindex", isChosen ? "0" : "-1");
      $(`#${one.getAttribute("aria-controls")}`).hidden = !isChosen;
    }
    if (state) show(state);
  });
}

for (const list of document.querySelectorAll("[role=tablist]")) {
  list.addEventListener("keydown", (event) => {
    const { key } = /** @type {KeyboardEvent} */ (event);
    const step = { ArrowRight: 1, ArrowLeft: -1 }[key];
    if (!step) return;
    const tabs = /** @type {HTMLElement[]} */ ([...list.querySelectorAll("[role=tab]")]);
    const here = tabs.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    const next = tabs[(here + step + tabs.length) % tabs.length];
    next.focus();
    next.click();
  });
}

$("#reads").addEventListener("change", () => state && show(state));
document.addEventListener("visibilitychange", () => state && show(state));
follow(`/phone/${phone}/events`, show);
