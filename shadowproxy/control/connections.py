"""The admin server's connections: bounded in number, and malformed requests answered as all else is.

Law: whoever holds connections open keeps nobody out: when there are too many, the oldest goes.
"""

import asyncio
from http import HTTPStatus
from typing import Any, Final, cast

from aiohttp import web

from shadowproxy.control.answers import SECURITY_FIELDS, problem
from shadowproxy.core.overriding import override

MAX_CONNECTIONS: Final = 512
"""A scraper, probes and a team of people use some ten; 512 take about 10 MiB."""

KEEPALIVE_S: Final = 30.0


class Connections:
    """Makes a connection's protocol; what `create_server` wants."""

    def __init__(self, server: web.Server) -> None:
        self._server = server
        self._loop = asyncio.get_running_loop()

    def __call__(self) -> web.RequestHandler:
        """A new connection, at the cost of the oldest one if there are too many."""
        present = self._server.connections
        if len(present) >= MAX_CONNECTIONS:
            present[0].force_close()
        return _Connection(
            self._server,
            loop=self._loop,
            access_log=cast("Any", None),
            keepalive_timeout=KEEPALIVE_S,
        )


class _Connection(web.RequestHandler):
    """One connection."""

    @override
    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """What the HTTP parser refuses: a problem document that repeats nothing of the request.

        The default would also log the request's bytes with a traceback: noise, and maybe secrets.
        """
        if request.writer.output_size > 0:
            raise ConnectionError("part of an answer has been sent")
        answer = problem(HTTPStatus(status), "not a valid HTTP request")
        answer.headers.update(SECURITY_FIELDS)
        answer.force_close()
        return answer
