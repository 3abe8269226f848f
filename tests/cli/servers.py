"""An admin server that says what a test tells it to, and remembers what it was asked."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any


class ScriptedAdmin:
    """`answers` maps `METHOD /path` to (status, body); `asked` are (method, path, token, body)."""

    def __init__(self, answers: dict[str, tuple[int, bytes]]) -> None:
        self.answers = answers
        self.asked: list[tuple[str, str, str | None, Any]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def _answer(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                body = json.loads(self.rfile.read(length)) if length else None
                token = self.headers.get("Authorization")
                outer.asked.append((self.command, self.path, token, body))
                status, content = outer.answers.get(f"{self.command} {self.path}", (404, b"{}"))
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = do_DELETE = _answer  # noqa: N815 - the names that it calls

            def log_message(self, *_: object) -> None:
                """Says nothing."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)

    @property
    def address(self) -> str:
        """For `--admin`."""
        return f"127.0.0.1:{self.server.server_port}"


@contextmanager
def scripted_admin(answers: dict[str, tuple[int, bytes]]) -> Iterator[ScriptedAdmin]:
    """Serves until the block ends."""
    admin = ScriptedAdmin(answers)
    thread = threading.Thread(target=admin.server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield admin
    finally:
        admin.server.shutdown()
        thread.join()
        admin.server.server_close()
