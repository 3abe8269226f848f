"""`python old_server.py PORT`: http.server as it comes, HTTP/1.0, and answers without a length."""

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PIECES = [b"piece %d\n" % number * 1000 for number in range(50)]


class Old(BaseHTTPRequestHandler):
    """Ends every answer by closing the connection."""

    def do_GET(self) -> None:
        """A body whose end is that of the connection, or one with a length."""
        body = b"".join(PIECES)
        self.send_response(200, "As Ever")
        self.send_header("Content-Type", "text/plain")
        if self.path == "/length":
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.path != "/nothing":
            self.wfile.write(body)

    def do_HEAD(self) -> None:
        """The head alone."""
        self.send_response(200)
        self.send_header("Content-Length", "1234")
        self.end_headers()

    def do_POST(self) -> None:
        """Says how long the body was."""
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.send_response(201)
        self.end_headers()
        self.wfile.write(b"%d bytes" % len(body))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Says nothing."""


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Old).serve_forever()
