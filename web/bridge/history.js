// A chat's history as the page has it: in its own database, or loaded into its memory.

/** `page` is what the native way knows of it: `addressOf`, `findMessage`, `ifFound`, `member`, … */
function chatHistory(page) {
  "use strict";

  const { addressOf, findMessage, ifFound, member, messages, models, need } = page;
  // Messages asked of the page's database at a time.
  const BATCH = 100;

  /** The database searches by a key's parts; some builds keep it as text. */
  const keyOf = (id) => (typeof id === "string" ? need("WAWebMsgKey").fromString(id) : id);

  const earlier = async (chat) => {
    const load = member("WAWebChatLoadMessages", "loadEarlierMsgs");
    if (!load) return [];
    try {
      return (await load({ chat, msgCollection: chat.msgs })) ?? [];
    } catch {
      // As builds before 2026 want it.
      return (await load(chat, chat.msgs)) ?? [];
    }
  };

  /**
   * Messages in the order of time. WhatsApp's times are whole seconds: within one, the first of
   * `ranks` that all of its messages have decides, or else the order they are in.
   */
  const byTime = (list, ...ranks) => {
    const seconds = [...Map.groupBy(list, (message) => message.t)].sort(([a], [b]) => a - b);
    return seconds.flatMap(([, group]) => {
      const rank = ranks.find((one) => group.every((message) => Number.isFinite(one(message))));
      return rank ? group.sort((a, b) => rank(a) - rank(b)) : group;
    });
  };

  /**
   * A chat's messages in the page's own database, from the newest back to `since` or to `limit` of
   * them, oldest first; null where the page offers no such search. What is in memory is no guide:
   * it has gaps, such as before an old message that is still to be sent.
   */
  const stored = async (chat, since, limit) => {
    const newest = chat.lastReceivedKey;
    const find = member("WAWebDBMessageFindLocal", "msgFindByDirection");
    if (!newest || !find) return null;
    const search = async (anchor, direction) => {
      const found = await find({ anchor: keyOf(anchor), count: BATCH, direction });
      const list = (Array.isArray(found) ? found : found?.messages) ?? [];
      // Both directions give the oldest first; one that began at the anchor would show by its times.
      return list.length > 1 && list[0].t > list.at(-1).t ? [...list].reverse() : list;
    };
    const known = new Set();
    const take = (list) => list.filter((message) => {
      const key = String(message.id);
      return !known.has(key) && known.add(key);
    });
    const last = await ifFound(findMessage(newest));
    let inOrder = take([...(last ? [last] : []), ...(await search(newest, "after"))]);
    for (let anchor = newest; inOrder.length < limit; anchor = inOrder[0].id) {
      const batch = take(await search(anchor, "before"));
      inOrder = [...batch, ...inOrder];
      if (batch.length === 0 || batch[0].t < since) break;
    }
    // Rows are numbered as they were stored, and memory has what came live as it came.
    const place = new Map(models(messages()).map((message, index) => [String(message.id), index]));
    return byTime(inOrder, (message) => message.rowId, (message) => place.get(String(message.id)));
  };

  /** The same where the page can only be asked to load more of a chat into memory. */
  const loaded = async (chat, since, limit) => {
    let inOrder = models(chat.msgs);
    for (;;) {
      const before = inOrder.length;
      const batch = await earlier(chat);
      const known = new Set(inOrder.map((message) => String(message.id)));
      inOrder = [...batch.filter((message) => !known.has(String(message.id))), ...inOrder];
      if (inOrder.length === before || inOrder.length >= limit || batch[0].t < since) return inOrder;
    }
  };

  /** The first way that the page offers and does not refuse. */
  const search = async (chat, since, limit) => {
    const refusals = [];
    for (const way of [stored, loaded]) {
      try {
        const found = await way(chat, since, limit);
        if (found) return { found, refused: null };
      } catch (error) {
        refusals.push(String(error?.message ?? error));
      }
    }
    return { found: [], refused: refusals.join("; ") };
  };

  return {
    /**
     * A chat's `messages` of at least `since` (server seconds), oldest first, at most `limit`. Where
     * the page `refused` to search for them it says why, and what is in memory is all there is.
     */
    async read(chat, since, limit) {
      const { found, refused } = await search(chat, since, limit);
      const known = new Set(found.map((message) => String(message.id)));
      const inMemory = models(messages()).filter(
        (message) => addressOf(message.id?.remote) === addressOf(chat.id),
      );
      for (const message of [...models(chat.msgs), ...inMemory]) {
        const key = String(message.id);
        if (!known.has(key)) found.push(message);
        known.add(key);
      }
      return { messages: byTime(found.filter((message) => message.t >= since)).slice(-limit), refused };
    },
  };
}
