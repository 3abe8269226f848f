"""A browser, and a small server of pages under the policy that control sends.

    browser     one Chromium for the run
    site        pages by path, assets, an event stream; counts what was asked of its API
    visit       opens a path of the site; whatever the browser complains of fails the test

Everything here runs on one loop for the session, and so do the tests of this folder.
"""

import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import pytest
import pytest_asyncio
from playwright.async_api import Browser, ConsoleMessage, Error, Page, async_playwright, expect

from tests.browser.site import Site, serving

HERE: Final = Path(__file__).parent
CHROMIUM: Final = shutil.which("chromium")

PATIENCE_MS: Final = 15_000
expect.set_options(timeout=PATIENCE_MS)

Visit = Callable[..., Awaitable[Page]]


def pytest_collectstart(collector: pytest.Collector) -> None:
    """The tests of this folder run on the session's loop, and are left out without a browser.

    Marked before they are collected: pytest-asyncio makes a loop for each test of those that are
    marked later, and with each loop another browser.
    """
    if isinstance(collector, pytest.Module) and HERE in collector.path.parents:
        collector.add_marker(pytest.mark.asyncio(loop_scope="session"))
        if CHROMIUM is None and os.environ.get("CI") != "true":
            collector.add_marker(pytest.mark.skip(reason="chromium is not installed"))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Chromium, without a window."""
    assert CHROMIUM is not None, "CI=true needs Debian's chromium"
    arguments = ["--disable-gpu", "--disable-dev-shm-usage"]
    if os.geteuid() == 0:
        arguments.append("--no-sandbox")  # it refuses to run as root with one
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def site() -> AsyncIterator[Site]:
    """An empty site; `site.pages[path] = html` adds to it."""
    async with serving() as site:
        yield site


@pytest_asyncio.fixture(loop_scope="session")
async def visit(browser: Browser, site: Site) -> AsyncIterator[Visit]:
    """Opens pages; closes them and judges the browser's complaints at the end.

    `await visit("/", width=360, dark=True, scripts=False)`; what contains one of the words in
    `expected` is no complaint.
    """
    complaints: list[str] = []
    allowed: list[str] = []
    contexts = []

    async def visit(
        path: str, *, width: int = 1280, dark: bool = False, scripts: bool = True,
        expected: tuple[str, ...] = (), **options: Any,
    ) -> Page:  # fmt: skip
        allowed.extend(expected)
        context = await browser.new_context(
            viewport={"width": width, "height": 800},
            color_scheme="dark" if dark else "light",
            java_script_enabled=scripts,
            reduced_motion="reduce",
            **options,
        )
        contexts.append(context)
        page = await context.new_page()
        page.on("console", lambda message: _note(message, complaints))
        page.on("pageerror", lambda error: _note_error(error, complaints))
        page.set_default_timeout(PATIENCE_MS)
        await page.goto(f"{site.url}{path}")
        return page

    yield visit
    for context in contexts:
        await context.close()
    assert [each for each in complaints if not any(words in each for words in allowed)] == []


def _note(message: ConsoleMessage, complaints: list[str]) -> None:
    """Breaches of the policy are errors of the console too."""
    if message.type in ("error", "warning"):
        complaints.append(message.text)


def _note_error(error: Error, complaints: list[str]) -> None:
    complaints.append(str(error))
