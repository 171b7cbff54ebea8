// @ts-check
// The page's own IndexedDB: the login, and every message, chat and contact. Writes are grouped
// into one strict transaction at a time, so that what the page has confirmed survives a kill.

const NAME = "model-storage";
const VERSION = 1;
const RECOVERY_MS = 1000;

/**
 * @typedef {object} MessageRow
 * @property {string} id the serialised key
 * @property {string} chat
 * @property {number} t Unix seconds
 * @property {number} rowId in the order of storing
 * @property {1} [unsent] an own message that the server has not confirmed
 * @property {any} data the dehydrated attributes
 */

/**
 * @template T
 * @param {IDBRequest<T>} request
 * @returns {Promise<T>}
 */
function result(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** @param {IDBDatabase} database */
function createStores(database) {
  database.createObjectStore("session");
  database.createObjectStore("chat", { keyPath: "id" });
  database.createObjectStore("contact", { keyPath: "id" });
  const messages = database.createObjectStore("message", { keyPath: "id" });
  messages.createIndex("order", ["chat", "t", "rowId"]);
  messages.createIndex("rowId", "rowId");
  messages.createIndex("unsent", "unsent");
}

export class Database {
  /** @param {IDBDatabase} connection */
  constructor(connection) {
    this.connection = connection;
    // Chromium closes what it can no longer write to, as on a full disk: only a new page goes on.
    connection.onclose = () => setTimeout(() => location.reload(), RECOVERY_MS);
    this.lastRowId = 0;
    /** @type {((transaction: IDBTransaction) => void)[]} */
    this.pending = [];
    /** @type {Promise<void> | null} */
    this.flushing = null;
  }

  static async open() {
    const request = indexedDB.open(NAME, VERSION);
    request.onupgradeneeded = () => createStores(request.result);
    const database = new Database(await result(request));
    database.lastRowId = await database.#highestRowId();
    return database;
  }

  async #highestRowId() {
    const cursor = await result(this.#store("message").index("rowId").openCursor(null, "prev"));
    return cursor?.value.rowId ?? 0;
  }

  /** @param {string} name */
  #store(name) {
    return this.connection.transaction(name).objectStore(name);
  }

  /**
   * Stores a row; resolves once it is on disk.
   * @param {string} store
   * @param {any} value
   * @param {string} [key]
   */
  put(store, value, key) {
    return this.#enqueue((transaction) => transaction.objectStore(store).put(value, key));
  }

  /** @param {Omit<MessageRow, "rowId">} row */
  putMessage(row) {
    return this.put("message", { ...row, rowId: ++this.lastRowId });
  }

  /**
   * Changes a stored message, if there is one.
   * @param {string} id
   * @param {(row: MessageRow) => MessageRow} change
   */
  updateMessage(id, change) {
    return this.#enqueue((transaction) => {
      const messages = transaction.objectStore("message");
      const request = messages.get(id);
      request.onsuccess = () => {
        if (request.result) messages.put(change(request.result));
      };
    });
  }

  /** @param {(transaction: IDBTransaction) => void} write */
  async #enqueue(write) {
    this.pending.push(write);
    while (this.pending.includes(write)) {
      this.flushing ??= this.#flush();
      await this.flushing;
    }
  }

  async #flush() {
    // What is asked for in this turn of the event loop shares one transaction.
    await Promise.resolve();
    const writes = [...this.pending];
    const transaction = this.connection.transaction(
      ["session", "chat", "contact", "message"],
      "readwrite",
      { durability: "strict" },
    );
    for (const write of writes) write(transaction);
    try {
      await new Promise((resolve, reject) => {
        transaction.oncomplete = resolve;
        transaction.onabort = () => reject(transaction.error);
      });
    } catch (error) {
      setTimeout(() => location.reload(), RECOVERY_MS);
      throw error;
    } finally {
      this.pending = this.pending.filter((write) => !writes.includes(write));
      this.flushing = null;
    }
  }

  /**
   * @param {string} store
   * @param {string} key
   */
  get(store, key) {
    return result(this.#store(store).get(key));
  }

  /** @param {string} store */
  all(store) {
    return result(this.#store(store).getAll());
  }

  /** @returns {Promise<MessageRow[]>} own messages the server never confirmed, oldest first */
  async unsent() {
    const rows = await result(this.#store("message").index("unsent").getAll());
    return rows.sort((left, right) => left.rowId - right.rowId);
  }

  /**
   * A chat's messages next to a row, nearest first.
   * @param {string} chat
   * @param {MessageRow | null} anchor null starts at the chat's end
   * @param {"before" | "after"} direction
   * @param {number} count
   * @returns {Promise<MessageRow[]>}
   */
  async neighbours(chat, anchor, direction, count) {
    const first = [chat, -Infinity, -Infinity];
    const last = [chat, Infinity, Infinity];
    const at = anchor ? [chat, anchor.t, anchor.rowId] : null;
    const range =
      direction === "before"
        ? IDBKeyRange.bound(first, at ?? last, false, at !== null)
        : IDBKeyRange.bound(at ?? first, last, at !== null, false);
    const index = this.#store("message").index("order");
    const request = index.openCursor(range, direction === "before" ? "prev" : "next");
    /** @type {MessageRow[]} */
    const rows = [];
    return new Promise((resolve, reject) => {
      request.onerror = () => reject(request.error);
      request.onsuccess = () => {
        const cursor = request.result;
        if (!cursor || rows.length >= count) return resolve(rows);
        rows.push(cursor.value);
        cursor.continue();
      };
    });
  }

  /** Forgets everything, as a log-out does. */
  async wipe() {
    this.connection.close();
    await result(indexedDB.deleteDatabase(NAME));
  }
}
