"""Settings survive their way through JSON."""

import json
from dataclasses import asdict

import pytest

from shadowproxy.core.settings import (
    BackendSettings,
    ListenSettings,
    RouteSettings,
    Settings,
    ShadowSettings,
    TlsSettings,
    settings_from_json,
)

SETTINGS = Settings(
    listen=(ListenSettings("127.0.0.1", 8080), ListenSettings(unix="/run/x.sock")),
    legacy=BackendSettings("http", "127.0.0.1", 9001),
    candidate=BackendSettings("https", "candidate", 443, verify=False),
    tls=TlsSettings("cert.pem", "key.pem"),
    routes=(RouteSettings("a", 1, "/a", methods=("GET",), sample=0.5),),
    shadow=ShadowSettings(key=("client_ip",), set_headers=(("x", "y"),)),
)


def test_settings_survive_json() -> None:
    """What a process reads is what control wrote."""
    assert settings_from_json(json.loads(json.dumps(asdict(SETTINGS)))) == SETTINGS


def test_unknown_members_are_refused() -> None:
    """A file of another release is not read half."""
    document = json.loads(json.dumps(asdict(SETTINGS)))
    document["legacy"]["surprise"] = 1
    with pytest.raises(TypeError, match="surprise"):
        settings_from_json(document)
