"""One client connection of the load generator: a request out, an answer in, nothing else.

connecting ─► writing ─► head ─► body ─► (answered) ─► writing ...
"""

import errno
import re
import select
import socket
from enum import Enum

_LENGTH = re.compile(rb"(?i)\r\ncontent-length:[ \t]*(\d+)")
_CHUNKED = re.compile(rb"(?i)\r\ntransfer-encoding:[ \t]*chunked")
_CLOSE = re.compile(rb"(?i)\r\nconnection:[ \t]*close")
_END_OF_CHUNKS = b"0\r\n\r\n"
_BLOCKED = (errno.EAGAIN, errno.ENOTCONN, errno.EINPROGRESS)


class Outcome(Enum):
    """What a step came to; the value of a failure is the word in the report."""

    PENDING = "pending"
    ANSWERED = "answered"
    CLOSED = "closed early"
    REFUSED = "refused"
    RESET = "reset"


class Answer:
    """One answer as it arrives; it may end with a length, the last chunk or the connection."""

    __slots__ = ("_in_body", "_is_chunked", "_left", "_tail", "must_close", "status", "until_close")

    def __init__(self) -> None:
        self.status = 0
        self.must_close = False
        self.until_close = False
        self._left = 0
        self._tail = b""
        self._in_body = False
        self._is_chunked = False

    def feed(self, data: bytes) -> bool:
        """Takes what came; True when the answer is whole."""
        if self._in_body:
            self._left -= len(data)
        else:
            data = self._tail + data
            end = data.find(b"\r\n\r\n")
            if end < 0:
                self._tail = data
                return False
            self._begin(data, end)
        if self._is_chunked:
            self._tail = (self._tail + data)[-len(_END_OF_CHUNKS) :]
            return self._tail == _END_OF_CHUNKS
        return self._left <= 0 and not self.until_close

    def _begin(self, data: bytes, end: int) -> None:
        self.status = int(data[9:12])
        self.must_close = _CLOSE.search(data, 0, end) is not None
        length = _LENGTH.search(data, 0, end)
        self._is_chunked = length is None and _CHUNKED.search(data, 0, end) is not None
        self.until_close = length is None and not self._is_chunked
        self._left = 0 if length is None else int(length[1]) - (len(data) - end - 4)
        self._tail = b""
        self._in_body = True


class Connection:
    """`due_ns` is when its request was meant to leave, 0 when it has none."""

    __slots__ = ("_request", "_socket", "answer", "due_ns", "fd")

    def __init__(self, port: int) -> None:
        """Starts to connect; raises OSError when the kernel refuses at once."""
        self._socket = socket.socket()
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        code = self._socket.connect_ex(("127.0.0.1", port))
        if code not in (0, errno.EINPROGRESS):
            self._socket.close()
            raise OSError(code, errno.errorcode[code])
        self.fd = self._socket.fileno()
        self.due_ns = 0
        self.answer = Answer()
        self._request = b""

    @property
    def is_writing(self) -> bool:
        """The request has not left yet: the connection does not stand."""
        return bool(self._request)

    def start(self, request: bytes, due_ns: int) -> Outcome:
        """Sends a request, now or as soon as the connection stands."""
        self.due_ns = due_ns
        self.answer = Answer()
        self._request = request
        return self._write()

    def ready(self, mask: int) -> Outcome:
        """Epoll said something about this connection."""
        if self._request and mask & select.EPOLLOUT:
            outcome = self._write()
            if outcome is not Outcome.PENDING:
                return outcome
        if mask & (select.EPOLLIN | select.EPOLLHUP | select.EPOLLERR):
            return self._read()
        return Outcome.PENDING

    def close(self) -> None:
        """Closes it; epoll forgets it by itself."""
        self._socket.close()

    def _write(self) -> Outcome:
        try:
            self._socket.send(self._request)
        except OSError as error:
            return Outcome.PENDING if error.errno in _BLOCKED else _failed(error)
        self._request = b""  # far smaller than a socket buffer: it is never sent in part
        return Outcome.PENDING

    def _read(self) -> Outcome:
        try:
            data = self._socket.recv(65536)
        except BlockingIOError:
            return Outcome.PENDING
        except OSError as error:
            return _failed(error)
        if not data:
            return Outcome.ANSWERED if self.answer.until_close else Outcome.CLOSED
        return Outcome.ANSWERED if self.answer.feed(data) else Outcome.PENDING


def _failed(error: OSError) -> Outcome:
    return Outcome.REFUSED if error.errno == errno.ECONNREFUSED else Outcome.RESET
