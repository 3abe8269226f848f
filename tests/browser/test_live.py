"""A page keeps itself up to date, and what its reader is doing goes on."""

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import Visit
from tests.browser.examples import REPORT, STATUS
from tests.browser.rendered import rendered
from tests.browser.site import Site

pytestmark = pytest.mark.slow

MORE = {**REPORT, "users": {**REPORT["users"], "requests": 98_701}}


async def _swap(page: Page, site: Site) -> None:
    """Tells of a change and returns when the page has taken it up."""
    before = await page.evaluate("Number(document.documentElement.dataset.swaps ?? 0)")
    await site.listening()
    site.change()
    await page.wait_for_function(
        "before => Number(document.documentElement.dataset.swaps ?? 0) > before", arg=before
    )


def _changed(old: str = "98,700", new: str = "98,701") -> dict[str, str]:
    return {path: html.replace(old, new) for path, html in rendered().items()}


async def test_new_numbers_come_by_themselves(visit: Visit, site: Site) -> None:
    """After a change the page shows what the server has, and says that it is live."""
    site.pages = rendered()
    page = await visit("/")
    await expect(page.locator("#connection")).to_have_text("Live")
    site.pages = _changed()
    await _swap(page, site)
    await expect(page.get_by_text("98,701", exact=True).first).to_be_visible()
    assert await page.get_by_text("98,700", exact=True).count() == 0


async def test_focus_details_and_scrolling_stay(visit: Visit, site: Site) -> None:
    """A swap keeps the focused link, the open details, and both ways of scrolling."""
    site.pages = rendered()
    page = await visit("/", width=360)
    await page.locator("#differing-data summary").click()
    table = page.locator("#overview-versions .wide")
    await table.evaluate("each => { each.scrollLeft = 40; }")
    link = page.locator("#overview-findings .findings a").nth(2)
    await link.focus()
    await page.evaluate("window.scrollTo(0, 700)")
    await page.evaluate("window.old = document.querySelector('#overview-findings')")
    changes = {"312": "313", "2.1": "2.9", "86,313": "86,314", "09:00": "09:01", "98,700": "98,701"}
    for old, new in changes.items():
        site.pages["/"] = site.pages["/"].replace(old, new)
    await _swap(page, site)
    assert not await page.evaluate("document.contains(window.old)")
    assert await link.evaluate("each => each === document.activeElement")
    assert await page.locator("#differing-data").evaluate("each => each.open")
    assert await table.evaluate("each => each.scrollLeft") == 40
    assert await page.evaluate("window.scrollY") == 700


async def test_what_is_being_typed_stays(visit: Visit, site: Site) -> None:
    """A form in use is not swapped away, and its words survive a later swap of their part."""
    site.pages = rendered()
    page = await visit("/controls")
    reason = page.locator("#turn-2-reason")
    await reason.fill("half a sent")
    site.pages = _changed("the candidate warms up", "another reason")
    await _swap(page, site)
    assert await reason.evaluate("each => each === document.activeElement")
    await page.locator("h1").click()
    await _swap(page, site)
    await expect(page.locator("#controls-dials")).to_contain_text("another reason")
    assert await reason.input_value() == "half a sent"


async def test_a_burst_of_changes_is_one_fetch(visit: Visit, site: Site) -> None:
    """Changes inside two seconds are taken up together."""
    site.pages = rendered()
    page = await visit("/status")
    await _swap(page, site)
    fetched = len(site.fetched)
    began = await page.evaluate("performance.now()")
    for _ in range(3):
        site.change()
    await _swap(page, site)
    assert await page.evaluate("performance.now()") - began > 1_500
    assert len(site.fetched) == fetched + 1


async def test_a_paused_page_stays_as_it_is(visit: Visit, site: Site) -> None:
    """Pausing holds changes back; going on brings them."""
    site.pages = rendered()
    page = await visit("/")
    await expect(page.locator("#connection")).to_have_text("Live")
    pause = page.get_by_role("button", name="Pause updates")
    await pause.click()
    await expect(pause).to_have_attribute("aria-pressed", "true")
    await expect(page.locator("#connection")).to_have_text("Paused")
    fetched = len(site.fetched)
    site.pages = _changed()
    site.change()
    await expect(page.locator("#connection")).to_have_text("Paused; there is news")
    assert len(site.fetched) == fetched
    await pause.click()
    await expect(page.get_by_text("98,701", exact=True).first).to_be_visible()


SEEN = """isSeen => {
  Object.defineProperty(document, "hidden", { value: !isSeen, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


async def test_a_page_that_is_not_seen_rests(visit: Visit, site: Site) -> None:
    """It holds no stream and fetches nothing; seen again it fetches what it missed."""
    site.pages = rendered()
    page = await visit("/")
    await site.listening()
    await page.evaluate(SEEN, False)
    await site.left()
    fetched = len(site.fetched)
    site.pages = _changed()
    site.change()
    await page.evaluate(SEEN, True)
    await expect(page.get_by_text("98,701", exact=True).first).to_be_visible()
    assert len(site.fetched) == fetched + 1


async def test_a_lost_connection_is_said_and_found_again(visit: Visit, site: Site) -> None:
    """The page says since when it is old, and is live again by itself."""
    site.pages = rendered()
    page = await visit("/", expected=("503", "ERR_", "MIME type"))
    await expect(page.locator("#connection")).to_have_text("Live")
    site.is_streaming = False
    await expect(page.locator("#connection")).to_contain_text("Connection lost: this is from")
    site.is_streaming = True
    await expect(page.locator("#connection")).to_have_text("Live")


async def test_hostile_news_stay_text(visit: Visit, site: Site) -> None:
    """A swap brings markup in texts as text."""
    site.pages = rendered()
    page = await visit("/status")
    hostile = {**STATUS, "config": {**STATUS["config"], "path": "<img src=x onerror=alert(1)>"}}
    site.pages = rendered(lambda document: hostile if document is STATUS else document)
    await _swap(page, site)
    await expect(page.get_by_text("<img src=x onerror=alert(1)>")).to_be_visible()
    assert await page.locator("main img").count() == 0
