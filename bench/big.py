"""python -m bench.big: 1 GiB up and 1 GiB down through the proxy, with shadowing on.

Promised: the edge grows by less than 16 MiB, the bytes are identical, and whoever sends is held up
when whoever reads rests.
"""

import argparse
import hashlib
import json
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench import scraping
from bench.arms import ONE_EDGE, Running, ours
from bench.bulk import BLOCK_BYTES, block
from bench.measuring import PeakMemory, family, pss_kib
from bench.running import end_on_sigterm, running

PROMISED_MIB = 16
UNREAD_MIB = 32
"""What may be under way while a reader rests: four socket buffers, which the kernel lets grow to
6 MiB each, and what the edge may hold."""
REST_S = 3
COPY_UPLOADS = (
    "routes=[{name: upload, path: /upload, shadow_methods: [PUT], reason: counts bytes only}]"
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One transfer: what went through, how fast, and what the edge grew by at most."""

    name: str
    identical: bool
    mib_per_s: float
    edge_grew_mib: float
    unread_mib: float

    @property
    def holds(self) -> bool:
        """Every promise was kept."""
        return self.identical and self.edge_grew_mib < PROMISED_MIB and self.unread_mib < UNREAD_MIB


def main() -> None:
    """Both directions; exits with 1 when a promise is broken."""
    end_on_sigterm()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mib", type=int, default=1024)
    blocks: int = parser.parse_args().mib
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        ports = []
        for role in ("legacy", "candidate"):
            command = [sys.executable, "-m", "bench.bulk"]
            process = stack.enter_context(running(command, folder / role))
            assert process.stdout is not None
            ports.append(int(process.stdout.readline()))
        target = ours(stack, ports[0], ports[1], folder / "ours", *ONE_EDGE, COPY_UPLOADS)
        scraping.get(target.port, "/progress")
        outcomes = [
            _measured("upload", target, lambda: _upload(target.port, blocks, ports[0])),
            _measured("download", target, lambda: _download(target.port, blocks, ports[0])),
        ]
    for each in outcomes:
        print(
            f"{each.name} of {blocks} MiB: identical {each.identical}, {each.mib_per_s:.0f} MiB/s, "
            f"edge grew by {each.edge_grew_mib:.1f} MiB, "
            f"{each.unread_mib:.1f} MiB were under way while the reader rested"
        )
    sys.exit(not all(each.holds for each in outcomes))


def _measured(
    name: str, target: Running, transfer: Callable[[], tuple[bool, float, float]]
) -> Outcome:
    processes = [each for each in family(target.process) if "edge" in each.cmdline()]
    before_kib = sum(pss_kib(processes).values())
    with PeakMemory(processes) as memory:
        identical, mib_per_s, unread_mib = transfer()
    grew_mib = (sum(memory.peak_kib.values()) - before_kib) / 1024
    return Outcome(name, identical, mib_per_s, grew_mib, unread_mib)


def _upload(port: int, blocks: int, origin: int) -> tuple[bool, float, float]:
    digest = hashlib.blake2b()
    sent = 0
    unread: list[int] = []
    read_before = _progress(origin)[0]

    def look() -> None:
        unread.append(sent - (_progress(origin)[0] - read_before))

    start_s = time.monotonic()
    with socket.create_connection(("127.0.0.1", port)) as connection:
        head = f"PUT /upload?stall={REST_S} HTTP/1.1\r\nHost: bench\r\n"
        connection.sendall(f"{head}Content-Length: {blocks * BLOCK_BYTES}\r\n\r\n".encode())
        timer = threading.Timer(REST_S * 0.8, look)
        timer.start()
        for number in range(blocks):
            data = block(number)
            digest.update(data)
            for at in range(0, BLOCK_BYTES, 65536):
                connection.sendall(data[at : at + 65536])
                sent += 65536
        answer = _read_answer(connection, len(digest.hexdigest()))
        timer.join()
    took_s = time.monotonic() - start_s - REST_S
    identical = answer.endswith(digest.hexdigest().encode())
    return identical, blocks / took_s, max(unread) / BLOCK_BYTES


def _download(port: int, blocks: int, origin: int) -> tuple[bool, float, float]:
    expected, digest = hashlib.blake2b(), hashlib.blake2b()
    for number in range(blocks):
        expected.update(block(number))
    written_before = _progress(origin)[1]
    got, unread_mib = 0, 0.0
    start_s = time.monotonic()
    with socket.create_connection(("127.0.0.1", port)) as connection:
        path = f"/download?bytes={blocks * BLOCK_BYTES}"
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: bench\r\n\r\n".encode())
        _, _, data = _read_answer(connection).partition(b"\r\n\r\n")
        time.sleep(REST_S)
        unread_mib = (_progress(origin)[1] - written_before - len(data)) / BLOCK_BYTES
        while True:
            digest.update(data)
            got += len(data)
            if got >= blocks * BLOCK_BYTES or not (data := connection.recv(1 << 18)):
                break
    took_s = time.monotonic() - start_s - REST_S
    return digest.digest() == expected.digest(), blocks / took_s, unread_mib


def _read_answer(connection: socket.socket, body_bytes: int = 1) -> bytes:
    """The head and at least so much of the body."""
    answer = b""
    while len(answer.partition(b"\r\n\r\n")[2]) < body_bytes and (data := connection.recv(4096)):
        answer += data
    return answer


def _progress(origin: int) -> tuple[int, int]:
    read, written = json.loads(scraping.get(origin, "/progress")[1])
    return read, written


if __name__ == "__main__":
    main()
