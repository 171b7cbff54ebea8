"""What a gap left behind: which chats to read again, and which of their messages still matter."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from flowhqd.errors import PageError
from flowhqd.log import get_logger
from flowhqd.whatsapp.addresses import not_a_customer
from flowhqd.whatsapp.bridge import History
from flowhqd.whatsapp.events import Message

if TYPE_CHECKING:
    from flowhqd.whatsapp.bridge import Bridge, ChatHead

log = get_logger(__name__)

# Messages of one chat may reach the page out of order around a gap, and a customer may edit one for
# 15 minutes.
OVERLAP = timedelta(minutes=15)
# More news than this in one chat is read on the phone, not answered by a template.
MAX_PER_CHAT = 500


@dataclass(frozen=True, slots=True)
class Missed:
    """A message found by the sweep, and the ids of own messages that follow it in its chat."""

    message: Message
    own_after: tuple[str, ...]


def start_of(chat_id: str, watermarks: Mapping[str, datetime], history_from: datetime) -> datetime:
    """From when on a chat is read again; never what was there before the link."""
    watermark = watermarks.get(chat_id)
    return history_from if watermark is None else max(history_from, watermark - OVERLAP)


def to_sweep(
    heads: list[ChatHead], watermarks: Mapping[str, datetime], history_from: datetime
) -> list[tuple[str, datetime]]:
    """The chats that may hold messages the log does not have, each with where to start.

    Where the log is farthest behind comes first: sessions that are lost one after another must not
    begin with the same chats each time, and never reach the last.
    """
    plan = []
    for head in heads:
        if not_a_customer(head.chat_id):
            continue
        start = start_of(head.chat_id, watermarks, history_from)
        # Unread counts and times of a chat head are hints; one that has no time is read.
        if head.at is None or head.at >= start:
            known = watermarks.get(head.chat_id, history_from)
            has_no_news = head.at is not None and head.at <= known
            plan.append((has_no_news, known, head.chat_id, start))
    return [(chat_id, start) for *_, chat_id, start in sorted(plan)]


async def sweep(
    bridge: Bridge,
    watermarks: Mapping[str, datetime],
    history_from: datetime,
    unread: set[str],
) -> AsyncIterator[Missed]:
    """Every message since the watermarks, the owner's too, oldest first within its chat.

    A chat whose history the page refuses is read again by the next sweep and is in ``unread`` until
    then; what the page has in memory of it is taken at once, and it holds up no other. Raises what
    else the bridge raises.
    """
    heads = await bridge.recent_chats(history_from)
    for chat_id, start in to_sweep(heads, watermarks, history_from):
        try:
            history = await bridge.history_since(chat_id, start, MAX_PER_CHAT)
        except PageError as error:
            history = History([], str(error))
        if history.refused is None:
            unread.discard(chat_id)
        else:
            log.warning("history_not_read", chat_id=chat_id, error=history.refused)
            unread.add(chat_id)
        for place, found in enumerate(history.messages):
            yield Missed(found, () if found.from_me else _own(history.messages[place:]))


def _own(history: Sequence[Message]) -> tuple[str, ...]:
    return tuple(message.id for message in history if message.from_me)
