"""Settings that contradict each other, or what is on the disk."""

import subprocess
from pathlib import Path

import pytest

from shadowproxy.core.cells import MAX_ROUTES
from tests.config.files import BOTH, LEGACY, load_text, mistakes


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "legacy: {url: http://localhost:1}\ncandidate: {url: http://127.0.0.1:1}\n",
            ["2:18: candidate.url: is the same address as legacy (--allow-same accepts that)"],
        ),
        (
            BOTH + "secondary: {url: http://127.0.0.1:9002}\n",
            ["3:18: secondary.url: is the same address as candidate (--allow-same accepts that)"],
        ),
        (
            LEGACY + "listen: 0.0.0.0:9001\n",
            ["1:15: legacy.url: is our own address (listen): the proxy would call itself"],
        ),
        (
            LEGACY + "admin: {listen: 127.0.0.1:9001}\n",
            ["1:15: legacy.url: is our own address (admin.listen): the proxy would call itself"],
        ),
        (
            LEGACY + "listen: [a:1, 0.0.0.0:9900, a:1]\n",
            [
                "2:15: listen.1: clashes with admin.listen (127.0.0.1:9900)",
                "2:29: listen.2: clashes with a:1",
            ],
        ),
        (
            LEGACY + "admin: {listen: 0.0.0.0:9900}\n",
            ["2:17: admin.listen: needs admin.token: others than this machine can reach it"],
        ),
        (
            LEGACY + "shadow: {methods: [GET, DELETE]}\n",
            [
                "2:25: shadow.methods.1: copying DELETE may act twice; a route may ask for it: "
                "shadow_methods: [DELETE] with a reason"
            ],
        ),
        (
            LEGACY + "shadow: {headers: {remove: [host, Baggage], set: {TE: a, X-A: b, x-a: c}}}\n",
            [
                "2:29: shadow.headers.remove.0: belongs to the connection and cannot be changed",
                "2:35: shadow.headers.remove.1: marks the copy and is always written by the proxy",
                "2:55: shadow.headers.set.TE: belongs to the connection and cannot be changed",
                "2:63: shadow.headers.set.X-A: is set twice",
                "2:71: shadow.headers.set.x-a: is set twice",
            ],
        ),
        (
            LEGACY + "shadow: {max_memory: 3MiB}\n",
            ["2:22: shadow.max_memory: expected at least four times shadow.max_body"],
        ),
        (
            LEGACY + "routes: [{name: other, path: /}, {name: a, path: /a}, {name: a, path: /b}]\n",
            [
                "2:17: routes.0.name: is reserved for what no route takes",
                "2:62: routes.2.name: is already the name of routes.1",
            ],
        ),
        (
            LEGACY + "routes: [{name: a, path: /a, shadow: never, sample: 1%, max_rps: 3}]\n",
            [
                "2:53: routes.0.sample: contradicts shadow: never",
                "2:66: routes.0.max_rps: contradicts shadow: never",
            ],
        ),
        (
            LEGACY + "routes: [{name: a, path: /a, methods: [GET], shadow_methods: [HEAD]}]\n",
            ["2:63: routes.0.shadow_methods.0: the route's methods do not include HEAD"],
        ),
        (
            LEGACY + "routes: [{name: a, path: /a, shadow_methods: [POST]}]\n",
            [
                "2:46: routes.0.shadow_methods: copying POST may act twice: "
                "say in `reason` why that is harmless"
            ],
        ),
        (
            "legacy: {url: http://a, tls: {verify: false}}\n",
            ["1:30: legacy.tls: has no effect: the URL does not start with https://"],
        ),
        (
            "legacy: {url: https://a, tls: {ca: gone.pem}}\n",
            ["1:36: legacy.tls.ca: cannot read the file: No such file or directory"],
        ),
    ],
)
def test_contradictions(tmp_path: Path, text: str, expected: list[str]) -> None:
    """Are refused, at the place to change."""
    found = mistakes(tmp_path, text)
    assert sorted(found) == sorted(expected)


def test_the_same_address_can_be_insisted_on(tmp_path: Path) -> None:
    """Then it is a warning."""
    text = "legacy: {url: http://a}\ncandidate: {url: http://a}\n"
    warnings = load_text(tmp_path, text, allow_same=True).warnings
    assert [warning.rpartition("yaml:")[2] for warning in warnings] == [
        "2:18: candidate.url: is the same address as legacy"
    ]


def test_a_clash_is_told_beside_other_mistakes(tmp_path: Path) -> None:
    """A broken value does not hide what is wrong with the others, nor invent anything."""
    text = "legacy: {url: nope}\nlisten: 127.0.0.1:9900\nadmin: {token: 'a b'}\nworkers: 0\n"
    assert mistakes(tmp_path, text) == [
        "1:15: legacy.url: expected http://host:port, https://host:port or unix:/path, got 'nope'",
        "2:9: listen.0: clashes with admin.listen (127.0.0.1:9900)",
        "3:16: admin.token: expected a token of visible ASCII characters without spaces",
        "4:10: workers: expected auto or a number from 1 to 64, got '0'",
    ]


def test_as_many_routes_as_there_are_places(tmp_path: Path) -> None:
    """255 and `other`."""

    def routes(count: int) -> str:
        lines = [f"  - {{name: r{number}, path: /r{number}}}\n" for number in range(count)]
        return LEGACY + "routes:\n" + "".join(lines)

    loaded = load_text(tmp_path, routes(MAX_ROUTES - 1))
    assert [route.slot for route in loaded.settings.routes] == list(range(1, MAX_ROUTES))
    assert mistakes(tmp_path, routes(MAX_ROUTES)) == [
        "258:5: routes.255: expected at most 255 routes"
    ]


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        (LEGACY, "there is no candidate: requests are served and nothing is copied"),
        (
            BOTH + "routes: [{name: a, path: /**}, {name: b, path: /b}]\n",
            "routes.1: never matches: the route a takes all of its requests",
        ),
        (
            BOTH + "shadow: {max_memory: 8MiB}\nworkers: 4\n",
            "shadow.max_memory: leaves 512KiB in each edge: larger bodies are never copied",
        ),
        (
            BOTH.replace("http://127.0.0.1:9002", "https://a, tls: {verify: false}"),
            "candidate.tls.verify: certificates are not checked",
        ),
        (
            BOTH + "secondary: {url: http://b}\nnoise: {source: legacy}\n",
            "secondary: is never asked: noise.source is legacy",
        ),
    ],
)
def test_warnings(tmp_path: Path, text: str, warning: str) -> None:
    """What is accepted and has no effect is said, once."""
    warnings = load_text(tmp_path, text).warnings
    assert [each.partition(": ")[2] if ".yaml:" in each else each for each in warnings] == [warning]


def test_routes_that_only_share_a_path_are_fine(tmp_path: Path) -> None:
    """Other methods are other requests."""
    text = BOTH + "routes: [{name: a, path: /a, methods: [GET]}, {name: b, path: /a}]\n"
    assert load_text(tmp_path, text).warnings == ()


def _certificate(folder: Path, name: str, *more: str) -> None:
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-keyout", f"{name}.key", "-out", f"{name}.pem", "-days", "2", "-subj", "/CN=a", *more],
        cwd=folder, check=True, capture_output=True,
    )  # fmt: skip


def test_certificates_are_tried(tmp_path: Path) -> None:
    """Missing, not PEM, of another key, behind a password: all before anything is started."""
    for name in ("a", "b"):
        _certificate(tmp_path, name, "-nodes")
    _certificate(tmp_path, "c", "-passout", "pass:x")
    (tmp_path / "text").write_text("hello")

    def found(cert: str, key: str) -> list[str]:
        lines = mistakes(tmp_path, f"tls: {{cert: {cert}, key: {key}}}\n{LEGACY}")
        return [line.partition(" ")[2] for line in lines]

    assert found("a.pem", "a.key") == []
    assert found("gone", "gone") == [
        "tls.cert: cannot read the file: No such file or directory",
        "tls.key: cannot read the file: No such file or directory",
    ]
    assert found("a.pem", "b.key") == [
        "tls.key: the private key does not belong to the certificate"
    ]
    assert found("c.pem", "c.key") == [
        "tls.key: the private key is encrypted; expected one without a password"
    ]
    assert [line.partition("(")[0] for line in found("text", "a.key")] == [
        "tls.cert: cannot be loaded with its key "
    ]
    ca = mistakes(tmp_path, "legacy: {url: https://a, tls: {ca: text}}\n")
    assert "legacy.tls.ca: holds no certificates in PEM form" in ca[0]
    assert mistakes(tmp_path, "legacy: {url: https://a, tls: {ca: a.pem}}\n") == []


def test_a_certificate_is_a_source(tmp_path: Path) -> None:
    """A renewed one makes the configuration another, so it is loaded again."""
    _certificate(tmp_path, "a", "-nodes")
    loaded = load_text(tmp_path, f"tls: {{cert: a.pem, key: a.key}}\n{LEGACY}")
    assert {str(tmp_path / "a.pem"), str(tmp_path / "a.key")} < set(loaded.sources)
    assert loaded.settings.tls is not None
    assert loaded.settings.tls.cert == str(tmp_path / "a.pem")
