// The native way into WhatsApp Web: its modules by name.
//
// Only modules and members that whatsapp-web.js or wa-js use by name are used here: those are known
// to exist in the real page. Modules register progressively, so nothing is looked up once and kept:
// a miss is simply asked again. docs/architecture.md, "The bridge", lists what each capability needs.

function nativeWay() {
  "use strict";

  // How long a send waits for a look-up that it can do without.
  const PATIENCE_MS = 2_000;

  const lookup = (id) => {
    try {
      window.ErrorGuard?.skipGuardGlobal?.(true);
      return window.require(id) ?? null;
    } catch {
      return null;
    }
  };

  /** A module's member, whether `require` gave the namespace or its default export. */
  const member = (id, name) => {
    const found = lookup(id);
    return found?.[name] ?? found?.default?.[name] ?? null;
  };

  const need = (id, name) => {
    const found = name ? member(id, name) : (lookup(id)?.default ?? lookup(id));
    if (!found) throw new Error(`missing: ${id}${name ? `.${name}` : ""}`);
    return found;
  };

  // The keys of a QR code live in different modules in different builds.
  const REGISTRATION = [
    "WAWebUserPrefsMultiDevice", "WAWebCompanionRegClientUtils", "WAWebAdvSignatureApi",
    "WAWebUserPrefsInfoStore", "WAWebSignalStoreApi",
  ];
  const registration = (name) => {
    for (const id of REGISTRATION) {
      const found = member(id, name);
      if (found !== null) return found;
    }
    return null;
  };

  const socket = () => member("WAWebSocketModel", "Socket");
  const stream = () => member("WAWebStreamModel", "Stream");
  const conn = () => member("WAWebConnModel", "Conn");
  const cmd = () => member("WAWebCmd", "Cmd");
  const messages = () => member("WAWebCollections", "Msg") ?? member("WAWebMsgCollection", "MsgCollection");
  const chats = () => member("WAWebCollections", "Chat") ?? member("WAWebChatCollection", "ChatCollection");
  const models = (collection) => collection?.getModelsArray?.() ?? collection?.models ?? [];

  const me = (kind) => {
    try {
      return member("WAWebUserPrefsMeUser", kind === "lid" ? "getMaybeMeLidUser" : "getMaybeMePnUser")?.() ?? null;
    } catch {
      return null;
    }
  };

  /** An address as text; a build that minifies its cache still spells it by its parts. */
  const addressOf = (wid) => {
    if (typeof wid === "string") return wid;
    const text = wid?._serialized ?? String(wid);
    return text.includes("@") || !wid?.user ? text : `${wid.user}@${wid.server}`;
  };

  const createWid = (text) => need("WAWebWidFactory", "createWid")(text);
  const isLid = (wid) => wid?.isLid?.() ?? addressOf(wid).endsWith("@lid");

  /** The same person's other address: the number of an @lid, the @lid of a number. */
  const otherAddress = (wid) => {
    try {
      const ask = member("WAWebApiContact", isLid(wid) ? "getPhoneNumber" : "getCurrentLid");
      const other = ask?.(wid);
      return other ? addressOf(other) : null;
    } catch {
      return null;
    }
  };

  /** Whether somebody uses WhatsApp under a number; also true where the page cannot tell. */
  const isInUse = async (wid) => {
    const ask = isLid(wid) ? null : member("WAWebQueryExistsJob", "queryWidExists");
    try {
      return !ask || Boolean((await ask(wid))?.wid);
    } catch {
      return true;
    }
  };

  const loadedChat = (wid) => chats()?.get(wid) ?? chats()?.get(String(wid)) ?? null;

  /** @returns the chat with this address, made if need be, or null where WhatsApp knows nobody. */
  const findChat = async (chatId) => {
    const wid = createWid(chatId);
    const known = loadedChat(wid);
    if (known) return known;
    if (!(await isInUse(wid))) return null;
    try {
      const { chat } = await need("WAWebFindChatAction", "findOrCreateLatestChat")(wid, "createChat");
      // What is given may be no model, only its attributes.
      return loadedChat(chat?.id ?? wid) ?? chat;
    } catch (error) {
      if (/No LID for user/i.test(error?.message)) return null;
      throw error;
    }
  };

  const outboundKey = (chat, id) => {
    const from = isLid(chat.id) ? me("lid") ?? me("pn") : me("pn") ?? me("lid");
    const MsgKey = need("WAWebMsgKey");
    return { from, key: new MsgKey({ from, to: chat.id, id, participant: undefined, selfDir: "out" }) };
  };

  /** Looks in memory, then in the page's own database; `undefined` when neither could be asked. */
  const findMessage = async (key) => {
    const collection = messages();
    if (!collection) return undefined;
    const known = collection.get(key);
    if (known) return known;
    if (typeof collection.getMessagesById !== "function") return undefined;
    const answer = await collection.getMessagesById([key]);
    if (!Array.isArray(answer?.messages)) return undefined;
    return answer.messages.find((message) => message) ?? null;
  };

  /** @returns what a look-up finds, null when it fails or takes too long. */
  const ifFound = async (lookUp) => {
    const tooLong = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS, null));
    try {
      return (await Promise.race([lookUp, tooLong])) ?? null;
    } catch {
      return null;
    }
  };

  const serverSeconds = () => {
    for (const [id, name] of [["WATimeUtils", "unixTime"], ["WAWebTimeUtils", "unixTime"]]) {
      try {
        const now = member(id, name)?.();
        if (Number.isFinite(now)) return now;
      } catch {
        // Asked again at the next state.
      }
    }
    return null;
  };

  const quote = async (key, chat) => {
    try {
      const quoted = await ifFound(findMessage(key));
      if (!quoted) return null;
      const canReply = member("WAWebMsgReply", "canReplyMsg");
      const source = quoted.unsafe?.() ?? quoted;
      const allowed = canReply ? canReply(source) : quoted.canReply?.();
      return allowed ? quoted.msgContextInfo(chat) : null;
    } catch {
      return null;
    }
  };

  const ephemeral = (chat) => {
    try {
      return member("WAWebGetEphemeralFieldsMsgActionsUtils", "getEphemeralFields")?.(chat) ?? {};
    } catch {
      return {};
    }
  };

  const history = chatHistory({ addressOf, findMessage, ifFound, member, messages, models, need });

  return {
    name: "native",
    socket, stream, conn, cmd, messages, chats,
    addressOf,
    otherAddress,
    serverSeconds,

    version: () => window.Debug?.VERSION ?? null,

    offlineProgress() {
      try {
        return member("WAWebOfflineHandler", "OfflineMessageHandler")?.getOfflineDeliveryProgress?.() ?? null;
      } catch {
        return null;
      }
    },

    account: () => ({
      pn: me("pn") ? addressOf(me("pn")) : null,
      lid: me("lid") ? addressOf(me("lid")) : null,
    }),

    /** The text a phone scans: ref, three keys of this profile and, where known, the platform. */
    async qr() {
      const ref = conn()?.ref;
      if (!ref) return null;
      const encode = need("WABase64", "encodeB64");
      const keys = await registration("waSignalStore").getRegistrationInfo();
      const noise = await registration("waNoiseInfo").get();
      const secret = await registration("getADVSecretKey")();
      if (!secret) return null;
      const platform = registration("DEVICE_PLATFORM");
      const parts = [
        ref,
        encode(noise.staticKeyPair.pubKey),
        encode(keys.identityKeyPair.pubKey),
        secret,
      ];
      return [...parts, ...(platform === null ? [] : [platform])].join(",");
    },

    refreshQr() {
      const launch = lookup("WAWebLaunchSocketUtils");
      const owner = [launch, launch?.default, cmd()].find((one) => typeof one?.refreshQR === "function");
      owner?.refreshQR();
      return owner !== undefined;
    },

    /** Linking by code has thrown the secret of the QR code away: a new one is asked for. */
    async linkByQr() {
      const api = need("WAWebAltDeviceLinkingApi");
      await api.initializeQRLinking?.();
      api.setPairingType("QR_CODE");
    },

    /** Takes the session back from another page that has it; false where the page cannot. */
    takeOver() {
      try {
        socket().takeover();
        return true;
      } catch {
        return false;
      }
    },

    async pairingCode(phone) {
      const api = need("WAWebAltDeviceLinkingApi");
      api.setPairingType("ALT_DEVICE_LINKING");
      await api.initializeAltDeviceLinking();
      return api.startAltLinkingFlow(phone, true);
    },

    /**
     * @returns "queued" when the page has taken the message, "exists" when it had it already,
     *   "recipient_unknown" when WhatsApp knows nobody there. A message that was `never` handed over
     *   before is sent also where the page cannot tell whether it has it.
     */
    async sendText({ chat: chatId, id, text, quoted, again, never }, onResult) {
      const chat = await findChat(chatId);
      if (!chat) return { outcome: "recipient_unknown", key: null, ack: 0, quoted: null };
      const { from, key } = outboundKey(chat, id);
      const lookUp = findMessage(String(key));
      const known = await (never ? ifFound(lookUp) : lookUp);
      if (known && !(again && (known.ack ?? 0) < 1)) return { outcome: "exists", key: String(key), ack: known.ack ?? 0, quoted: null };
      const context = quoted ? await quote(quoted, chat) : null;
      const now = serverSeconds() ?? Math.floor(Date.now() / 1000);
      const [accepted, result] = await need("WAWebSendMsgChatAction", "addAndSendMsgToChat")(chat, {
        id: key,
        ack: 0,
        body: text,
        from,
        to: chat.id,
        local: true,
        self: "out",
        t: now,
        isNewMsg: true,
        type: "chat",
        ...ephemeral(chat),
        ...(context ?? {}),
      });
      Promise.resolve(result).then(
        (sent) => onResult({ key: String(key), result: sent?.messageSendResult ?? String(sent ?? "OK") }),
        (error) => onResult({ key: String(key), result: `ERROR ${error?.message ?? error}` }),
      );
      const message = await accepted;
      return { outcome: "queued", key: String(message?.id ?? key), ack: message?.ack ?? 0, quoted: Boolean(context) };
    },

    /** @returns the outbound message's ack, or null when it is surely absent; throws when undecidable. */
    async findOutbound({ chat: chatId, id }) {
      const wid = createWid(chatId);
      const addresses = [loadedChat(wid)?.id, chatId, otherAddress(wid)].filter(Boolean).map(String);
      for (const address of new Set(addresses)) {
        const found = await findMessage(`true_${address}_${id}`);
        if (found === undefined) throw new Error("the page offers no look-up of messages");
        if (found) return found.ack ?? 0;
      }
      return null;
    },

    recentChats: (since) => models(chats())
      .filter((chat) => chat.t === undefined || chat.t >= since || (chat.unreadCount ?? 0) !== 0)
      .map((chat) => ({ chat: addressOf(chat.id), t: chat.t ?? null })),

    /** A chat's messages of at least `since` (server seconds), at most `limit`; see history.js. */
    async historySince({ chat: chatId, since, limit }) {
      const chat = await findChat(chatId);
      return chat ? history.read(chat, since, limit) : { messages: [], refused: null };
    },

    async markRead(chatId) {
      const chat = await findChat(chatId);
      const seen = need("WAWebUpdateUnreadChatAction", "sendSeen");
      stream()?.markAvailable?.();
      await seen({ chat, threadId: undefined });
      stream()?.markUnavailable?.();
    },

    async typing({ chat, on }) {
      const bridge = need("WAWebChatStateBridge");
      await (on ? bridge.sendChatStateComposing : bridge.sendChatStatePaused)(createWid(chat));
    },

    logOut() {
      need("WAWebSocketModel", "Socket").logout();
    },

    /** Which capabilities could be served now; a capability is there when its modules are. */
    probe() {
      const has = (id, ...names) => names.every((name) => member(id, name) !== null);
      const wids = has("WAWebWidFactory", "createWid");
      const opens = wids && (has("WAWebFindChatAction", "findOrCreateLatestChat") || Boolean(chats()?.get));
      return {
        state: Boolean(socket()?.on),
        qr: has("WABase64", "encodeB64") && registration("waSignalStore") !== null,
        pairing_code: has("WAWebAltDeviceLinkingApi", "startAltLinkingFlow"),
        inbound: Boolean(messages()?.on),
        acks: Boolean(messages()?.on),
        send_text: opens && has("WAWebSendMsgChatAction", "addAndSendMsgToChat") && lookup("WAWebMsgKey") !== null,
        find_message: opens && typeof messages()?.getMessagesById === "function",
        history_since: opens && (has("WAWebChatLoadMessages", "loadEarlierMsgs") ||
          has("WAWebDBMessageFindLocal", "msgFindByDirection")),
        mark_read: has("WAWebUpdateUnreadChatAction", "sendSeen"),
        typing: has("WAWebChatStateBridge", "sendChatStateComposing"),
        account: has("WAWebUserPrefsMeUser", "getMaybeMePnUser"),
        logout: typeof socket()?.logout === "function",
      };
    },
  };
}
