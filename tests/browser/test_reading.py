"""Pages in a browser: nothing is refused by the policy, nothing is wider than the screen."""

import pytest
from playwright.async_api import Page

from tests.browser.conftest import Visit
from tests.browser.examples import HOSTILE, empty, hostile
from tests.browser.rendered import rendered
from tests.browser.site import Site

pytestmark = pytest.mark.slow

PATHS = sorted(rendered())
OVERFLOW = "document.documentElement.scrollWidth - window.innerWidth"


@pytest.mark.parametrize("path", PATHS)
async def test_no_page_scrolls_sideways(visit: Visit, site: Site, path: str) -> None:
    """Full, empty and hostile pages fit a telephone and a wide screen, with all details open."""
    changes = {
        "full": lambda document: document,
        "empty": empty,
        "hostile": lambda document: hostile(document, HOSTILE[1] + "x" * 3000),
    }
    for name, change in changes.items():
        site.pages[f"/{name}"] = rendered(change)[path]
    page = await visit("/full", width=360)
    for name in changes:
        await page.goto(f"{site.url}/{name}")
        await page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
        for width in (360, 1920):
            await page.set_viewport_size({"width": width, "height": 800})
            assert await page.evaluate(OVERFLOW) <= 0, (name, width)


@pytest.mark.parametrize("path", PATHS)
async def test_the_keyboard_reaches_everything(visit: Visit, site: Site, path: str) -> None:
    """Tab comes, in the order of the page, to each link, control, summary and scrolling region."""
    site.pages = rendered()
    page = await visit(path)
    wanted = await page.evaluate(REACHABLE)
    reached = []
    for _ in range(len(wanted) + 1):
        await page.keyboard.press("Tab")
        reached.append(await page.evaluate("window.reachable.indexOf(document.activeElement)"))
    assert reached[: len(wanted)] == list(range(len(wanted)))


REACHABLE = """() => {
  const selector = "a[href], button, input, select, textarea, summary, [tabindex='0']";
  window.reachable = [...document.querySelectorAll(selector)]
    .filter((each) => each.checkVisibility() && !each.disabled);
  return window.reachable.map((each) => each.outerHTML.slice(0, 80));
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


@pytest.mark.parametrize("path", PATHS)
async def test_everything_is_read_without_scripts(visit: Visit, site: Site, path: str) -> None:
    """Without JavaScript the words are there, and no button that would do nothing."""
    site.pages = rendered()
    page = await visit(path, scripts=False)
    assert await page.locator("h1").count() == 1
    assert await page.locator("h1").is_visible()
    for button in await page.locator("button, input, select").all():
        assert not await button.is_visible()
    assert await page.locator("main").inner_text() != ""


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
