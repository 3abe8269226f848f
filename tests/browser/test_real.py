"""The pages of a running proxy, from the first difference to the decision about it."""

from collections.abc import AsyncIterator
from typing import Any, Final

import pytest
import pytest_asyncio
from playwright.async_api import Dialog, Page, expect

from tests.browser.conftest import Visit
from tests.browser.real import Real, answer_of, real
from tests.support.waiting import until_said

pytestmark = pytest.mark.slow

SOON_MS: Final = 15_000
"""From a request to the page that tells of it: a flush a second, a look of the page every two."""
PATHS: Final = (
    "/", "/findings", "/endpoints", "/noise", "/coverage", "/controls", "/status",
)  # fmt: skip


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def proxy() -> AsyncIterator[Real]:
    """One for all tests here: each plants what differs at a path of its own."""
    async with real() as it:
        yield it


@pytest_asyncio.fixture(loop_scope="session")
async def site(proxy: Real) -> Real:
    """`visit` opens the proxy's own pages."""
    return proxy


async def planted(proxy: Real, path: str, times: int = 3) -> Any:
    """A finding: a price that became a text."""
    proxy.plant(path, {"price": 10}, {"price": "10"})
    await proxy.send(path, times)
    return await proxy.finding(f"GET {path}", times)


async def test_every_page_opens(visit: Visit, proxy: Real) -> None:
    """Without a complaint of the browser, with what was recorded, on a telephone too."""
    group = await planted(proxy, "/opens")
    sample = (await proxy.api(f"groups/{group['id']}"))["samples"][0]["id"]
    page = await visit("/", width=360)
    for path in (*PATHS, f"/findings/{group['id']}", f"/samples/{sample}"):
        await page.goto(proxy.url + path)
        await expect(page.locator("h1")).to_be_visible()
        assert await page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, path
        if path not in ("/noise", "/coverage", "/controls", "/status"):
            await expect(page.locator("main")).to_contain_text("/opens")


async def test_a_page_that_there_is_not_is_one_for_people(visit: Visit, proxy: Real) -> None:
    """With the way back."""
    page = await visit("/findings/0123456789abcdef", expected=("404",))
    await expect(page.locator("main")).to_contain_text("no such finding")
    await page.locator("main").get_by_role("link", name="Overview").click()
    await expect(page).to_have_url(f"{proxy.url}/")


async def test_a_rule_is_tried_saved_and_taken_back(visit: Visit, proxy: Real) -> None:
    """From the overview to the finding; while the rule holds new traffic adds nothing to it."""
    group = await planted(proxy, "/ruled")
    address = f"/findings/{group['id']}"
    page = await visit("/")
    await page.locator(f'#overview-findings a[href="{address}"]').first.click()
    await page.get_by_role("button", name="Simulate").click()
    answer = page.locator("#rule-answer")
    await expect(answer).to_contain_text("Findings that it would hide wholly")
    await page.fill("#rule-reason", "SHOP-12")
    await page.locator("#rule-save").click()
    await expect(answer).to_contain_text("The rule is saved and in force")

    await page.goto(proxy.url + address)
    await expect(page.locator("#finding-head")).to_contain_text("explained by a saved rule")
    await page.goto(f"{proxy.url}/findings?state=expected&q=/ruled")
    await expect(page.locator("main")).to_contain_text("SHOP-12")
    await proxy.send("/ruled", 5)
    known = await proxy.recorded("GET /ruled", 8)
    assert known["verdicts"]["match"] == 5
    assert (await proxy.finding("GET /ruled"))["count"] == 3

    await page.goto(f"{proxy.url}/noise")
    page.on("dialog", lambda dialog: dialog.accept())
    await page.get_by_role("button", name="Delete the rule").click()
    await expect(page.locator("#notice")).to_have_text("The rule is deleted.")
    await page.goto(proxy.url + address)
    await expect(page.locator("#finding-head")).not_to_contain_text("explained by a saved rule")
    await proxy.send("/ruled", 2)
    reopened = await proxy.finding("GET /ruled", 5)
    assert (reopened["state"], reopened["rule"]) == ("open", None)


async def test_what_was_fixed_and_comes_back_is_flagged(visit: Visit, proxy: Real) -> None:
    """The open page says so by itself."""
    group = await planted(proxy, "/fixed")
    page = await visit(f"/findings/{group['id']}")
    await page.fill("#note", "in 2.1")
    await page.get_by_role("button", name="Fixed").click()
    await expect(page.locator("#notice")).to_have_text("The finding's state was changed.")
    head = page.locator("#finding-head")
    await expect(head).to_contain_text("“in 2.1”")
    await expect(head).not_to_contain_text("seen again")
    await proxy.send("/fixed")
    await expect(head).to_contain_text("was seen again since", timeout=SOON_MS)
    listed = (await proxy.api("groups?state=returned"))["groups"]
    assert [each["id"] for each in listed] == [group["id"]]


async def test_a_new_finding_comes_by_itself(visit: Visit, proxy: Real) -> None:
    """The open overview shows it without being loaded again."""
    page = await visit("/")
    await expect(page.locator("#connection")).to_have_text("Live")
    await page.evaluate("window.isTheSamePage = true")
    group = await planted(proxy, "/newcomer")
    link = page.locator(f'#overview-findings a[href="/findings/{group["id"]}"]')
    await expect(link.first).to_be_visible(timeout=SOON_MS)
    assert await page.evaluate("window.isTheSamePage")


async def test_the_kill_switch_kills(visit: Visit, proxy: Real) -> None:
    """Nothing is copied any more until it is turned on again, and the audit has both."""
    page = await visit("/controls")
    await page.fill("#switch-reason", "it burns")
    await page.get_by_role("button", name="Stop shadowing now").click()
    await expect(page.locator("h1")).to_have_text("Shadowing is off")
    await expect(page.locator("#controls-audit")).to_contain_text("it burns")
    await proxy.send("/switched", 5)
    await page.get_by_role("button", name="Turn shadowing on").click()
    await expect(page.locator("h1")).to_have_text("Shadowing is on")
    await proxy.send("/switched", 2)
    await proxy.recorded("GET /switched", 2)
    asked = [each for each in proxy.candidate.requests if each.target == b"/switched"]
    assert len(asked) == 2


ENCODED: Final = "GET /a%3Cscript%3E"
SHOWN: Final = {"/": ENCODED, "/findings": "['<script>alert(1)</script>']", "/endpoints": ENCODED}
HOSTILE: Final = "<script>alert(1)</script>"
BREAKING: Final = "\"'><img src=x onerror=alert(1)>"
ADDRESS: Final = "javascript:alert(1)"
ODD: Final = "\u202egnp.exe\u2066\x00\x1b[31m"
QUERY: Final = f"?q={HOSTILE}&%22%3E%3Cimg%20src=x%20onerror=alert(1)%3E=1&u={ADDRESS}"


async def test_hostile_traffic_is_text_on_every_page(visit: Visit, proxy: Real) -> None:
    """In bodies, member names, header values, paths, queries and request ids."""
    path = f"/a{HOSTILE}/{BREAKING[:3]}/{ADDRESS}"
    legacy = {HOSTILE: {BREAKING: ADDRESS}, "odd": ODD, "v": HOSTILE, "url": ADDRESS}
    candidate = {HOSTILE: {BREAKING: "x"}, "odd": ODD * 2, "v": BREAKING, "new": ADDRESS}
    fields = f"Link: <{ADDRESS}>\r\nX-Odd: {HOSTILE}{BREAKING}\r\n"
    proxy.answers[path.encode()] = (
        answer_of(legacy, fields), answer_of(candidate, fields.replace("alert", "prompt"))
    )  # fmt: skip
    request_fields = f"X-Request-Id: {BREAKING}\r\nUser-Agent: {HOSTILE}\r\nReferer: {ADDRESS}\r\n"
    await proxy.send(path + QUERY, 2, request_fields)

    async def seen() -> Any:
        found = (await proxy.api("groups"))["groups"]
        return [each for each in found if each["endpoint"].startswith(ENCODED)]

    groups = await until_said(seen, "hostile findings", 15)
    samples = (await proxy.api(f"groups/{groups[0]['id']}"))["samples"]
    page = await visit("/")
    opened: list[str] = []
    page.on("dialog", lambda dialog: _opened(dialog, opened))
    shown = ""
    own = [f"/findings/{group['id']}" for group in groups]
    for address in (*PATHS, *own, f"/samples/{samples[0]['id']}"):
        await page.goto(proxy.url + address)
        await page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
        assert await page.evaluate(ALIVE) == [], address
        assert opened == []
        shown = await page.locator("main").inner_text()
        assert SHOWN.get(address, "" if address in PATHS else HOSTILE) in shown, address
        assert not set("\u202e\u2066\x00\x1b") & set(await page.content())
    for text in (HOSTILE, ADDRESS, "<img src=x onerror=alert(1)>", "\\u202egnp.exe\\u2066"):
        assert text in shown, text


async def _opened(dialog: Dialog, opened: list[str]) -> None:
    opened.append(dialog.message)
    await dialog.dismiss()


ALIVE: Final = """() => [...document.querySelectorAll("*")].filter((each) =>
  [...each.attributes].some((one) => one.name.startsWith("on") || one.name === "style"
    || /^\\s*(javascript|data|vbscript):/i.test(one.value) && ["href", "src", "action"].includes(one.name))
  || ["IFRAME", "OBJECT", "EMBED", "BASE"].includes(each.tagName)
  || each.tagName === "SCRIPT" && !each.src.startsWith(location.origin + "/static/")
  || each.tagName === "IMG").map((each) => each.outerHTML.slice(0, 200))"""
"""What would run, or load something, though nothing of ours does."""


async def test_a_token_is_asked_for(visit: Visit, proxy: Real) -> None:
    """To read by the browser's own dialog, to change by the page's; neither shows it."""
    async with real(admin={"token": "s3cret"}) as guarded:
        page = await visit("/status", http_credentials=CREDENTIALS, expected=("401",))
        await page.goto(f"{guarded.url}/controls")
        await page.get_by_role("button", name="Stop shadowing now").click()
        await _give(page, "wrong")
        await _give(page, "s3cret")
        await expect(page.locator("h1")).to_have_text("Shadowing is off")
        await expect(page.locator("#connection")).to_have_text("Live")
        assert "s3cret" not in await page.content()
        assert (await guarded.proxy.ask_admin("/")).status == 401


CREDENTIALS: Final = {"username": "me", "password": "s3cret"}


async def _give(page: Page, token: str) -> None:
    dialog = page.get_by_role("dialog", name="The admin token is needed")
    await dialog.get_by_role("textbox", name="Admin token").fill(token)
    await dialog.get_by_role("button", name="Use it").click()
