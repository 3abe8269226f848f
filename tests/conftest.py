"""What every test gets: the event loop that the product runs on."""

import asyncio
from collections.abc import Callable

import pytest
import uvloop
from hypothesis import settings

from tests.support.postgres import postgres as postgres

settings.register_profile("long", max_examples=5000)
"""`pytest --hypothesis-profile=long` for a night; the default is for every run."""


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Coroutine tests run on uvloop, like every process of the product."""
    return {"uvloop": uvloop.new_event_loop}
