"""Every page by its path, rendered from documents: full ones, empty ones, hostile ones."""

from collections.abc import Callable
from typing import Any

from shadowproxy.pages.controls import controls
from shadowproxy.pages.coverage import coverage
from shadowproxy.pages.endpoints import endpoints
from shadowproxy.pages.noise import noise
from shadowproxy.pages.overview import overview
from shadowproxy.pages.status import status
from tests.browser import examples

Change = Callable[[Any], Any]


def rendered(change: Change = lambda document: document) -> dict[str, str]:
    """The pages of this folder's examples; `change` is made to each document first."""
    return {
        "/": overview(change(examples.REPORT), change(examples.STATUS)),
        "/endpoints": endpoints(change(examples.BY_ENDPOINT)),
        "/noise": noise(change(examples.NOISE), change(examples.LATENCIES), change(examples.RULES)),
        "/coverage": coverage(change(examples.COVERAGE)),
        "/controls": controls(change(examples.STATUS), change(examples.AUDIT)),
        "/status": status(change(examples.STATUS)),
    }
