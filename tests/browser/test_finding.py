"""Findings in a browser: the list, the diff, and a rule that is simulated before it is saved."""

from typing import Any

import pytest
from playwright.async_api import Page, Route, expect

from shadowproxy.pages.finding import finding
from shadowproxy.pages.findings import findings
from shadowproxy.pages.sample import sample
from tests.browser.conftest import Visit
from tests.browser.examples import HOSTILE, hostile
from tests.browser.examples_findings import DIFFERENCES, GROUP, LIST, SAMPLE, SIMULATION
from tests.browser.site import Call, Site

pytestmark = pytest.mark.slow

HERE = f"/findings/{GROUP['id']}"
SIMULATE = "POST /api/v1/rules/simulate"
SAVE = "POST /api/v1/rules"
RULE = {"path": "$.items[*].price", "coerce": "string"}


@pytest.fixture
def pages(site: Site) -> Site:
    """The site with the pages of this file."""
    site.pages = {
        "/findings": findings(LIST, {}),
        HERE: finding(GROUP, SAMPLE),
        "/samples/s1": sample(SAMPLE),
    }
    site.answers = {SIMULATE: (200, SIMULATION), SAVE: (201, {"id": "r7"})}
    return site


@pytest.mark.parametrize("path", ["/findings", HERE, "/samples/s1"])
@pytest.mark.parametrize("width", [360, 1920])
@pytest.mark.parametrize("dark", [False, True])
async def test_a_page_fits_its_screen(
    visit: Visit, pages: Site, path: str, width: int, dark: bool
) -> None:
    """It is never scrolled sideways, and everything that says something can be seen."""
    page = await visit(path, width=width, dark=dark)
    assert await _overflow(page) == 0
    await page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
    assert await _overflow(page) == 0
    await expect(page.locator("h1")).to_be_visible()


async def _overflow(page: Page) -> Any:
    root = "document.documentElement"
    return await page.evaluate(f"{root}.scrollWidth - {root}.clientWidth")


@pytest.mark.parametrize("width", [360, 1920])
async def test_every_difference_can_be_seen(visit: Visit, pages: Site, width: int) -> None:
    """On a telephone, too, where both sides stand below each other: no value of one is left out."""
    page = await visit("/samples/s1", width=width, scripts=False)
    told = page.locator("[data-difference]")
    await expect(told).to_have_count(len(DIFFERENCES))
    for marked in await page.locator(".d-changed :is(ins, del), .d-away :is(ins)").all():
        await expect(marked).to_be_visible()
    await expect(page.get_by_text("front", exact=True)).to_be_visible()
    await expect(page.get_by_text("back", exact=True)).to_be_visible()


@pytest.mark.parametrize("scripts", [True, False])
async def test_folds_open_on_demand(visit: Visit, pages: Site, scripts: bool) -> None:
    """By the keyboard, and without scripts: what did not change is there when it is asked for."""
    page = await visit("/samples/s1", scripts=scripts)
    fold = page.locator("summary", has_text="unchanged elements").first
    hidden = page.locator(".d-fold").filter(has_text="unchanged elements").locator("li").first
    await expect(hidden).to_be_hidden()
    await fold.focus()
    await page.keyboard.press("Enter")
    await expect(hidden).to_be_visible()


async def test_differences_are_gone_to_one_by_one(visit: Visit, pages: Site) -> None:
    """By button and by the keys n and p, round and round; in a field a key is a letter."""
    page = await visit(HERE)
    await page.get_by_role("button", name="Next difference").first.click()
    await expect(page.locator("#d-0")).to_be_focused()
    await page.keyboard.press("n")
    await expect(page.locator("#d-1")).to_be_focused()
    await page.keyboard.press("p")
    await page.keyboard.press("p")
    order = await page.locator("#what ~ .diff [data-difference]").evaluate_all(
        "all => all.map(e => e.id)"
    )
    await expect(page.locator(f"#{order[-1]}")).to_be_focused()
    await page.locator("#note").press("n")
    await expect(page.locator("#note")).to_have_value("n")


async def test_everything_unfolds_and_folds(visit: Visit, pages: Site) -> None:
    """One button for all folds of a diff; it says what it will do next."""
    page = await visit("/samples/s1")
    closed = page.locator(".diff details:not([open])")
    assert await closed.count() > 0
    await page.get_by_role("button", name="Unfold everything").click()
    await expect(closed).to_have_count(0)
    await page.get_by_role("button", name="Fold again").click()
    await expect(page.locator(".diff details[open]")).to_have_count(0)


async def test_a_rule_is_saved_once_it_was_simulated(visit: Visit, pages: Site) -> None:
    """From the finding to a rule in force: proposed, simulated, told, saved."""
    page = await visit(HERE)
    save = page.get_by_role("button", name="Save and use it")
    await expect(save).to_be_disabled()
    await page.get_by_label("Reason").fill("SHOP-12")
    await page.get_by_role("button", name="Simulate").click()
    answer = page.locator("#rule-answer")
    await expect(answer).to_contain_text("It would hide 300 of 312 stored mismatches.")
    await expect(answer).to_contain_text("1,310")
    await expect(answer).to_contain_text('/items/3/price type (GET /cart/{id})15.5"15.50"')
    await save.click()
    await expect(page.locator("#notice")).to_have_text("The rule is saved and in force as r7.")
    await expect(save).to_be_disabled()
    asked = {"rule": RULE, "endpoint": "GET /cart/{id}", "group": GROUP["id"]}
    assert pages.calls == [
        Call("POST", "/api/v1/rules/simulate", asked, ""),
        Call("POST", "/api/v1/rules", {**asked, "reason": "SHOP-12"}, ""),
    ]


async def test_a_changed_rule_is_simulated_again(visit: Visit, pages: Site) -> None:
    """What is saved is what was simulated: another proposal, endpoint or letter takes it back."""
    page = await visit(HERE)
    save = page.locator("#rule-save")
    for change in ("another", "edited", "elsewhere"):
        await page.get_by_role("button", name="Simulate").click()
        await expect(save).to_be_enabled()
        if change == "another":
            await page.get_by_label("Say nothing about it").check()
        elif change == "edited":
            await page.get_by_label("The rule, to be edited").fill(
                '{"path": "$..price", "ignore": true}'
            )
        else:
            await page.get_by_label("Holds for").select_option("")
        await expect(save).to_be_disabled()
        await expect(page.locator("#rule-answer")).to_be_empty()
    written = 'compare:\n  rules:\n    - {"path":"$..price","ignore":true}'
    assert await page.locator("#rule-yaml").text_content() == written


async def test_a_dangerous_rule_is_warned_of(visit: Visit, pages: Site) -> None:
    """Loudly, with what it would hide that is no mere other value; saving says what it does."""
    example = {**SIMULATION["examples"][0], "candidate": HOSTILE[0], "leaves_class": True}
    dangerous = {**SIMULATION, "dangerous": True, "leaving_class": 3, "examples": [example]}
    pages.answers[SIMULATE] = (200, dangerous)
    page = await visit(HERE)
    await page.get_by_role("button", name="Simulate").click()
    answer = page.locator("#rule-answer")
    await expect(answer).to_contain_text("Warning: 3 of the differences")
    await expect(answer.get_by_text(HOSTILE[0])).to_be_visible()
    await expect(page.get_by_role("button", name="Save it all the same")).to_be_enabled()


async def test_a_bad_rule_is_refused_in_words(visit: Visit, pages: Site) -> None:
    """What is no JSON is not sent; what means nothing is refused by the API; nothing can be saved."""
    detail = "the rule for $.x: expected an action, such as ignore: true"
    pages.answers[SIMULATE] = (400, {"status": 400, "detail": detail})
    page = await visit(HERE, expected=("400",))
    field = page.get_by_label("The rule, to be edited")
    await field.fill('{"path": ')
    await page.get_by_role("button", name="Simulate").click()
    await expect(page.locator("#rule-answer")).to_contain_text("This is no mapping in JSON")
    assert pages.calls == []
    await field.fill('{"path": "$.x"}')
    await page.get_by_role("button", name="Simulate").click()
    await expect(page.locator("#notice")).to_contain_text(detail)
    await expect(page.locator("#rule-save")).to_be_disabled()


async def test_a_finding_is_marked(visit: Visit, pages: Site) -> None:
    """One press with a note; the page says that it was done."""
    page = await visit(HERE)
    await page.get_by_label("Note").fill("the new tax")
    await page.get_by_role("button", name="Expected").click()
    await expect(page.locator("#notice")).to_have_text("The finding's state was changed.")
    body = {"state": "expected", "note": "the new tax"}
    assert pages.calls == [Call("POST", f"/api/v1/groups/{GROUP['id']}", body, "")]


async def test_what_was_changed_is_shown_at_once(visit: Visit, pages: Site) -> None:
    """Without a reload, while nobody tells of news: the other buttons, the new state, the notice."""
    page = await visit(HERE)
    await expect(page.get_by_role("button", name="Reopen")).to_have_count(0)
    pages.pages[HERE] = finding({**GROUP, "state": "expected"}, SAMPLE)
    await page.get_by_role("button", name="Expected").click()
    await expect(page.get_by_role("button", name="Reopen")).to_be_visible()
    await expect(page.get_by_role("button", name="Expected")).to_have_count(0)
    await expect(page.locator("#finding-head .badge").first).to_have_text("expected")
    await expect(page.locator("#notice")).to_have_text("The finding's state was changed.")


async def test_a_saved_rule_shows_on_the_finding_at_once(visit: Visit, pages: Site) -> None:
    """That it explains the finding, and what was said of it."""
    page = await visit(HERE)
    await page.get_by_role("button", name="Simulate").click()
    pages.pages[HERE] = finding({**GROUP, "state": "expected", "rule": "r7"}, SAMPLE)
    await page.get_by_role("button", name="Save and use it").click()
    await expect(page.get_by_text("explained by a saved rule")).to_be_visible()
    await expect(page.locator("#notice")).to_contain_text("The rule is saved and in force")
    await expect(page.locator("#rule-answer")).to_contain_text("The rule is saved and in force.")


async def test_commands_are_copied(visit: Visit, pages: Site) -> None:
    """Exactly as they are to be pasted."""
    page = await visit(HERE, permissions=["clipboard-read", "clipboard-write"])
    await page.get_by_role("button", name="Copy command for candidate").click()
    await expect(page.get_by_role("button", name="Copied")).to_be_visible()
    copied = await page.evaluate("navigator.clipboard.readText()")
    assert copied == GROUP["reproducer"]["curl"]["candidate"]


async def test_the_list_is_filtered_without_scripts(visit: Visit, pages: Site) -> None:
    """The form asks by GET; control lets forms of this page go to itself."""
    page = await visit("/findings", scripts=False)
    await page.route("**/findings", _let_forms)
    await page.reload()
    await page.get_by_label("State").select_option("open")
    await page.get_by_role("button", name="Filter").click()
    await page.wait_for_url("**/findings?q=&endpoint=&state=open&kind=&version=")


async def _let_forms(route: Route) -> None:
    answer = await route.fetch()
    policy = answer.headers["content-security-policy"]
    allowed = policy.replace("form-action 'none'", "form-action 'self'")
    await route.fulfill(
        response=answer, headers={**answer.headers, "content-security-policy": allowed}
    )


@pytest.mark.parametrize("text", HOSTILE)
async def test_hostile_texts_are_shown(visit: Visit, pages: Site, text: str) -> None:
    """In every place where there is text: nothing runs, and the policy has nothing to refuse."""
    pages.pages = {
        "/findings": findings(hostile(LIST, text), {"q": text}),
        HERE: finding(hostile(GROUP, text), hostile(SAMPLE, text)),
        "/samples/s1": sample(hostile(SAMPLE, text)),
    }
    for path in pages.pages:
        page = await visit(path, width=360)
        assert await _overflow(page) == 0
        assert (
            await page.evaluate("document.querySelectorAll('img, script:not([src])').length") == 0
        )
