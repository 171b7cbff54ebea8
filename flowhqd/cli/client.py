"""The running daemon over HTTP, as the command line asks it."""

from __future__ import annotations

import http.client
import json
import os
from base64 import b64encode
from contextlib import closing
from typing import Any, Self
from urllib.parse import quote, urlencode, urlsplit

import orjson

from flowhqd.credentials import kept_admin_password
from flowhqd.environment import load_settings
from flowhqd.errors import FlowHQError, StartupError
from flowhqd.settings import local_url

CONNECT_SECONDS = 5.0
# The longest answers are those that wait for a page: a pairing code, a log-out before deleting.
ANSWER_SECONDS = 120.0


class DaemonAbsent(StartupError):
    """There is no daemon to ask."""

    code = "daemon_absent"


class Refused(FlowHQError):
    """The daemon refused, or found nothing; ``str(error)`` says why."""

    def __init__(self, detail: str, status: int = 0) -> None:
        self.status = status
        super().__init__(detail)


class Client:
    """Requests to the daemon at ``url``; a password of None sends none.

    Every method raises Refused for an answer that is a problem, and DaemonAbsent.
    """

    def __init__(
        self, url: str, password: str | None, *, connect_seconds: float = CONNECT_SECONDS
    ) -> None:
        self.url = url.rstrip("/")
        try:
            address = urlsplit(self.url)
            host, port = address.hostname, address.port
        except ValueError:
            host = None
        if not host or address.scheme not in ("http", "https"):
            raise DaemonAbsent(f"{url!r} is no http:// or https:// address of a daemon")
        self._is_secure, self._host, self._port = address.scheme == "https", host, port
        self._connect_seconds = connect_seconds
        self._base = address.path
        self._headers = {"Accept": "application/json"}
        if password is not None:
            basic = b64encode(f"admin:{password}".encode()).decode()
            self._headers["Authorization"] = f"Basic {basic}"

    @classmethod
    def of_environment(cls, url: str | None, *, connect_seconds: float = CONNECT_SECONDS) -> Self:
        """The daemon of the settings, or the one at ``url``; raises SettingsError."""
        password = os.environ.get("ADMIN_PASSWORD", "").strip() or None
        if url is None or password is None:
            settings = load_settings()
            password = kept_admin_password(settings)
            url = url or local_url(settings)
        if url is None:
            raise DaemonAbsent("PORT is 0: name the daemon's address with --url or FLOWHQD_URL")
        return cls(url, password, connect_seconds=connect_seconds)

    def get(self, *path: str, **query: object) -> Any:
        """The JSON of a path, given in parts."""
        return self._json("GET", path, query)

    def text(self, *path: str, **query: object) -> str:
        """The text of a path."""
        return self._request("GET", path, query).decode("utf-8", "replace")

    def post(self, *path: str, body: object = None) -> Any:
        """The JSON that answers a POST."""
        return self._json("POST", path, {}, body)

    def delete(self, *path: str) -> None:
        """Delete what is at a path."""
        self._request("DELETE", path, {})

    def _json(
        self, method: str, path: tuple[str, ...], query: dict[str, object], body: object = None
    ) -> Any:
        answer = self._request(method, path, query, body)
        try:
            return orjson.loads(answer)
        except orjson.JSONDecodeError:
            raise self._stranger() from None

    def _request(
        self, method: str, path: tuple[str, ...], query: dict[str, object], body: object = None
    ) -> bytes:
        url = "/".join((self._base, *(quote(part, safe="") for part in path)))
        given = {name: value for name, value in query.items() if value is not None}
        if given:
            url += f"?{urlencode(given)}"
        headers, data = dict(self._headers), None
        if body is not None:
            # Not orjson: an argument of broken bytes is refused by the daemon, in its words.
            headers["Content-Type"], data = "application/json", json.dumps(body).encode()
        try:
            status, content = self._ask(method, url, data, headers)
        except (OSError, http.client.HTTPException) as error:
            raise self._absent(error) from error
        if status >= 300:
            raise self._refused(status, content)
        return content

    def _ask(
        self, method: str, url: str, data: bytes | None, headers: dict[str, str]
    ) -> tuple[int, bytes]:
        # A connection each: between two requests a person may think for minutes.
        kind = http.client.HTTPSConnection if self._is_secure else http.client.HTTPConnection
        connection = kind(self._host, self._port, timeout=self._connect_seconds)
        with closing(connection):
            connection.connect()
            connection.sock.settimeout(ANSWER_SECONDS)
            connection.request(method, url, data, headers)
            response = connection.getresponse()
            return response.status, response.read()

    def _refused(self, status: int, content: bytes) -> FlowHQError:
        try:
            problem = orjson.loads(content)
            detail = str(problem["detail"])
        except (orjson.JSONDecodeError, TypeError, KeyError):
            return self._stranger()
        if status == 401:
            detail += "; set ADMIN_PASSWORD, or be a user who may read the one in STATE_PATH"
        return Refused(detail, status)

    def _stranger(self) -> DaemonAbsent:
        return DaemonAbsent(f"what answers at {self.url} is no flowhqd; name it with --url")

    def _absent(self, error: Exception) -> DaemonAbsent:
        if isinstance(error, TimeoutError):
            return DaemonAbsent(f"no daemon answers at {self.url} in time; is it overloaded?")
        why = getattr(error, "strerror", None) or str(error) or type(error).__name__
        return DaemonAbsent(
            f"no daemon answers at {self.url} ({why}): start it with 'flowhqd run', "
            "or name another with --url"
        )
