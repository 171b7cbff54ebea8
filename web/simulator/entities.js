// @ts-check
// Messages, chats and contacts, and the collections that hold them.

import { BaseModel, Collection, defineModel } from "./model.js";

export const UNREAD_TYPES = new Set([
  "chat", "image", "video", "audio", "ptt", "sticker", "document", "location", "vcard",
  "multi_vcard", "ciphertext", "poll_creation", "list", "buttons_response", "interactive",
]);

export class MsgModel extends BaseModel {
  get isNotification() {
    return ["gp2", "e2e_notification", "notification_template"].includes(this.attributes.type);
  }

  /** Fields that make an outgoing message quote this one. */
  msgContextInfo() {
    const { id, type, body, caption, author, from } = this.attributes;
    return {
      quotedMsg: { type, body, caption },
      quotedStanzaID: id.id,
      quotedParticipant: author ?? from,
      quotedRemoteJid: undefined,
    };
  }

  /** @param {number} ack */
  updateAck(ack) {
    this.set("ack", ack);
  }
}
defineModel(MsgModel, "msg", [
  "id", "body", "caption", "type", "subtype", "t", "ack", "from", "to", "author", "self",
  "isNewMsg", "local", "notifyName", "quotedMsg", "quotedStanzaID", "quotedParticipant",
  "protocolMessageKey", "latestEditMsgKey", "latestEditSenderTimestampMs", "mentionedJidList",
  "isEphemeral", "isStatusV3", "broadcast", "star", "kind", "mediaObject", "mimetype",
]);

export class MsgCollectionImpl extends Collection {
  static model = MsgModel;
}

/** A chat's messages that are in memory. */
export class ChatMsgsCollection extends Collection {
  static model = MsgModel;
}

export class ChatModel extends BaseModel {
  /** @param {Record<string, any>} attributes */
  constructor(attributes) {
    super({ unreadCount: 0, archive: false, pin: 0, mute: { expiration: 0 }, ...attributes });
    Object.defineProperty(this, "msgs", { value: new ChatMsgsCollection() });
  }

  get formattedTitle() {
    return this.attributes.name ?? this.attributes.id.user;
  }

  /** Messages as well, as the page's own `serialize` has them. */
  serialize() {
    return { ...this.attributes, msgs: /** @type {any} */ (this).msgs.serialize() };
  }

  toJSON() {
    return { ...this.attributes };
  }
}
defineModel(ChatModel, "chat", [
  "id", "name", "t", "unreadCount", "lastReceivedKey", "archive", "pin", "mute", "isLocked",
  "isReadOnly", "groupMetadata", "newsletterMetadata", "ephemeralDuration",
]);

export class ChatCollectionImpl extends Collection {
  static model = ChatModel;
}

export class ContactModel extends BaseModel {}
defineModel(ContactModel, "contact", ["id", "name", "pushname", "phoneNumber", "lid"]);

export class ContactCollectionImpl extends Collection {
  static model = ContactModel;
}

class CallModel extends BaseModel {}

/** Nobody calls in the simulator; libraries listen all the same. */
export class CallCollectionImpl extends Collection {
  static model = CallModel;
  pendingOffers = new Map();

  async processIncomingCall() {}
}

export function createCollections() {
  return {
    Msg: new MsgCollectionImpl(),
    Chat: new ChatCollectionImpl(),
    Contact: new ContactCollectionImpl(),
    Newsletter: new ChatCollectionImpl(),
  };
}

/** @typedef {ReturnType<typeof createCollections>} Collections */
