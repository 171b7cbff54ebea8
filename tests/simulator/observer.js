// Reports what the page's models announce, as a library injected into the page would hear it.
(() => {
  const tell = (kind, ...details) => window.observed(JSON.stringify([kind, ...details]));
  const whenRegistered = (id, attach) => {
    const timer = setInterval(() => {
      if (!window.require || !(id in window.require("__debug").modulesMap)) return;
      clearInterval(timer);
      attach(window.require(id));
    }, 5);
  };
  whenRegistered("WAWebSocketModel", ({ Socket }) => {
    tell("state", Socket.state);
    Socket.on("change:state", (_socket, state) => tell("state", state));
    Socket.on("change:hasSynced", (_socket, value) => tell("synced", value));
  });
  whenRegistered("WAWebStreamModel", ({ Stream }) => {
    Stream.on("change:mode", (_stream, mode) => tell("mode", mode));
  });
  whenRegistered("WAWebCmd", ({ Cmd }) => {
    Cmd.on("main_loaded", () => tell("main_loaded"));
    Cmd.on("logout", () => tell("logout"));
    Cmd.on("offline_progress_update_from_bridge", (percent) => tell("progress", percent));
  });
  whenRegistered("WAWebCollections", ({ Msg, Chat }) => {
    tell("collections");
    Msg.on("add", (msg) => tell("add", String(msg.id), msg.type, msg.body ?? null, msg.isNewMsg));
    Msg.on("change:type", (msg, type, before) => tell("type", String(msg.id), type, before));
    Msg.on("change:body", (msg, body) => tell("body", String(msg.id), body ?? null));
    Msg.on("change:ack", (msg, ack) => tell("ack", String(msg.id), ack));
    Chat.on("change:unreadCount", (chat, count) => tell("unread", String(chat.id), count));
  });
})();
