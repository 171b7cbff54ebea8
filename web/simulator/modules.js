// @ts-check
// The page's inside by name. The first group is what linking and the connection need; the second,
// everything about chats, registers later, as on a cold load of the real page.

import { EventEmitter } from "./emitter.js";
import * as entities from "./entities.js";
import * as enums from "./enums.js";
import { findLink, findLinks } from "./linkify.js";
import { register } from "./loader.js";
import { BaseModel, Collection, defineModel } from "./model.js";
import { decodeB64, encodeB64 } from "./pairing.js";
import { BackendEvent, CmdImpl, ConnModel } from "./state.js";
import { Wid, WidFactory } from "./wid.js";

export const logoutReason = {
  LogoutReason: enums.LogoutReason,
  LOGOUT_REASON_CODE: enums.LOGOUT_REASON_CODE,
  getErrorCodeFromLogoutReason: enums.getErrorCodeFromLogoutReason,
};

/** @param {any} page */
export function registerConnection(page) {
  const { state, pairing, session, clock, me } = page;
  register("WAWebEventEmitter", { default: EventEmitter });
  register("WAWebBaseModel", { BaseModel, defineModel });
  register("WAWebCollection", { default: Collection });
  register("WAWebBaseCollection", { BaseCollection: Collection });
  register("WAWebWid", { default: Wid });
  register("WAWebWidFactory", WidFactory);
  register("WABase64", { encodeB64, decodeB64 });
  register("WATimeUtils", {
    unixTime: () => Math.floor(clock.now() / 1000),
    unixTimeMs: () => clock.now(),
  });
  register("WAWebBuildConstants", { SANITIZED_VERSION_STR: page.options.web_version });
  register("WAWebMiscBrowserUtils", {
    default: {
      id: () => "simulator",
      info: () => ({ os: "Linux", version: "", name: "Chrome", ua: navigator.userAgent }),
      hardRefresh: () => location.reload(),
      startDownloading() {},
    },
  });
  register("WAWebSocketModel", { Socket: state.Socket });
  register("WAWebSocketConstants", {
    SOCKET_STATE: enums.SOCKET_STATE,
    SOCKET_STREAM: enums.SOCKET_STREAM,
  });
  register("WAWebStreamModel", { Stream: state.Stream });
  register("WAWebConnModel", { Conn: state.Conn, ConnImpl: ConnModel });
  register("WAWebCmd", { Cmd: state.Cmd, CmdImpl });
  register("WAWebNetworkStatus", { default: state.NetworkStatus });
  register("WAWebBackendEventBus", { BackendEventBus: state.BackendEventBus, BackendEvent });
  register("WAWebLogoutReason", logoutReason);
  register("WAWebLaunchSocketUtils", { refreshQR: () => page.session.refreshCodes() });
  register("WAWebOfflineHandler", {
    OfflineMessageHandler: { getOfflineDeliveryProgress: () => state.offlineProgress },
  });
  register("WAWebUserPrefsMeUser", {
    getMaybeMePnUser: () => me.pn,
    getMaybeMeLidUser: () => me.lid,
    getMePnUserOrThrow: () => orThrow(me.pn, "pn"),
    getMeLidUserOrThrow: () => orThrow(me.lid, "lid"),
    isMeAccount: (/** @type {any} */ wid) => Wid.equals(wid, me.pn) || Wid.equals(wid, me.lid),
  });
  register("WAWebUserPrefsLoginTokens", {
    isLoggedIn: () => session.isRegistered,
    isRegistered: () => session.isRegistered,
  });
  registerLinking(pairing);
}

/** @param {import("./pairing.js").Pairing} pairing */
function registerLinking(pairing) {
  const getADVSecretKey = () => pairing.advSecretKey();
  register("WAWebCompanionRegClientUtils", { DEVICE_PLATFORM: "1" });
  register("WAWebAdvSignatureApi", { getADVSecretKey, setADVSignedIdentity() {} });
  register("WAWebUserPrefsMultiDevice", { getADVSecretKey });
  register("WAWebUserPrefsInfoStore", {
    waNoiseInfo: { get: async () => pairing.noiseInfo() },
  });
  register("WAWebSignalStoreApi", {
    waSignalStore: { getRegistrationInfo: async () => pairing.registrationInfo() },
  });
  const startAltLinkingFlow = pairing.startAltLinkingFlow.bind(pairing);
  register("WAWebAltDeviceLinkingApi", {
    setPairingType: (/** @type {string} */ type) => pairing.setPairingType(type),
    initializeAltDeviceLinking: () => pairing.initializeAltDeviceLinking(),
    initializeQRLinking: () => pairing.initializeQRLinking(),
    startAltLinkingFlow,
    genLinkDeviceCodeForPhoneNumber: startAltLinkingFlow,
  });
  register("WAWebLinkDeviceEvents", { WAWebLinkDeviceEvents: pairing.events });
}

/** @param {any} page */
export function chatModules(page) {
  const { collections, chats, contacts, outbox, link, MsgKey, options, receipts } = page;
  const { Msg, Chat, Contact, Newsletter } = collections;
  const typing = (/** @type {string} */ kind) => (/** @type {any} */ chat) =>
    link.send({ op: "typing", chat: String(chat.id ?? chat), kind });
  const search = chats.msgFindByDirection.bind(chats);
  return {
    WAWebMsgKey: { default: MsgKey },
    WAWebMsgModel: { Msg: entities.MsgModel },
    WAWebChatModel: { Chat: entities.ChatModel },
    WAWebContactModel: { Contact: entities.ContactModel },
    WAWebMsgCollection: { MsgCollection: Msg, MsgCollectionImpl: entities.MsgCollectionImpl },
    WAWebChatCollection: { ChatCollection: Chat, ChatCollectionImpl: entities.ChatCollectionImpl },
    WAWebContactCollection: {
      ContactCollection: Contact,
      ContactCollectionImpl: entities.ContactCollectionImpl,
    },
    WAWebNewsletterCollection: { default: Newsletter },
    WAWebCallCollection: { default: new entities.CallCollectionImpl() },
    WAWebSyncGatingUtils: { isPlaceholderMessageResendEnabled: () => false },
    WAWebNonMessageDataRequestPlaceholderMessageResendUtils: {
      // Asking the sender's phone again changes nothing here: the test decides what is readable.
      handlePlaceholderMsgsSeen() {},
    },
    WAWebCollections: { Msg, Chat, Contact, WAWebNewsletterCollection: Newsletter },
    WAWebChatMsgsCollection: { ChatMsgsCollection: entities.ChatMsgsCollection },
    WAWebApiContact: {
      getCurrentLid: (/** @type {any} */ wid) => contacts.getCurrentLid(wid),
      getPhoneNumber: (/** @type {any} */ wid) => contacts.getPhoneNumber(wid),
    },
    WAWebQueryExistsJob: {
      queryWidExists: (/** @type {any} */ wid) => contacts.queryWidExists(wid),
      queryPhoneExists: (/** @type {any} */ wid) => contacts.queryWidExists(wid),
    },
    WAWebFindChatAction: {
      findOrCreateLatestChat: (/** @type {any} */ wid) => chats.findOrCreateLatestChat(wid),
    },
    WAWebChatGetters: {
      getIsNewsletter: (/** @type {any} */ chat) => chat.id.isNewsletter(),
      getIsBroadcast: (/** @type {any} */ chat) => chat.id.isBroadcast() || chat.id.isStatus(),
      getIsGroup: (/** @type {any} */ chat) => chat.id.isGroup(),
      getHasUnread: (/** @type {any} */ chat) => chat.unreadCount !== 0,
    },
    WAWebAck: { ACK: enums.ACK, ACK_STRING: enums.ACK_STRING },
    WAWebLidMigrationUtils: { Lid1X1MigrationUtils: { isLidMigrated: () => true } },
    WAWebChatMessageSearch: {
      getSearchContext: (/** @type {any} */ query) => chats.searchContext(query),
    },
    WAWebQuotedMsgModelUtils: {
      getQuotedMsgObj: (/** @type {any} */ msg) => chats.quotedMessage(msg),
    },
    WAWebMsgReply: {
      canReplyMsg: (/** @type {any} */ msg) => !options.fail_quotes && msg.type !== "revoked",
    },
    WAWebGetEphemeralFieldsMsgActionsUtils: {
      getEphemeralFields: (/** @type {any} */ chat) =>
        chat.ephemeralDuration ? { ephemeralDuration: chat.ephemeralDuration } : {},
    },
    WAWebSendMsgChatAction: {
      addAndSendMsgToChat: (/** @type {any} */ chat, /** @type {any} */ data) =>
        outbox.add(chat, data),
    },
    WAWebUpdateUnreadChatAction: {
      sendSeen: (/** @type {any} */ { chat }) => chats.sendSeen(chat),
      markUnread: (/** @type {any} */ chat) => chats.markUnread(chat),
    },
    WAWebHandleSimpleReceipt: receipts,
    WAWebChatLoadMessages: {
      loadEarlierMsgs: (/** @type {any} */ query) => chats.loadEarlierMsgs(query),
    },
    ...(options.search !== "absent" && {
      WAWebDBMessageFindLocal: {
        msgFindByDirection: search,
        msgFindBefore: (/** @type {any} */ query) => search({ ...query, direction: "before" }),
        msgFindAfter: (/** @type {any} */ query) => search({ ...query, direction: "after" }),
      },
    }),
    WAWebChatStateBridge: {
      sendChatStateComposing: typing("composing"),
      sendChatStateRecording: typing("recording"),
      sendChatStatePaused: typing("paused"),
    },
    WAWebPresenceChatAction: {
      markComposing: typing("composing"),
      markRecording: typing("recording"),
      markPaused: typing("paused"),
      sendPresenceAvailable: () => page.state.Stream.markAvailable(),
      sendPresenceUnavailable: () => page.state.Stream.markUnavailable(),
    },
    WALinkify: { findLink, findLinks },
    WAWebLinkPreviewChatAction: { getLinkPreview: async () => null },
  };
}

/**
 * @param {any} wid
 * @param {string} kind
 */
function orThrow(wid, kind) {
  if (!wid) throw new Error(`no ${kind} of our own: not linked`);
  return wid;
}
