"""Talking to the admin server of a running proxy."""

import http.client
import json
import os
import socket
from dataclasses import dataclass, replace
from typing import Any, Final

import click

from shadowproxy.cli.ending import Ending
from shadowproxy.config.addresses import print_listen, read_listen
from shadowproxy.config.escaping import printable
from shadowproxy.core.settings import AdminSettings, ListenSettings

TOKEN_VARIABLE: Final = "SHADOWPROXY_ADMIN_TOKEN"  # noqa: S105 - its name
TIMEOUT_S: Final = 5.0
MAX_ANSWER_BYTES: Final = 16 << 20
_DESTINATION: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - never listened on


def find_admin(path: str | None, address: str | None, token: str | None) -> "Admin":
    """The admin server: flags beat the environment, which beats the file, which beats the default.

    Raises:
        ConfigError: the file is not valid.
    """
    admin = AdminSettings()
    if path is not None:
        from shadowproxy.config.loading import load

        admin = load(path).settings.admin
    return choose_admin(admin, address, token)


def choose_admin(admin: AdminSettings, address: str | None, token: str | None) -> "Admin":
    """The same of settings that are loaded already."""
    if address is not None:
        try:
            admin = replace(admin, listen=read_listen(address.removeprefix("http://").rstrip("/")))
        except ValueError as error:
            raise click.BadParameter(str(error), param_hint="--admin") from None
    token = token if token is not None else os.environ.get(TOKEN_VARIABLE, admin.token)
    if not token.isascii() or not token.isprintable() or " " in token:
        raise click.BadParameter("not a bearer token", param_hint="--token")
    return Admin(admin.listen, token)


class NoAnswer(Ending):
    """Nothing listens there, or what does says nothing in time."""


class _UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=TIMEOUT_S)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(TIMEOUT_S)
        self.sock.connect(self._path)


@dataclass(frozen=True, slots=True)
class Admin:
    """Where it is and what to show it."""

    listen: ListenSettings
    token: str

    def ask(self, method: str, path: str, document: Any = None) -> Any:
        """The JSON document that it answers with.

        Raises:
            Ending: it refuses, or answers something else; NoAnswer: it cannot be reached.
        """
        status, answer = self._answer(method, path, document)
        if 200 <= status < 300 and isinstance(answer, dict):
            return answer
        raise Ending(f"{self.name}: {_complaint(status, answer)}")

    def find(self, path: str) -> Any:
        """The JSON document of one thing; None if there is no such thing.

        Raises:
            Ending: as `ask`.
        """
        status, answer = self._answer("GET", path, None)
        if status == http.client.NOT_FOUND and isinstance(answer, dict):
            return None
        if 200 <= status < 300 and isinstance(answer, dict):
            return answer
        raise Ending(f"{self.name}: {_complaint(status, answer)}")

    def _answer(self, method: str, path: str, document: Any) -> tuple[int, Any]:
        """Status and JSON document, None if it is no JSON."""
        status, body = self._exchange(method, path, document)
        try:
            return status, json.loads(body) if body else {}
        except (ValueError, RecursionError):
            return status, None

    @property
    def name(self) -> str:
        """For messages."""
        return printable(print_listen(self.listen))

    def _exchange(self, method: str, path: str, document: Any) -> tuple[int, bytes]:
        headers = {"Accept": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        body = None
        if document is not None:
            body = json.dumps(document)
            headers["Content-Type"] = "application/json"
        connection = self._connection()
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return response.status, response.read(MAX_ANSWER_BYTES)
        except ConnectionRefusedError:
            raise NoAnswer(f"no proxy runs here: nothing listens on {self.name}") from None
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "strerror", None) or type(error).__name__
            if isinstance(error, TimeoutError):
                reason = f"no answer within {TIMEOUT_S:g} s"
            raise NoAnswer(f"cannot ask {self.name}: {printable(str(reason))}") from None
        finally:
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        if self.listen.unix:
            return _UnixConnection(self.listen.unix)
        host = _DESTINATION.get(self.listen.host, self.listen.host)
        return http.client.HTTPConnection(host, self.listen.port, timeout=TIMEOUT_S)


def _complaint(status: int, answer: Any) -> str:
    said = answer.get("detail") if isinstance(answer, dict) else None
    if said:
        return f"{printable(str(said), 500)} ({status})"
    if status == http.client.UNAUTHORIZED:
        return f"a token is needed: --token or {TOKEN_VARIABLE} (401)"
    return f"the answer is not one of shadowproxy's ({status})"
