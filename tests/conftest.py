"""What every test gets: the event loop that the product runs on."""

import asyncio
from collections.abc import Callable

import pytest
import uvloop


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Coroutine tests run on uvloop, like every process of the product."""
    return {"uvloop": uvloop.new_event_loop}
