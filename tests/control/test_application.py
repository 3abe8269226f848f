"""What all answers share: security fields, problem documents, pages of refusal."""

import pytest

from shadowproxy.control.answers import SECURITY_FIELDS
from tests.control.running import controlling

ANY = [
    ("GET", "/"), ("GET", "/livez"), ("GET", "/metrics"), ("GET", "/api/v1/status"),
    ("GET", "/nowhere"), ("POST", "/livez"), ("GET", "/api/v1/groups/none"),
    ("PUT", "/api/v1/dials/shadow"), ("HEAD", "/"), ("OPTIONS", "/api/v1/status"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path"), ANY)
async def test_every_answer_carries_the_security_fields(method: str, path: str) -> None:
    """Answers, refusals, unknown paths and methods alike; what has a tag is checked, not stored."""
    async with controlling() as control:
        answer = await control.ask(method, path)
        wanted = SECURITY_FIELDS | (
            {"Cache-Control": "private, no-cache"} if "ETag" in answer.headers else {}
        )
        assert {name: answer.headers.get(name) for name in SECURITY_FIELDS} == wanted


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nowhere", 404), ("DELETE", "/api/v1/status", 405), ("GET", "/api/v1/reload", 405)],
)
async def test_what_there_is_not_is_a_problem_document(method: str, path: str, status: int) -> None:
    """RFC 9457; 405 says what is allowed."""
    async with controlling() as control:
        answer = await control.ask(method, path)
        assert answer.status == answer.json["status"] == status
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert ("Allow" in answer.headers) is (status == 405)


async def test_a_body_that_is_too_large_is_refused() -> None:
    """64 KiB are a hundred times what a change takes."""
    async with controlling() as control:
        answer = await control.ask("PUT", "/api/v1/dials/shadow", data=b"x" * 100_000)
        assert answer.status == 413
        assert answer.headers["Content-Type"] == "application/problem+json"


async def test_a_bug_is_a_problem_and_a_traceback_in_the_log() -> None:
    """The user of the API learns nothing about our insides; the log does; control lives on."""
    async with controlling() as control:
        (control.folder / "processes.json").write_text('[{"name": "edge-0"}]')
        answer = await control.get("/api/v1/status")
        assert answer.status == 500
        assert "KeyError" not in answer.text
        (event,) = control.events("control_error")
        assert "KeyError" in event["exception"]
        assert (await control.get("/livez")).status == 200


async def test_who_asks_for_a_page_is_refused_with_one() -> None:
    """A browser shows a person the reason; the API stays with problem documents."""
    async with controlling() as control:
        wanted = {"Accept": "text/html,*/*"}
        for path, status in (("/findings/none", 503), ("/nowhere", 404), ("/?since=soon", 400)):
            answer = await control.get(path, headers=wanted)
            assert answer.status == status
            assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
            assert "<h1>" in answer.text
        answer = await control.get("/api/v1/groups?limit=0", headers=wanted)
        assert "limit" in answer.refuses(400)
