"""What several files here set for a test."""

import pytest

from shadowproxy.shadow import breaker


@pytest.fixture
def long_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """A breaker that has opened stays so: what is asked of it then has no second to come in."""
    monkeypatch.setattr(breaker, "FIRST_PAUSE_S", breaker.MAX_PAUSE_S)
