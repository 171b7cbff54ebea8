// @ts-check
// One line to the simulator's server: JSON frames over a WebSocket, and requests with an answer.

import { EventEmitter } from "./emitter.js";

/** Raises `frame` (op, frame) and `close`. */
export class Link extends EventEmitter {
  constructor() {
    super();
    /** @type {WebSocket | null} */
    this.socket = null;
    /** @type {Map<number, {resolve: Function, reject: Function}>} */
    this.requests = new Map();
    this.lastRequest = 0;
  }

  get isOpen() {
    return this.socket?.readyState === WebSocket.OPEN;
  }

  /** Opens the line; rejects when the server does not take it. */
  open() {
    const address = new URL("/line", location.href);
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(address);
    this.socket = socket;
    return new Promise((resolve, reject) => {
      socket.onclose = () => reject(new Error("the server cannot be reached"));
      socket.onmessage = (event) => this.#receive(JSON.parse(event.data));
      socket.onopen = () => {
        socket.onclose = () => this.#closed(socket);
        resolve(undefined);
      };
    });
  }

  /** @param {any} frame */
  #receive(frame) {
    if (frame.op !== "answer") return void this.trigger("frame", frame);
    const request = this.requests.get(frame.request);
    this.requests.delete(frame.request);
    if (frame.error) request?.reject(new Error(frame.error));
    else request?.resolve(frame.result);
  }

  /** @param {WebSocket} socket */
  #closed(socket) {
    if (this.socket !== socket) return;
    this.close();
    this.trigger("close");
  }

  /** @param {Record<string, any>} frame */
  send(frame) {
    if (this.isOpen) this.socket?.send(JSON.stringify(frame));
  }

  /**
   * @param {string} op
   * @param {Record<string, any>} [fields]
   * @returns {Promise<any>}
   */
  request(op, fields = {}) {
    if (!this.isOpen) return Promise.reject(new Error("not connected"));
    const request = ++this.lastRequest;
    return new Promise((resolve, reject) => {
      this.requests.set(request, { resolve, reject });
      this.send({ op, request, ...fields });
    });
  }

  /** Closes the line from our side; raises no event. */
  close() {
    this.socket?.close();
    this.socket = null;
    for (const request of this.requests.values()) request.reject(new Error("the line was cut"));
    this.requests.clear();
  }
}
