"""Forms that change something: what they send, what they say, and the token that is asked for."""

import pytest
from playwright.async_api import Page, expect

from shadowproxy.pages.noise import noise
from tests.browser import examples
from tests.browser.conftest import Visit
from tests.browser.rendered import rendered
from tests.browser.site import Call, Site

pytestmark = pytest.mark.slow

SHADOW = "/api/v1/dials/shadow"
SAMPLE = "/api/v1/dials/shadow.sample"


async def test_the_kill_switch_turns_shadowing_off(visit: Visit, site: Site) -> None:
    """One press sends off, with the time and the reason that were given, and says so."""
    site.pages = rendered()
    page = await visit("/controls")
    await page.fill("#switch-ttl", "30m")
    await page.fill("#switch-reason", "it burns")
    await page.get_by_role("button", name="Stop shadowing now").click()
    await expect(page.locator("#notice")).to_have_text("Shadowing is turned off.")
    body = {"value": "off", "ttl": "30m", "reason": "it burns"}
    assert site.calls == [Call("PUT", SHADOW, body, "")]


async def test_a_dial_is_turned_and_returned(visit: Visit, site: Site) -> None:
    """Empty fields are left out; returning sends no body."""
    site.pages = rendered()
    page = await visit("/controls")
    await page.fill("#turn-2-value", "5%")
    await page.get_by_role("button", name="Turn shadow.sample").click()
    await expect(page.locator("#notice")).to_have_text("The dial is turned.")
    await page.get_by_role("button", name="Return to 100 %").click()
    await expect(page.locator("#notice")).to_contain_text("back at its configured value")
    sent = [(call.method, call.path, call.body) for call in site.calls]
    assert sent == [("PUT", SAMPLE, {"value": "5%"}), ("DELETE", SAMPLE, None)]


async def test_a_refusal_is_said(visit: Visit, site: Site) -> None:
    """The problem's words are shown, as text, and what was typed stays."""
    site.pages = rendered()
    detail = "value: <b>expected</b> a share such as 5% or 0.05"
    site.answers[f"PUT {SAMPLE}"] = (400, {"status": 400, "detail": detail})
    page = await visit("/controls", expected=("400",))
    await page.fill("#turn-2-value", "lots")
    await page.get_by_role("button", name="Turn shadow.sample").click()
    await expect(page.locator("#notice")).to_have_text(f"Nothing was changed: {detail}")
    assert await page.input_value("#turn-2-value") == "lots"


async def test_a_token_is_asked_for_once(visit: Visit, site: Site) -> None:
    """A wrong one is asked for again, the right one is kept for this tab alone."""
    site.pages = rendered()
    site.token = "right"
    page = await visit("/controls", expected=("401",))
    await page.get_by_role("button", name="Stop shadowing now").click()
    await _give(page, "wrong")
    await _give(page, "right")
    await expect(page.locator("#notice")).to_have_text("Shadowing is turned off.")
    await page.get_by_role("button", name="Load the file again").click()
    await expect(page.locator("#notice")).to_contain_text("loaded again")
    shown = [call.authorization for call in site.calls]
    assert shown == ["", "Bearer wrong", "Bearer right", "Bearer right"]
    kept = "[localStorage.length, document.cookie, sessionStorage.getItem('shadowproxy-token')]"
    assert await page.evaluate(kept) == [0, "", "right"]


async def _give(page: Page, token: str) -> None:
    dialog = page.get_by_role("dialog", name="The admin token is needed")
    await dialog.get_by_role("textbox", name="Admin token").fill(token)
    await dialog.get_by_role("button", name="Use it").click()


async def test_no_token_is_no_change(visit: Visit, site: Site) -> None:
    """Leaving the dialog by Escape says that nothing was changed."""
    site.pages = rendered()
    site.token = "right"
    page = await visit("/controls", expected=("401",))
    await page.get_by_role("button", name="Stop shadowing now").click()
    await expect(page.get_by_role("textbox", name="Admin token")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.locator("#notice")).to_contain_text("Nothing was changed")
    await expect(page.get_by_role("dialog")).to_have_count(0)


async def test_a_saved_rule_is_deleted_after_asking(visit: Visit, site: Site) -> None:
    """The question can be declined; after yes the rule's id is deleted."""
    site.pages = rendered()
    page = await visit("/noise")
    answers = iter((False, True))
    page.on("dialog", lambda asked: asked.accept() if next(answers) else asked.dismiss())
    button = page.get_by_role("button", name="Delete the rule")
    await button.click()
    assert site.calls == []
    await button.click()
    await expect(page.locator("#notice")).to_have_text("The rule is deleted.")
    assert site.calls == [Call("DELETE", "/api/v1/rules/r-7", None, "")]


async def test_a_deleted_rule_leaves_the_table_at_once(visit: Visit, site: Site) -> None:
    """The page is asked for again after the change; the notice stays."""
    site.pages = rendered()
    page = await visit("/noise")
    page.on("dialog", lambda asked: asked.accept())
    rules = {"rules": examples.RULES["rules"][:2]}
    site.pages["/noise"] = noise(examples.NOISE, examples.LATENCIES, rules)
    await page.get_by_role("button", name="Delete the rule").click()
    await expect(page.locator("#rules-table tbody tr")).to_have_count(2)
    await expect(page.locator("#notice")).to_have_text("The rule is deleted.")
