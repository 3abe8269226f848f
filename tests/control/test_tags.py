"""Tags: what has not changed is not sent again (RFC 9110, 13.1.2)."""

import pytest

from tests.control.filling import shop
from tests.control.running import Control, controlling

TAGGED = [
    "/api/v1/groups", "/api/v1/groups?limit=1", "/api/v1/noise", "/api/v1/versions",
    "/api/v1/rules", "/api/v1/audit", "/api/v1/endpoints", "/api/v1/openapi.json",
    "/static/style.css", "/static/icon.svg", "/static/live.js",
]  # fmt: skip


async def tag_of(control: Control, path: str) -> str:
    answer = await control.get(path)
    assert answer.status == 200
    tag: str = answer.headers["ETag"]
    return tag


async def test_who_has_it_already_is_told_so() -> None:
    """304 without a body, to GET and HEAD, whether the tag stands alone, among others or weak."""
    async with controlling() as control:
        shop()[0].write(control.store)
        for path in TAGGED:
            tag = await tag_of(control, path)
            for known in (tag, f'"other", {tag}', f"W/{tag}", "*"):
                for method in ("GET", "HEAD"):
                    answer = await control.ask(method, path, headers={"If-None-Match": known})
                    assert (answer.status, answer.body) == (304, b""), (path, method, known)
                    assert answer.headers["ETag"] == tag
                    assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_a_change_has_another_tag() -> None:
    """The old tag brings the new content."""
    async with controlling() as control:
        filling, found = shop()
        filling.write(control.store)
        tag = await tag_of(control, "/api/v1/groups")
        group = found["/owner"]
        await control.ask("POST", f"/api/v1/groups/{group}", json={"state": "expected"})
        answer = await control.get("/api/v1/groups", headers={"If-None-Match": tag})
        assert answer.status == 200
        assert answer.headers["ETag"] != tag


@pytest.mark.parametrize("known", ['"other"', "", ",,,", '"' + "x" * 8000])
async def test_any_other_tag_brings_the_content(known: str) -> None:
    """Whatever it looks like."""
    async with controlling() as control:
        shop()[0].write(control.store)
        answer = await control.get("/api/v1/groups", headers={"If-None-Match": known})
        assert (answer.status, answer.json["total"]) == (200, 2)


async def test_failures_and_changes_have_no_tag() -> None:
    """A problem is not kept, and what was changed is not compared."""
    async with controlling() as control:
        for answer in (
            await control.get("/api/v1/groups", headers={"If-None-Match": "*"}),
            await control.ask("PUT", "/api/v1/dials/shadow", json={"value": "on"}),
        ):
            assert answer.status in (200, 503)
            assert "ETag" not in answer.headers
            assert answer.headers["Cache-Control"] == "no-store"
