// The bridge: what flowhqd sees of WhatsApp Web, and what it asks of it.
//
// Runs in the page on every new document. Events leave as JSON envelopes through one CDP binding;
// commands come in by name. Everything that knows WhatsApp's inside is in the way it is given.

function installBridge(config, way) {
  "use strict";

  if (window.top !== window || location.origin !== config.origin) return;
  const post = window[config.binding];
  if (typeof post !== "function") return;
  delete window[config.binding];

  const LONGEST_TEXT = 200_000; // WhatsApp's own limit is 65,536 characters.
  const READABLE_WITHIN_MS = 15_000;
  // Modules come late and models may be replaced; once all is there a slow look is enough.
  const LOOK_EVERY_MS = 500;
  const LOOK_AGAIN_EVERY_MS = 5_000;
  // Only these carry text in `body`; of all others it is a thumbnail.
  const TEXT_TYPES = new Set(["chat", "buttons_response", "list_response", "template_button_reply", "interactive_response"]);

  const generation = crypto.randomUUID();

  // PostgreSQL cannot hold NUL, and no UTF-8 can hold an unpaired surrogate.
  const clean = (text) => String(text).slice(0, LONGEST_TEXT).toWellFormed().replaceAll("\0", "\uFFFD");
  const encode = (value) => JSON.stringify(value, (_key, item) => (typeof item === "string" ? clean(item) : item));
  const emit = (kind, fields) => post(encode({ kind, generation, ...fields }));
  const guarded = (work) => (...args) => {
    try {
      work(...args);
    } catch (error) {
      emit("trouble", { detail: String(error?.message ?? error) });
    }
  };

  const describe = (message) => {
    const remote = message.id.remote;
    // A message that was deleted may have become another one, which names the first.
    const original = message.type === "revoked" ? (message.protocolMessageKey ?? message.id) : message.id;
    const edit = message.latestEditMsgKey;
    return {
      key: String(message.id),
      id: String(original.id),
      from_me: Boolean(message.id.fromMe),
      chat: way.addressOf(remote),
      other: way.otherAddress(remote),
      author: message.author ? way.addressOf(message.author) : null,
      name: message.notifyName ?? null,
      type: String(message.type),
      text: TEXT_TYPES.has(message.type) ? (message.body ?? "") : (message.caption ?? ""),
      t: Number(message.t) || 0,
      ack: message.ack ?? null,
      edit: edit ? String(edit.id ?? edit) : null,
    };
  };

  const snapshot = () => {
    const socket = way.socket();
    const stream = way.stream();
    return {
      socket: socket?.state ?? null,
      stream: socket?.stream ?? null,
      synced: Boolean(socket?.hasSynced),
      mode: stream?.mode ?? null,
      info: stream?.info ?? null,
      progress: way.offlineProgress(),
      version: way.version(),
      url: location.href,
    };
  };

  let lastState = "";
  const reportState = guarded(() => {
    const state = snapshot();
    const text = JSON.stringify(state);
    if (text === lastState) return;
    lastState = text;
    emit("state", { state });
  });

  let lastQr = null;
  const reportQr = async () => {
    const unpaired = way.socket()?.state === "UNPAIRED";
    let text = null;
    try {
      text = unpaired ? await way.qr() : null;
    } catch {
      return; // Its modules are not all there yet; the next look asks again.
    }
    if (text === lastQr) return;
    lastQr = text;
    emit("qr", { text });
  };

  // Messages that were told of and could not be read yet: new ones, and those found after a gap.
  const unreadable = new Set();
  const told = (message) => {
    if (message.type === "ciphertext") unreadable.add(String(message.id));
    return describe(message);
  };
  const reportInbound = (message) => {
    const described = told(message);
    if (message.type !== "ciphertext") {
      emit("message", { message: described, live: true });
      return;
    }
    setTimeout(guarded(() => {
      if (unreadable.has(String(message.id))) emit("undecryptable", { message: describe(message) });
    }), READABLE_WITHIN_MS);
  };

  // Models that are listened to.
  const watched = new WeakSet();
  /** Attaches listeners once to a model that may appear late, or be replaced. */
  const watch = (model, attach) => {
    if (!model || typeof model.on !== "function" || watched.has(model)) return;
    watched.add(model);
    attach(model);
  };

  const look = guarded(() => {
    watch(way.socket(), (socket) => {
      socket.on("change:state", reportState);
      socket.on("change:stream", reportState);
      socket.on("change:hasSynced", reportState);
    });
    watch(way.stream(), (stream) => {
      stream.on("change:mode", reportState);
      stream.on("change:info", reportState);
    });
    watch(way.conn(), (conn) => conn.on("change:ref", () => void reportQr()));
    watch(way.cmd(), (cmd) => {
      cmd.on("logout", () => emit("logout", {}));
      cmd.on("logout_from_bridge", () => emit("logout", {}));
      cmd.on("offline_progress_update_from_bridge", reportState);
    });
    watch(way.messages(), (messages) => {
      messages.on("add", guarded((message) => {
        if (message.isNewMsg) reportInbound(message);
      }));
      const reportChange = guarded((message) => {
        if (!message.id.fromMe) emit("changed", { message: describe(message) });
      });
      // The text of an edit may be set after its key.
      messages.on("change:latestEditMsgKey", (message) => queueMicrotask(() => reportChange(message)));
      messages.on("change:type", guarded((message, type) => {
        if (unreadable.delete(String(message.id))) emit("message", { message: describe(message), live: true });
        else if (type === "revoked") reportChange(message);
      }));
      messages.on("change:ack", guarded((message, ack) => {
        if (message.id.fromMe) emit("ack", { id: String(message.id.id), chat: way.addressOf(message.id.remote), ack });
      }));
    });
    reportState();
    void reportQr();
  });
  const keepLooking = () => {
    look();
    const settled = way.socket()?.hasSynced && watched.has(way.messages() ?? {});
    setTimeout(keepLooking, settled ? LOOK_AGAIN_EVERY_MS : LOOK_EVERY_MS);
  };

  const commands = {
    state: () => ({ ...snapshot(), generation, server_seconds: way.serverSeconds(), account: way.account() }),
    probe: () => {
      // A collection counts only once it is listened to: what it held before raises no event.
      look();
      const capabilities = way.probe();
      const heard = watched.has(way.messages());
      return {
        provider: way.name,
        capabilities: { ...capabilities, inbound: capabilities.inbound && heard, acks: capabilities.acks && heard },
      };
    },
    qr: () => way.qr(),
    refresh_qr: () => way.refreshQr(),
    link_by_qr: async () => {
      await way.linkByQr();
      lastQr = null;
      return reportQr();
    },
    take_over: () => way.takeOver(),
    pairing_code: ({ phone }) => way.pairingCode(phone),
    send_text: (order) => way.sendText(order, (result) => emit("send_result", result)),
    find_message: async (order) => ({ ack: await way.findOutbound(order) }),
    recent_chats: ({ since }) => way.recentChats(since),
    history_since: async (order) => {
      const { messages, refused } = await way.historySince(order);
      return { messages: messages.map(told), refused };
    },
    mark_read: ({ chat }) => way.markRead(chat),
    typing: (order) => way.typing(order),
    logout: () => way.logOut(),
  };

  Object.defineProperty(window, Symbol.for("flowhqd.bridge"), {
    value: Object.freeze({
      run: async (name, args) => JSON.parse(encode((await commands[name](args ?? {})) ?? null)),
    }),
  });

  emit("hello", { url: location.href });
  keepLooking();
}
