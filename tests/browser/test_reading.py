"""Pages in a browser: nothing is refused by the policy, nothing is wider than the screen."""

import pytest
from playwright.async_api import Page

from tests.browser.conftest import Visit
from tests.browser.examples import HOSTILE, empty, hostile
from tests.browser.rendered import Change, rendered
from tests.browser.site import Site

pytestmark = pytest.mark.slow

PATHS = sorted(rendered())
OVERFLOW = "document.documentElement.scrollWidth - window.innerWidth"


CHANGES: dict[str, Change] = {
    "full": lambda document: document,
    "empty": empty,
    "hostile": lambda document: hostile(document, HOSTILE[1] + "x" * 3000),
}


@pytest.mark.parametrize("name", CHANGES)
async def test_no_page_scrolls_sideways(visit: Visit, site: Site, name: str) -> None:
    """Full, empty and hostile pages fit a telephone and a wide screen, with all details open."""
    site.pages = rendered(CHANGES[name])
    page = await visit("/status", width=360)
    for path in PATHS:
        await page.goto(f"{site.url}{path}")
        await page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
        for width in (1920, 360):
            await page.set_viewport_size({"width": width, "height": 800})
            assert await page.evaluate(OVERFLOW) <= 0, (path, width)


async def test_the_keyboard_reaches_everything(visit: Visit, site: Site) -> None:
    """Tab comes, in the order of the page, to each link, control, summary and scrolling region."""
    site.pages = rendered()
    page = await visit("/")
    for path in PATHS:
        await page.goto(f"{site.url}{path}")
        count = await page.evaluate(REACHABLE)
        assert count > 10, path
        for _ in range(count):
            await page.keyboard.press("Tab")
        assert await page.evaluate("window.reached") == list(range(count)), path


REACHABLE = """() => {
  const selector = "a[href], button, input, select, textarea, summary, [tabindex='0']";
  window.reachable = [...document.querySelectorAll(selector)]
    .filter((each) => each.checkVisibility() && !each.disabled);
  window.reached = [];
  addEventListener("focusin", (event) => {
    window.reached.push(window.reachable.indexOf(event.target));
  });
  return window.reachable.length;
}"""


async def test_the_focus_is_seen(visit: Visit, site: Site) -> None:
    """What has the focus has an outline."""
    site.pages = rendered()
    page = await visit("/")
    await page.keyboard.press("Tab")
    width = "getComputedStyle(document.activeElement).outlineWidth"
    assert float((await page.evaluate(width)).removesuffix("px")) >= 2
    assert await page.evaluate("document.activeElement.textContent") == "Skip to the content"
    assert (await page.locator(".skip").bounding_box() or {"y": -1})["y"] >= 0


async def test_dark_and_light_follow_the_system(visit: Visit, site: Site) -> None:
    """The ground is dark on a dark system and light on a light one."""
    site.pages = rendered()
    lights = [await _brightness(await visit("/", dark=dark)) for dark in (False, True)]
    assert lights[0] > 200
    assert lights[1] < 60


async def _brightness(page: Page) -> float:
    colour = await page.evaluate("getComputedStyle(document.body).backgroundColor")
    parts = [float(part) for part in colour.removeprefix("rgb(").removesuffix(")").split(",")]
    return sum(parts) / len(parts)


async def test_everything_is_read_without_scripts(visit: Visit, site: Site) -> None:
    """Without JavaScript the words are there, and no button that would do nothing."""
    site.pages = rendered()
    page = await visit("/", scripts=False)
    for path in PATHS:
        await page.goto(f"{site.url}{path}")
        assert await page.locator("h1:visible").count() == 1, path
        assert await page.locator(":is(button, input, select):visible").count() == 0, path
        assert len(await page.locator("main").inner_text()) > 100, path


async def test_charts_keep_their_lettering_at_every_width(visit: Visit, site: Site) -> None:
    """The words of a chart are as large on a telephone as on a wide screen, inside its card."""
    site.pages = rendered()
    page = await visit("/", width=360)
    heights = []
    for width in (360, 1920):
        await page.set_viewport_size({"width": width, "height": 800})
        label = page.locator("svg.plot .label").first
        box, card = (
            await label.bounding_box(),
            await page.locator(".charts .card").first.bounding_box(),
        )
        assert box
        assert card
        assert box["x"] + box["width"] <= card["x"] + card["width"]
        heights.append(box["height"])
    assert heights[0] == pytest.approx(heights[1], abs=1)
