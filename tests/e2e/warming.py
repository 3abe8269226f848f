"""When a test may expect copies."""

import asyncio

from tests.edge.playing import ask
from tests.support.edges import Edge


async def copies_get_through(proxy: Edge) -> None:
    """Asks until an exchange is handed over: from then on the channels are open."""
    wire = await proxy.connect()
    async with asyncio.timeout(10):
        while not proxy.cell("handed_over"):
            await ask(wire, b"/warm")
