"""Strategies: request heads that are right, and what must become of them."""

from dataclasses import dataclass

from hypothesis import strategies as st

Field = tuple[bytes, bytes]

METHODS = [b"GET", b"POST", b"PUT", b"DELETE", b"OPTIONS", b"HEAD", b"BREW", b"get", b"M-SEARCH"]
TARGETS = [b"/", b"//a/../%2F", b"/x?y=z&&=?", b"/;a=b,c@d:e", b"/-._~!$&'()*+"]
HOSTS = [b"a.test", b"A.Test:8080", b"[::1]:80", b"192.0.2.1"]
END_TO_END = [
    *(b"Accept", b"Cookie", b"Authorization", b"X-A", b"X-B", b"x-a", b"Via", b"Forwarded"),
    *(
        b"X-Forwarded-For",
        b"Cache-Control",
        b"Content-Type",
        b"!#$%&'*+-.^_`|~9",
        b"X_A",
        b"If-Match",
    ),
]
HOP_BY_HOP = [b"Keep-Alive", b"Proxy-Connection", b"TE", b"Upgrade"]
NAMED = [b"X-A", b"x-b", b"If-Match", b"X-None"]
"""What Connection may take away, in the sender's right (9110 7.6.1)."""
PROTECTED = [b"Host", b"Content-Length", b"Authorization", b"Cookie", b"X-Forwarded-For"]
"""What it may not, whatever it says."""

VALUES = st.text(
    st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=20
).map(lambda text: text.encode("latin-1").strip(b" \t"))
SPACE = st.sampled_from([b"", b" ", b"\t", b"  \t "])


@dataclass(frozen=True)
class Head:
    """A head as sent, and the fields that the next hop must get."""

    raw: bytes
    method: bytes
    target: bytes
    fields: tuple[Field, ...]
    forwarded: tuple[Field, ...]


@st.composite
def heads(draw: st.DrawFn) -> Head:
    """Any right head without a body's framing, in origin-form, HTTP/1.1."""
    method, target = draw(st.sampled_from(METHODS)), draw(st.sampled_from(TARGETS))
    fields: list[Field] = draw(
        st.lists(st.tuples(st.sampled_from([*END_TO_END, *HOP_BY_HOP]), VALUES), max_size=8)
    )
    named = draw(
        st.lists(st.sampled_from([*NAMED, *PROTECTED, b"close", b"keep-alive"]), max_size=4)
    )
    if named:
        at = draw(st.integers(0, len(fields)))
        fields.insert(at, (b"Connection", draw(SPACE).join([b"", b", ".join(named), b""]).strip()))
    fields.insert(draw(st.integers(0, len(fields))), (b"Host", draw(st.sampled_from(HOSTS))))
    lines = [b"%s:%s%s%s\r\n" % (name, draw(SPACE), value, draw(SPACE)) for name, value in fields]
    raw = b"%s %s HTTP/1.1\r\n%s\r\n" % (method, target, b"".join(lines))
    return Head(raw, method, target, tuple(fields), tuple(_forwarded(fields, named)))


def _forwarded(fields: list[Field], named: list[bytes]) -> list[Field]:
    """RFC 9110 7.6.1, in a few lines."""
    lost = {name.lower() for name in (*named, *HOP_BY_HOP, b"Connection")}
    lost -= {name.lower() for name in PROTECTED}
    return [(name, value) for name, value in fields if name.lower() not in lost]
