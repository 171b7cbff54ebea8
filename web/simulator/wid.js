// @ts-check
// WhatsApp ids inside the page: `<digits>@c.us`, `<digits>@lid`, `<id>@g.us`, `status@broadcast`,
// `<id>@newsletter`; a device's wid carries `user:device@server`. `@s.whatsapp.net` is the wire
// form of `@c.us` and never appears in a wid.

const USER_SERVERS = new Set(["c.us", "lid", "bot", "hosted", "hosted.lid"]);
const PATTERN = /^([^@:\s]+)(?::(\d+))?@([a-z.]+)$/i;

export class Wid {
  /** @param {string} id */
  constructor(id) {
    const match = PATTERN.exec(id);
    if (!match) throw new Error(`wid error: invalid wid ${id}`);
    this.server = match[3];
    this.user = match[1];
    this._serialized = id;
    if (match[2]) this.device = Number(match[2]);
  }

  toString() {
    return this._serialized;
  }

  toJSON() {
    return this._serialized;
  }

  toJid() {
    return this._serialized.replace(/@c\.us$/, "@s.whatsapp.net");
  }

  getDeviceId() {
    return this.device ?? 0;
  }

  getSignalAddress() {
    return `${this.user}.${this.getDeviceId()}`;
  }

  /** @param {any} other */
  equals(other) {
    return other != null && String(other) === this._serialized;
  }

  /** @param {Wid} other */
  isSameAccount(other) {
    return this.user === other.user && this.server === other.server;
  }

  isUser() {
    return USER_SERVERS.has(this.server);
  }

  isLid() {
    return this.server === "lid";
  }

  isBot() {
    return this.server === "bot";
  }

  isGroup() {
    return this.server === "g.us";
  }

  isNewsletter() {
    return this.server === "newsletter";
  }

  isStatus() {
    return this._serialized === "status@broadcast";
  }

  isStatusV3() {
    return this.isStatus();
  }

  isBroadcast() {
    return this.server === "broadcast" && !this.isStatus();
  }

  isPSA() {
    return this._serialized === "0@c.us";
  }

  isUserNotPSA() {
    return this.isUser() && !this.isPSA();
  }

  isServer() {
    return this._serialized === "server@c.us";
  }

  isGroupCall() {
    return this.server === "call";
  }

  isCompanion() {
    return this.getDeviceId() > 0;
  }

  /** @param {any} other */
  isGreaterThan(other) {
    return this._serialized > String(other);
  }

  /** @param {any} other */
  isLessThan(other) {
    return this._serialized < String(other);
  }

  /** @param {any} value */
  static isWid(value) {
    return PATTERN.test(String(value));
  }

  /**
   * @param {string} server
   * @param {any} value
   */
  static isXWid(server, value) {
    return Wid.isWid(value) && String(value).endsWith(`@${server}`);
  }

  /** @param {any} value */
  static isUser(value) {
    return Wid.isWid(value) && new Wid(String(value)).isUser();
  }

  /** @param {any} value */
  static isLid(value) {
    return Wid.isXWid("lid", value);
  }

  /** @param {any} value */
  static isGroup(value) {
    return Wid.isXWid("g.us", value);
  }

  /** @param {any} value */
  static isStatus(value) {
    return String(value) === "status@broadcast";
  }

  /** @param {any} value */
  static isBroadcast(value) {
    return Wid.isXWid("broadcast", value) && !Wid.isStatus(value);
  }

  /**
   * @param {any} left
   * @param {any} right
   */
  static equals(left, right) {
    return left != null && right != null && String(left) === String(right);
  }

  /** @param {any} value */
  static user(value) {
    return PATTERN.exec(String(value))?.[1];
  }
}

/** @param {any} id */
export function createWid(id) {
  return id instanceof Wid ? id : new Wid(String(id?._serialized ?? id));
}

/**
 * @param {string} user digits, or a whole wid whose server is then ignored
 * @param {string} [server]
 */
function createUserWid(user, server = "c.us") {
  return new Wid(`${user.split("@")[0]}@${server}`);
}

/** @param {Wid} wid */
export function asUserWidOrThrow(wid) {
  if (!wid?.isUser()) throw new Error(`wid error: ${wid} is not a user`);
  return createUserWid(wid.user, wid.server);
}

/** @param {any} value */
function isWidlike(value) {
  return typeof value === "object" && value !== null && "user" in value && "server" in value;
}

/** @param {any} value */
function createWidFromWidLike(value) {
  return createWid(value._serialized ?? `${value.user}@${value.server}`);
}

/** The exports of WAWebWidFactory. */
export const WidFactory = {
  createWid,
  createUserWid,
  createUserWidOrThrow: createUserWid,
  asUserWidOrThrow,
  toUserWid: asUserWidOrThrow,
  toUserWidOrThrow: asUserWidOrThrow,
  asChatWid: createWid,
  toChatWid: createWid,
  toGroupWid: createWid,
  createDeviceWid: createWid,
  isWidlike,
  createWidFromWidLike,
};
