// @ts-check
// Puts the page together and starts it.

import { Chats } from "./chats.js";
import { Contacts } from "./contacts.js";
import { Database } from "./database.js";
import { createCollections } from "./entities.js";
import { Inbox } from "./inbox.js";
import { Link } from "./link.js";
import { installLoader, register } from "./loader.js";
import { chatModules, logoutReason, registerConnection } from "./modules.js";
import { MinifiedMsgKey, PlainMsgKey } from "./msgkey.js";
import { Outbox } from "./outbox.js";
import { Pairing } from "./pairing.js";
import { Session } from "./session.js";
import { createState } from "./state.js";

function readOptions() {
  const meta = document.querySelector('meta[name="simulator-options"]');
  return JSON.parse(/** @type {HTMLMetaElement} */ (meta).content);
}

/** @param {any} options as flowhqd/simulator/options.py renders them */
async function createPage(options) {
  const state = createState();
  const collections = createCollections();
  const MsgKey = options.serialized === "minified" ? MinifiedMsgKey : PlainMsgKey;
  const link = new Link();
  const database = await Database.open();
  const contacts = new Contacts(collections, database, link);
  const chats = new Chats(collections, database, link, contacts, MsgKey, options);
  const me = { pn: null, lid: null };
  const receipts = {};
  const inbox = new Inbox(chats, link, me, receipts);
  const receipt = inbox.applyReceipt.bind(inbox);
  Object.assign(receipts, {
    handleChatSimpleReceipt: receipt,
    handleGroupSimpleReceipt: receipt,
    handleStatusSimpleReceipt: receipt,
  });
  Object.assign(collections.Msg, {
    processMultipleMessages: inbox.processMultipleMessages.bind(inbox),
    getMessagesById: chats.getMessagesById.bind(chats),
  });
  const clock = { skew: 0, now: () => Date.now() + clock.skew };
  const page = {
    options,
    state,
    collections,
    MsgKey,
    link,
    database,
    contacts,
    chats,
    me,
    receipts,
    inbox,
    clock,
    logoutReason,
    outbox: new Outbox(chats, link),
    pairing: new Pairing(database, link),
  };
  return Object.assign(page, { session: new Session(page) });
}

/** @param {any} page */
function registerChatModules(page) {
  const entries = Object.entries(chatModules(page));
  const step = page.options.module_ms / entries.length;
  for (const [position, [id, exports]] of entries.entries()) {
    setTimeout(() => register(id, exports), step * position);
  }
}

/** @param {any} page */
function showState(page) {
  const { Socket, Conn } = page.state;
  const text = (/** @type {string} */ id, /** @type {string} */ value) => {
    const element = document.getElementById(id);
    if (element) element.textContent = value;
  };
  Socket.on("change:state", (/** @type {any} */ _socket, /** @type {string} */ state) =>
    text("state", state),
  );
  Conn.on("change:wid", () => text("account", String(Conn.wid ?? "")));
}

installLoader();
const page = await createPage(readOptions());
registerConnection(page);
registerChatModules(page);
showState(page);
setTimeout(() => {
  /** @type {any} */ (globalThis).Debug = { VERSION: page.options.web_version };
}, page.options.version_ms);
await page.session.start();
