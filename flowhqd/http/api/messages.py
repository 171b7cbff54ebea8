"""Sending: messages that somebody asks for, beside the replies."""

from __future__ import annotations

from aiohttp import web

from flowhqd.http import tenants
from flowhqd.http.auth import actor
from flowhqd.http.body import read_model
from flowhqd.http.models import MessageCreate, Nothing
from flowhqd.http.operation import Operation
from flowhqd.http.responses import json_response
from flowhqd.http.services import services
from flowhqd.http.views import LogView, MessageAnswer
from flowhqd.messages.manual import ManualMessage, Recorded, trial_message
from flowhqd.store.api_keys import Scope


@Operation(
    Scope.SEND, MessageAnswer, 202, body=MessageCreate, also={200: MessageAnswer}, errors=(409,)
)
async def send(request: web.Request) -> web.Response:
    """Log a message and have it sent, in order with its chat's replies.

    202 with its row; 200 with the row as it is now when the same was asked for before. Without a
    connected session the row stays QUEUED and is sent once there is one. 429 when 1,000 wait.
    """
    tenant = tenants.tenant_id(request)
    body = await read_model(request, MessageCreate)
    message = ManualMessage(body.chat, body.text, body.quoted, body.idempotency_key)
    return _answer(await services(request).control.send(tenant, message, actor=actor(request)))


@Operation(Scope.SEND, MessageAnswer, 202, body=Nothing, also={200: MessageAnswer}, errors=(409,))
async def send_test(request: web.Request) -> web.Response:
    """Send a test to the owner's own chat."""
    tenant = await tenants.find(request)
    await read_model(request, Nothing)
    message = trial_message(tenant)
    return _answer(await services(request).control.send(tenant.id, message, actor=actor(request)))


def _answer(recorded: Recorded) -> web.Response:
    answer = MessageAnswer(message=LogView.of(recorded.row))
    return json_response(answer, status=202 if recorded.is_new else 200)
