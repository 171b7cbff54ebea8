// @ts-check
// What the page says about itself: Socket, Stream, Conn, NetworkStatus, Cmd and BackendEventBus.

import { EventEmitter } from "./emitter.js";
import { BaseModel, defineModel } from "./model.js";

/** The connection to WhatsApp. `control` is the page's session, which does what is asked here. */
export class SocketModel extends BaseModel {
  /** @type {any} */
  #control = null;

  /** @param {any} control */
  attach(control) {
    this.#control = control;
  }

  /** Unlinks this device, as the menu's "Log out" does. */
  logout() {
    return this.#control.logOut();
  }

  /** Takes the session back from the other page that has it. */
  takeover() {
    this.#control.reconnect();
  }

  reconnect() {
    this.#control.reconnect();
  }

  poke() {
    this.#control.reconnect();
  }
}
defineModel(SocketModel, "socket", ["state", "stream", "hasSynced"]);

export class StreamModel extends BaseModel {
  markAvailable() {
    this.set("available", true);
  }

  markUnavailable() {
    this.set("available", false);
  }
}
defineModel(StreamModel, "stream", ["mode", "info", "available", "needsUpdate"]);

export class ConnModel extends BaseModel {}
defineModel(ConnModel, "conn", [
  "ref",
  "connected",
  "wid",
  "platform",
  "pushname",
  "battery",
  "plugged",
]);

export class NetworkStatusModel extends BaseModel {
  checkOnline() {
    this.set("online", navigator.onLine);
    return navigator.onLine;
  }
}
defineModel(NetworkStatusModel, "networkStatus", ["online"]);

export class CmdImpl extends EventEmitter {
  /** @type {any} */
  #control = null;
  isMainLoaded = false;

  /** @param {any} control */
  attach(control) {
    this.#control = control;
  }

  mainLoaded() {
    this.isMainLoaded = true;
    this.trigger("main_loaded");
  }

  /** Asks for new codes once the old ones are used up. */
  refreshQR() {
    this.#control.refreshCodes();
  }

  logout() {
    return this.#control.logOut();
  }
}

export const BackendEvent = {
  LOGOUT: "logout",
  STARTING_LOGOUT: "starting_logout",
  REFRESH_QR: "refresh_qr",
  SET_SOCKET_STATE: "set_socket_state",
  SOCKET_STREAM_DISCONNECTED: "socket_stream_disconnected",
  OPEN_SOCKET_STREAM: "open_socket_stream",
  INITIAL_LOAD_READY: "initial_load_ready",
  MAIN_STREAM_MODE_READY: "main_stream_mode_ready",
  OFFLINE_DELIVERY_END: "offline_delivery_end",
};

export class BackendEventBusImpl extends EventEmitter {
  isMainStreamReadyMd = false;
  isOfflineDeliveryEnd = false;
}

/** The page's single instances. */
export function createState() {
  return {
    Socket: new SocketModel({ state: "UNLAUNCHED", stream: "DISCONNECTED", hasSynced: false }),
    Stream: new StreamModel({ mode: undefined, info: "OFFLINE", available: false }),
    Conn: new ConnModel({ connected: false }),
    NetworkStatus: new NetworkStatusModel({ online: true }),
    Cmd: new CmdImpl(),
    BackendEventBus: new BackendEventBusImpl(),
    /** The share of the offline queue that has arrived, 0 to 100. */
    offlineProgress: 0,
  };
}

/** @typedef {ReturnType<typeof createState>} State */
