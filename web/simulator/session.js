// @ts-check
// The page's life with the server: codes, pairing, sync, drops, conflict, blocks and log-out.

import { createWid } from "./wid.js";

const FIRST_RETRY_MS = 100;
const LONGEST_RETRY_MS = 2000;
const LEAVE_DELAY_MS = 100;

/** @param {number} ms */
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export class Session {
  /** @param {any} page the parts made in main.js */
  constructor(page) {
    this.page = page;
    /** @type {{device: string, token: string, wid: string, lid: string} | null} */
    this.login = null;
    this.isLeaving = false;
    this.wasReady = false;
    this.offline = { total: 0, done: 0 };
    page.state.Socket.attach(this);
    page.state.Cmd.attach(this);
    page.link.on("frame", (/** @type {any} */ frame) => this.#receive(frame));
    page.link.on("close", () => this.#closed());
    page.inbox.onProgress = (/** @type {number} */ count) => this.#progress(count);
  }

  get isRegistered() {
    return this.login !== null;
  }

  async start() {
    const { database, pairing, contacts, chats } = this.page;
    await Promise.all([pairing.load(), contacts.load(), chats.load()]);
    this.#adopt((await database.get("session", "login")) ?? null);
    await this.#connect();
  }

  /** @param {any} login */
  #adopt(login) {
    this.login = login;
    this.page.me.pn = login ? createWid(login.wid) : null;
    this.page.me.lid = login ? createWid(login.lid) : null;
  }

  async #connect() {
    const { state, link, pairing, options } = this.page;
    const since = Date.now();
    let wait = FIRST_RETRY_MS;
    this.#move("OPENING");
    while (!this.isLeaving) {
      try {
        await link.open();
        const keys = pairing.publicKeys();
        link.send({ op: "hello", keys, login: this.login, url: location.href });
        return;
      } catch {
        if (Date.now() - since > options.timeout_ms) this.#move("TIMEOUT");
        await pause(wait);
        wait = Math.min(wait * 2, LONGEST_RETRY_MS);
        if (state.Socket.state === "TIMEOUT") this.#move("OPENING");
      }
    }
  }

  /** @param {string} socketState */
  #move(socketState) {
    const { Socket, BackendEventBus } = this.page.state;
    if (Socket.state === socketState) return;
    BackendEventBus.trigger("set_socket_state", socketState);
    Socket.set("state", socketState);
  }

  #closed() {
    if (this.isLeaving) return;
    const { state, outbox } = this.page;
    outbox.pause();
    state.Socket.set("stream", "DISCONNECTED");
    state.Stream.set("info", "OPENING");
    state.BackendEventBus.trigger("socket_stream_disconnected");
    void this.#connect();
  }

  /** @param {any} frame */
  #receive(frame) {
    const { inbox, outbox, contacts, options } = this.page;
    switch (frame.op) {
      case "ref":
        return this.#showCode(frame.ref);
      case "idle":
        return this.#move("UNPAIRED_IDLE");
      case "paired":
        return void this.#paired(frame.login);
      case "welcome":
        return void this.#welcome(frame);
      case "message":
      case "receipt":
      case "read":
        return inbox.receive(frame);
      case "offline_end":
        return void this.#synced();
      case "contacts":
        return void contacts.learn(frame.contacts);
      case "accepted":
        return void outbox.accepted(frame);
      case "refused":
        return void outbox.refused(frame);
      case "options":
        return void Object.assign(options, frame.options);
      case "conflict":
        return this.#stop("CONFLICT");
      case "blocked":
        return this.#stop(frame.state);
      case "logout":
        return void this.#leave(frame.reason, true);
      case "failure":
        return void this.#leave(frame.reason, false);
      case "reload":
        return location.reload();
      case "leave":
        return location.assign("about:blank");
      case "hang":
        // What a page does that never comes back from a loop: only its end can be forced.
        for (;;);
      case "throw":
      case "reload_before_storing":
      case "reload_once_stored":
      case "reload_once_sent":
        outbox.disturbance = frame.op;
    }
  }

  /** @param {string} ref */
  #showCode(ref) {
    const { Conn, Stream } = this.page.state;
    Conn.set("ref", ref);
    this.#move("UNPAIRED");
    Stream.set({ mode: "QR", info: "NORMAL" });
  }

  /** @param {any} login */
  async #paired(login) {
    const { state, link, database } = this.page;
    this.#move("PAIRING");
    state.Stream.set("info", "PAIRING");
    await database.put("session", login, "login");
    this.#adopt(login);
    link.close();
    await this.#connect();
  }

  /** @param {any} frame */
  async #welcome(frame) {
    const { state, clock, contacts, inbox, options } = this.page;
    const { Socket, Stream, Conn } = state;
    inbox.isQuiet = !options.announce_offline;
    clock.skew = frame.server_time_ms - Date.now();
    this.offline = { total: frame.offline, done: 0 };
    Conn.set({
      connected: true,
      ref: undefined,
      wid: this.page.me.pn,
      pushname: frame.pushname,
      platform: frame.platform,
    });
    this.#move("CONNECTED");
    Socket.set("stream", this.wasReady ? "RESUMING" : "SYNCING");
    Stream.set("info", this.wasReady ? "RESUMING" : "SYNCING");
    if (!this.wasReady) Stream.set("mode", "SYNCING");
    state.BackendEventBus.trigger("open_socket_stream");
    await contacts.learn(frame.contacts);
  }

  /** @param {number} count */
  #progress(count) {
    if (this.offline.done >= this.offline.total) return;
    this.offline.done = Math.min(this.offline.done + count, this.offline.total);
    this.#showProgress(Math.floor((this.offline.done * 100) / this.offline.total));
  }

  /** @param {number} percent */
  #showProgress(percent) {
    this.page.state.offlineProgress = percent;
    this.page.state.Cmd.trigger("offline_progress_update_from_bridge", percent);
  }

  async #synced() {
    const { state, inbox, outbox, options } = this.page;
    const { Socket, Stream, Cmd, BackendEventBus } = state;
    await inbox.drained;
    inbox.isQuiet = false;
    BackendEventBus.isOfflineDeliveryEnd = true;
    BackendEventBus.trigger("offline_delivery_end");
    if (!this.wasReady) {
      this.#showProgress(100);
      Cmd.mainLoaded();
      await pause(options.sync_ms);
    }
    if (Socket.state !== "CONNECTED") return;
    await outbox.flush();
    Stream.set("info", "NORMAL");
    Socket.set("stream", "CONNECTED");
    if (this.wasReady) return;
    this.wasReady = true;
    Socket.set("hasSynced", true);
    BackendEventBus.isMainStreamReadyMd = true;
    BackendEventBus.trigger("main_stream_mode_ready");
    Stream.set("mode", "MAIN");
  }

  /** @param {string} mode */
  #stop(mode) {
    const { state, link, outbox } = this.page;
    link.close();
    outbox.pause();
    state.Socket.set("stream", "DISCONNECTED");
    this.#move(mode);
    state.Stream.set("mode", mode);
  }

  /** Opens the line anew: takes a session back from another page, or tries again at once. */
  reconnect() {
    if (this.page.link.isOpen) return;
    if (this.page.state.Stream.mode === "CONFLICT" && this.wasReady) {
      this.page.state.Stream.set("mode", "MAIN");
    }
    void this.#connect();
  }

  refreshCodes() {
    if (this.isRegistered) return;
    this.page.state.BackendEventBus.trigger("refresh_qr");
    this.page.link.send({ op: "refresh_codes" });
  }

  async logOut() {
    await this.page.link.request("unlink").catch(() => null);
    await this.#leave("user_initiated", true);
  }

  /**
   * Ends the login: the profile forgets everything and the page starts afresh.
   * @param {string} reason
   * @param {boolean} announced false when the server refused a saved login: no event tells so
   */
  async #leave(reason, announced) {
    if (this.isLeaving) return;
    this.isLeaving = true;
    const { state, link, database, logoutReason } = this.page;
    const code = logoutReason.getErrorCodeFromLogoutReason(reason);
    if (announced) {
      state.BackendEventBus.trigger("logout", reason);
      state.Cmd.trigger("logout", reason);
      state.Cmd.trigger("logout_from_bridge", reason);
      await pause(LEAVE_DELAY_MS);
    }
    link.close();
    await database.wipe();
    location.assign(`/?post_logout=1&logout_reason=${code}`);
  }
}
