"""Bodies that are made to cost time or memory; as a program, what comparing each one costs.

    python -m tests.compare.hostile   ->   one JSON object a line: name, verdict, cpu_ms, grew_mib

Each pair is compared in a fork of its own of a process that has seen every format once, with the
judge's settings of the garbage collector. CPU time, because neighbours on the machine are not
ours; memory is the high-water mark above what was resident when the bodies were there.
"""

import ctypes
import gc
import gzip
import hashlib
import json
import os
import sys
import time
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

import brotli
import msgpack
import zstandard

from shadowproxy.compare import Observation, Rules, compare, response
from shadowproxy.runtime.process import GC_THRESHOLDS

JSON = "application/json"


class Pair(NamedTuple):
    """Two different bodies, what they are, and the rules they are compared under."""

    legacy: bytes
    candidate: bytes
    content_type: str = JSON
    coding: str = ""
    rules: tuple[dict[str, Any], ...] = ()


def _rule(**action: Any) -> tuple[dict[str, Any], ...]:
    return ({"path": "$", **action},)


def _members(count: int, last: str) -> bytes:
    inner = ",".join(f'"k{n}":{n}' for n in range(count))
    return f'{{{inner},"last":{last}}}'.encode()


def _bomb(coding: str) -> bytes:
    zeros = bytes(40 << 20)
    if coding == "br":
        return bytes(brotli.compress(zeros, quality=1))
    if coding == "zstd":
        return zstandard.ZstdCompressor(level=1).compress(zeros)
    return gzip.compress(zeros, 1)


def _repeated(start: str, text: str, count: int, end: str = "") -> bytes:
    return (start + text * count + end).encode()


def _rows(count: int, of: Callable[[int], Any]) -> bytes:
    return json.dumps([of(n) for n in range(count)]).encode()


def _big(n: int, leaf: int) -> dict[str, Any]:
    return {"n": n, "inner": [[k] * 8 for k in range(40)], "leaf": leaf}


def _nest(n: int, leaf: int) -> Any:
    """Members of ten names, in another order for each n."""
    value: Any = leaf
    for level in range(40):
        value = {"abcdefghij"[(n * 7919 + level * level * 31 + n // 3) % 10]: value, "z": 1}
    return value


DESCENDING: Final = tuple(
    {
        "path": "$" + "".join(f"..{'abcdefghij'[n * step % 10]}" for step in (1, 3, 7, 9)),
        "class": of,
    }
    for n in range(100)
    for of in ("uuid", "hex")
)
"""200 rules that can wait in any combination."""


def _inflating(mib: int, last: str) -> bytes:
    """Shrinks a hundredfold: below any ratio that tells a bomb."""
    piece = "".join(hashlib.sha256(b"%d" % n).hexdigest() for n in range(48))
    text = '"' + piece * (mib * (1 << 20) // len(piece)) + last + '"'
    return gzip.compress(text.encode(), 5)


def _hidden_documents(last: int) -> bytes:
    text = b64encode(("[" + "1.5," * 90_000 + f"{last}]").encode()).decode()
    return _rows(8, lambda _: text)


def _fractions(count: int, step: int) -> bytes:
    numbers = ",".join(f"0.1234567890123456{n * step % count:06}" for n in range(count))
    return f"[{numbers}]".encode()


def _alike(count: int, step: int) -> bytes:
    return _rows(
        count, lambda n: {"a": n % 4, "b": n * step % 4, "c": n * step // 4 % 4, "d": n % 3}
    )


def _times(count: int, second: bytes) -> bytes:
    return b"\xdd" + count.to_bytes(4, "big") + (b"\xd6\xff\0\0\0" + second) * count


def _multipart(count: int, of: str, body: str) -> tuple[bytes, bytes, str]:
    head = f"--x\r\nContent-Type: {of}\r\n\r\n"
    sides = [
        "".join(f"{head}{body % (n + more)}\r\n" for n in range(count)) + "--x--" for more in (0, 1)
    ]
    return sides[0].encode(), sides[1].encode(), "multipart/mixed; boundary=x"


def _colliding(shift: int) -> bytes:
    return _rows(20_000, lambda n: ((n + shift) % 20_000) * (2**61 - 1) + (1 << 80) + (n == 7))


def _parts(count: int, last: str) -> bytes:
    part = '--x\r\nContent-Disposition: form-data; name="n%d"\r\n\r\nv\r\n'
    return ("".join(part % n for n in range(count)) + part % count + last + "--x--").encode()


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))

PAIRS: dict[str, Callable[[], Pair]] = {
    "json-broken": lambda: Pair(b'{"a":"' + b"x" * 900_000, b'{"a":"' + b"y" * 900_000),
    "json-10000-levels": lambda: Pair(_repeated("", "[", 10_000, "1" + "]" * 10_000), b"[]"),
    "json-10000-levels-both": lambda: Pair(
        _repeated("", "[", 10_000, "1" + "]" * 10_000),
        _repeated("", "[", 10_000, "2" + "]" * 10_000),
    ),
    "json-million-open": lambda: Pair(b"[" * 1_000_000, b"[" * 999_999),
    "json-million-open-objects": lambda: Pair(b'{"a":' * 200_000, b'{"a":' * 199_999),
    "json-1000-levels-wide": lambda: Pair(
        _repeated("", "[[],[],[],", 1000, "1" + "]" * 1000),
        _repeated("", "[[],[],[],", 1000, "2" + "]" * 1000),
    ),
    "json-million-keys": lambda: Pair(_members(1_000_000, "1"), _members(1_000_000, "2")),
    "json-many-keys": lambda: Pair(_members(60_000, "1"), _members(60_000, "2")),
    "json-all-keys-other": lambda: Pair(
        _members(60_000, "1"), _members(60_000, "1").replace(b"k", b"K")
    ),
    "json-million-elements": lambda: Pair(b"[" + b"1," * 10**6 + b"1]", b"[" + b"1," * 10**6 + b"2]"),
    "json-nan": lambda: Pair(_repeated("[", "NaN,", 200_000, "1]"), _repeated("[", "NaN,", 200_000, "2]")),
    "json-1e400": lambda: Pair(_repeated("[", "1e400,", 90_000, "1]"), _repeated("[", "1e400,", 90_000, "2]")),
    "json-exponents": lambda: Pair(b"[1e999999999,-1e-999999999]", b"[1e999999998,-1e-999999999]"),
    "json-exponents-tolerated": lambda: Pair(
        b"[1e999999999,1e-999999999]", b"[1e-999999999,2]", rules=_rule(numbers={"abs": 1})
    ),
    "json-huge-integer": lambda: Pair(b"9" * 900_000, b"9" * 899_999 + b"8"),
    "json-huge-integer-tolerated": lambda: Pair(
        b"9" * 900_000, b"9" * 899_998 + b"80", rules=_rule(numbers={"abs": 1})
    ),
    "json-huge-integers": lambda: Pair(
        _repeated("[", "9" * 4000 + ",", 200, "1]"), _repeated("[", "9" * 4000 + ",", 200, "2]")
    ),
    "json-long-fraction-as-double": lambda: Pair(
        b"0." + b"1" * 900_000, b"0.2" + b"1" * 900_000, rules=_rule(numbers="double")
    ),
    "json-duplicate-keys": lambda: Pair(_repeated("{", '"a":1,', 100_000, '"a":2}'), b'{"a":1}'),
    "json-duplicate-keys-reported": lambda: Pair(
        _repeated("{", '"a":1,', 60_000, '"a":1}'), b'{"a":1}', rules=_rule(duplicate_keys="report")
    ),
    "json-lone-surrogates": lambda: Pair(
        _repeated('"', "\\ud800", 150_000, '"'), _repeated('"', "\\ud800", 149_999, '"')
    ),
    "json-invalid-utf-8": lambda: Pair(b'"' + b"\xff" * 900_000 + b'"', b'"' + b"\xfe" * 900_000 + b'"'),
    "json-escapes": lambda: Pair(_repeated('"', "\\u0041", 150_000, '"'), _repeated('"', "A", 149_999, '"')),
    "json-long-string-rules": lambda: Pair(
        _repeated('"', "é \\n", 150_000, '"'), _repeated('"', "é \\n", 150_000, 'x"'),
        rules=_rule(strings={"case": "ignore", "trim": True, "collapse_ws": True, "unicode": "NFC"}),
    ),
    "json-bomb-gzip": lambda: Pair(_bomb("gzip"), gzip.compress(b"{}"), coding="gzip"),
    "json-bomb-br": lambda: Pair(_bomb("br"), brotli.compress(b"{}"), coding="br"),
    "json-bomb-zstd": lambda: Pair(
        _bomb("zstd"), zstandard.ZstdCompressor().compress(b"{}"), coding="zstd"
    ),
    "json-bomb-nested": lambda: Pair(
        gzip.compress(_bomb("gzip")), gzip.compress(gzip.compress(b"{}")), coding="gzip, gzip"
    ),
    "json-bomb-both": lambda: Pair(_bomb("gzip"), _bomb("gzip") + _bomb("gzip"), coding="gzip"),
    "array-colliding-hashes": lambda: Pair(_colliding(0), _colliding(1)),
    "array-shuffled": lambda: Pair(
        _rows(20_000, lambda n: n * 7919 % 20_000), _rows(20_000, lambda n: n * 7907 % 20_000 + 0.5)
    ),
    "array-shuffled-objects": lambda: Pair(
        _rows(9_000, lambda n: {"v": n, "w": [n]}),
        _rows(9_000, lambda n: {"v": n * 7919 % 9_001, "w": [n]}),
    ),
    "array-multiset-all-other": lambda: Pair(
        _rows(9_000, lambda n: {"v": n}), _rows(9_000, lambda n: {"v": -n - 1}),
        rules=_rule(array={"by": "multiset"}),
    ),
    "array-multiset-tolerant": lambda: Pair(
        _rows(9_000, lambda n: [n * 3]), _rows(9_000, lambda n: [-n * 3 - 2]),
        rules=(*_rule(array={"by": "multiset"}), *_rule(numbers={"abs": 1})),
    ),
    "array-set-all-other": lambda: Pair(
        _rows(20_000, lambda n: n), _rows(20_000, lambda n: -n - 1), rules=_rule(array={"by": "set"})
    ),
    "array-lcs-large-elements": lambda: Pair(
        _rows(199, lambda n: _big(n, 1)), _rows(200, lambda n: _big(n, 2)),
        rules=_rule(array={"by": "lcs"}),
    ),
    "array-lcs-long": lambda: Pair(
        _rows(50_000, lambda n: n), _rows(49_999, lambda n: n + 0.5), rules=_rule(array={"by": "lcs"})
    ),
    "array-similar-large-elements": lambda: Pair(
        _rows(50, lambda n: {"id": n, "x": _big(n, 1)}),
        _rows(50, lambda n: {"id": n if n < 25 else n + 100, "x": _big(n, 2)}),
    ),
    "array-key-all-the-same": lambda: Pair(
        _rows(9_000, lambda n: {"id": 1, "v": n}), _rows(9_000, lambda n: {"id": 1, "v": -n - 1}),
        rules=_rule(array={"by": "key", "key": "id"}),
    ),
    "array-of-equal-spines": lambda: Pair(
        _repeated("", "[", 900, json.dumps([0] * 90_000) + ",1]" * 900),
        _repeated("", "[", 900, json.dumps([0] * 90_000) + ",2]" * 900),
    ),
    "array-lcs-at-every-level": lambda: Pair(
        _repeated("", "[0,", 600, "1" + ",0,1]" * 600), _repeated("", "[1,0,", 600, "2" + ",0]" * 600)
    ),
    "keys-without-case": lambda: Pair(
        _members(60_000, "1"), _members(60_000, "2").upper(), rules=_rule(keys={"case": "ignore"})
    ),
    "url-long": lambda: Pair(
        _repeated('"http://h/?', "a=1&", 200_000, '"'), _repeated('"http://h/?', "a=1&", 200_000, 'b"'),
        rules=_rule(url={"ignore_query": ["x"]}),
    ),
    "class-long": lambda: Pair(
        _repeated('"', "a-", 400_000, '"'), _repeated('"', "a-", 400_000, 'x"'),
        rules=_rule(**{"class": "token"}),
    ),
    "time-long": lambda: Pair(
        _repeated('"', "2", 800_000, '"'), _repeated('"', "2", 800_000, '1"'),
        rules=_rule(time={"tolerance": 5}),
    ),
    "embedded-deep": lambda: Pair(
        _repeated('"', "[", 400_000, '"'), _repeated('"', "[", 400_001, '"'), rules=_rule(embedded="json")
    ),
    "embedded-in-many": lambda: Pair(
        _rows(20_000, lambda n: json.dumps({"a": n})), _rows(20_000, lambda n: json.dumps({"a": -n - 1})),
        rules=({"path": "$[*]", "embedded": "json"},),
    ),
    "text-shuffled": lambda: Pair(
        b"".join(b"%d\n" % (n * 7919 % 90_000) for n in range(90_000)),
        b"".join(b"%d\n" % n for n in range(90_000)), "text/plain",
    ),
    "ndjson-shuffled": lambda: Pair(
        b"".join(b'{"a":%d}\n' % (n * 7919 % 30_000) for n in range(30_000)),
        b"".join(b'{"a":%d}\n' % n for n in range(30_000)), "application/x-ndjson",
    ),
    "json-long-fractions": lambda: Pair(_fractions(100_000, 1), _fractions(100_000, 2)),
    "json-long-fractions-shuffled": lambda: Pair(_fractions(50_000, 1), _fractions(50_000, 7919)),
    "array-alike-by-key": lambda: Pair(
        _alike(18_000, 3), _alike(18_000, 5),
        rules=({"path": "$", "array": {"by": "key", "key": "a"}}, *_rule(strings={"trim": True})),
    ),
    "array-of-arrays-tolerant": lambda: Pair(
        _rows(1000, lambda n: [[n * k % 7, k] for k in range(20)]),
        _rows(1000, lambda n: [[n * k % 5, k] for k in range(21)]),
        rules=({"path": "$..*", "array": {"by": "multiset"}}, *_rule(numbers={"abs": 1})),
    ),
    "multipart-of-xml": lambda: Pair(*_multipart(15_000, "text/xml", "<a>%d</a>")),
    "multipart-of-csv": lambda: Pair(*_multipart(15_000, "text/csv", "a,b%d\r\n")),
    "msgpack-times": lambda: Pair(
        _times(60_000, b"\1"), _times(60_000, b"\2"), "application/msgpack"
    ),
    "msgpack-odd-names": lambda: Pair(
        msgpack.packb({n + 0.5: n for n in range(60_000)}),
        msgpack.packb({n + 0.5: -n for n in range(60_000)}), "application/msgpack",
    ),
    "msgpack-bytes": lambda: Pair(
        msgpack.packb([b"x" * 40] * 90_000), msgpack.packb([b"y" * 40] * 90_000), "application/msgpack"
    ),
    "embedded-large": lambda: Pair(
        _hidden_documents(1), _hidden_documents(2),
        rules=({"path": "$[*]", "embedded": "base64+json"},),
    ),
    "rules-that-descend": lambda: Pair(
        _rows(300, lambda n: _nest(n, n)), _rows(300, lambda n: _nest(n, -n - 1)), rules=DESCENDING
    ),
    "text-marks-unsorted": lambda: Pair(
        _repeated('"a', "\u0300\u0316", 60_000, '"'), _repeated('"a', "\u0300\u0316", 60_000, 'b"'),
        rules=_rule(strings={"unicode": "NFC"}),
    ),
    "text-letters-of-marks": lambda: Pair(
        _repeated('"', "\u0f73", 60_000, '"'), _repeated('"', "\u0f73", 60_000, 'b"'),
        rules=_rule(strings={"unicode": "NFKD"}),
    ),
    "text-long-rules": lambda: Pair(
        _repeated('"', "A b ", 1_200_000, '"'), _repeated('"', "A b ", 1_200_000, 'x"'),
        rules=_rule(strings={"case": "ignore", "collapse_ws": True, "trim": True, "eol": True}),
    ),
    "digits-in-text": lambda: Pair(
        _repeated('"', "x0e-000", 500_000, '"'), _repeated('"', "x0e-000", 500_000, 'x"')
    ),
    "digits-in-texts": lambda: Pair(
        _rows(190_000, lambda _: "0e-000"), _rows(190_000, lambda n: "0e-000" if n else "x")
    ),
    "json-long-ascii": lambda: Pair(_repeated('"', "a" * 8, (1 << 20) - 2, '"'), _repeated('"', "a" * 8, (1 << 20) - 2, 'b"')),
    "json-long-wide": lambda: Pair(
        _repeated('"\U0001f600', "a" * 8, (1 << 19) - 2, '"'), _repeated('"\U0001f600', "a" * 8, (1 << 19) - 2, 'b"')
    ),
    "json-inflating": lambda: Pair(_inflating(40, "a"), _inflating(40, "b"), coding="gzip"),
    "text-inflating": lambda: Pair(
        _inflating(24, "a"), _inflating(24, "b"), "text/plain", "gzip"
    ),
    "opaque-inflating": lambda: Pair(
        _inflating(31, "a"), _inflating(31, "b"), "image/png", "gzip"
    ),
    "xml-laughs": lambda: Pair(
        f"<!DOCTYPE a [<!ENTITY l0 'x'>{LAUGHS}]><a>&l11;</a>".encode(), b"<a/>", "application/xml"
    ),
    "xml-deep": lambda: Pair(b"<a>" * 100_000, b"<a>" * 99_999, "application/xml"),
    "xml-deep-whole": lambda: Pair(
        b"<a>" * 50_000 + b"1" + b"</a>" * 50_000, b"<a>" * 50_000 + b"2" + b"</a>" * 50_000, "text/xml"
    ),
    "xml-wide": lambda: Pair(
        b"<a>" + b"<b/>" * 200_000 + b"</a>", b"<a>" + b"<b/>" * 200_000 + b"<c/></a>", "text/xml"
    ),
    "xml-attributes": lambda: Pair(
        b"<a " + b" ".join(b'a%d="1"' % n for n in range(50_000)) + b"/>", b"<a/>", "text/xml"
    ),
    "html-deep": lambda: Pair(b"<div>" * 150_000, b"<div>" * 149_999, "text/html"),
    "html-attributes": lambda: Pair(
        b"<p " + b" ".join(b"a%d=1" % n for n in range(80_000)) + b">", b"<p>x", "text/html"
    ),
    "html-unclosed": lambda: Pair(b"<b><p>" * 100_000, b"<b><p>" * 100_000 + b"x", "text/html"),
    "csv-wide": lambda: Pair(b"a," * 300_000 + b"\n" + b"1," * 300_000, b"a,b\n1,2\n", "text/csv"),
    "csv-long": lambda: Pair(b"a,b\n" + b"1,2\n" * 200_000, b"a,b\n" + b"1,3\n" * 200_000, "text/csv"),
    "csv-quote": lambda: Pair(b'a\n"' + b"x" * 900_000, b'a\n"' + b"y" * 900_000, "text/csv"),
    "form-fields": lambda: Pair(
        b"a=1&" * 200_000, b"a=1&" * 200_000 + b"b=1", "application/x-www-form-urlencoded"
    ),
    "ndjson-lines": lambda: Pair(b"1\n" * 400_000, b"1\n" * 400_000 + b"2\n", "application/x-ndjson"),
    "msgpack-deep": lambda: Pair(b"\x91" * 200_000, b"\x91" * 200_001, "application/msgpack"),
    "msgpack-claims": lambda: Pair(
        b"\xdd\xff\xff\xff\xff", b"\xdf\xff\xff\xff\xff", "application/msgpack"
    ),
    "msgpack-nested-claims": lambda: Pair(
        b"\xdd\x00\x01\x00\x00" * 1000, b"\xdd\x00\x01\x00\x00" * 1001, "application/msgpack"
    ),
    "msgpack-wide": lambda: Pair(
        msgpack.packb([0] * 900_000), msgpack.packb([0] * 899_999 + [1]), "application/msgpack"
    ),
    "text-lines": lambda: Pair(b"\n" * 900_000, b"\n" * 900_000 + b"x", "text/plain"),
    "text-lines-other": lambda: Pair(
        b"".join(b"%d\n" % n for n in range(100_000)),
        b"".join(b"%d\n" % -n for n in range(100_001)),
        "text/plain",
    ),
    "sse-events": lambda: Pair(
        b"data: 1\n\n" * 90_000, b"data: 1\n\n" * 90_000 + b"data: 2\n\n", "text/event-stream"
    ),
    "sse-one-long-event": lambda: Pair(
        b"data: x\n" * 100_000, b"data: x\n" * 100_000 + b"data: y\n\n", "text/event-stream"
    ),
    "multipart-parts": lambda: Pair(
        _parts(10_000, "a"), _parts(10_000, "b"), "multipart/form-data; boundary=x"
    ),
    "multipart-boundaries": lambda: Pair(
        b"--x\r\n" * 150_000, b"--x\r\n" * 150_001, "multipart/mixed; boundary=x"
    ),
}  # fmt: skip


def answers(pair: Pair) -> tuple[Observation, Observation]:
    """Both sides of a pair."""
    fields = [("Content-Encoding", pair.coding)] if pair.coding else []
    return (
        response(pair.legacy, pair.content_type, 200, fields),
        response(pair.candidate, pair.content_type, 200, fields),
    )


SMALL = {
    JSON: (b'{"a":1e400}', b"{}"), "text/xml": (b"<a/>", b"<b/>"), "text/html": (b"<p>", b"<b>"),
    "text/csv": (b"a\n1", b"a\n2"), "application/msgpack": (b"\x01", b"\x02"),
    "text/plain": (b"a", b"b"), "text/event-stream": (b"data: 1\n\n", b""),
    "application/x-ndjson": (b"1\n", b"2\n"), "application/x-www-form-urlencoded": (b"a", b"b"),
    "multipart/mixed; boundary=x": (b"--x--", b"--x\r\n\r\n--x--"),
}  # fmt: skip


def main() -> None:
    """Compares every pair, each in a fork."""
    for content_type, (legacy, candidate) in SMALL.items():
        for coding in ("", "br", "zstd", "gzip"):
            compare(*answers(Pair(legacy, candidate, content_type, coding)), Rules.of(()))
    gc.set_threshold(*GC_THRESHOLDS)
    gc.freeze()
    for name in sys.argv[1:] or PAIRS:
        child = os.fork()
        if child == 0:
            _measure(name)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if status:
            _say(name=name, status=status)


def _measure(name: str) -> None:
    pair = PAIRS[name]()
    legacy, candidate = answers(pair)
    rules = Rules.of(pair.rules)
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)  # what making the bodies left behind would hide growth
    Path("/proc/self/clear_refs").write_text("5")
    before_kib = _kib("VmRSS")
    started_s = time.process_time()
    result = compare(legacy, candidate, rules)
    took_s = time.process_time() - started_s
    _say(
        name=name,
        verdict=result.verdict,
        reason=result.reason,
        differences=len(result.differences),
        cpu_ms=round(took_s * 1000, 1),
        grew_mib=round((_kib("VmHWM") - before_kib) / 1024, 1),
    )


def _say(**figures: Any) -> None:
    sys.stdout.write(json.dumps(figures) + "\n")
    sys.stdout.flush()


def _kib(field: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1])
    raise ValueError(field)


if __name__ == "__main__":
    main()
