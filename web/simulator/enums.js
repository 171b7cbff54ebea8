// @ts-check
// WhatsApp Web's own constants, as far as the client libraries read them from the page.

/** @param {string[]} names */
const byName = (...names) => Object.fromEntries(names.map((name) => [name, name]));

export const ACK = {
  FAILED: -1,
  CLOCK: 0,
  SENT: 1,
  RECEIVED: 2,
  READ: 3,
  PLAYED: 4,
};

export const ACK_STRING = {
  SENDER: "sender",
  DELIVERY: "delivery",
  READ: "read",
  PLAYED: "played",
};

export const SOCKET_STATE = byName(
  "UNLAUNCHED", "OPENING", "PAIRING", "UNPAIRED", "UNPAIRED_IDLE", "CONNECTED", "TIMEOUT",
  "CONFLICT", "PROXYBLOCK", "TOS_BLOCK", "SMB_TOS_BLOCK", "DEPRECATED_VERSION",
);

export const SOCKET_STREAM = byName("DISCONNECTED", "SYNCING", "RESUMING", "CONNECTED");

export const LogoutReason = {
  UserInitiated: "user_initiated",
  SyncdFailure: "syncd_failure",
  UnknownCompanion: "unknown_companion",
  StorageQuotaExceeded: "storage_quota_exceeded",
  AccountLocked: "account_locked",
};

export const LOGOUT_REASON_CODE = {
  CLIENT_FATAL: "0",
  SYNC_FAIL: "1",
  INITIAL_HISTORY_SYNC_TIMEOUT: "2",
  ACCOUNT_LOCKED: "3",
};

/** @param {string} reason */
export function getErrorCodeFromLogoutReason(reason) {
  if (reason === LogoutReason.AccountLocked) return LOGOUT_REASON_CODE.ACCOUNT_LOCKED;
  if (reason === LogoutReason.SyncdFailure) return LOGOUT_REASON_CODE.SYNC_FAIL;
  return LOGOUT_REASON_CODE.CLIENT_FATAL;
}
