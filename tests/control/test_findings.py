"""Findings and samples as the API tells of them: filtered, sorted, paged, one by one."""

from yarl import URL

from shadowproxy.report.findings import SORTS
from tests.control.filling import CART, Filling, shop
from tests.control.running import Control, controlling

MANY = 15


async def ids(control: Control, query: str = "") -> list[str]:
    """In the order in which they are listed."""
    found = (await control.get(f"/api/v1/groups{query}")).json
    return [group["id"] for group in found["groups"]]


def many() -> Filling:
    """Findings that differ in how often and where they were seen."""
    filling = Filling()
    for number in range(MANY):
        filling.differ({f"m{number}": 1}, {f"m{number}": 2}, times=1 + number % 7, samples=0)
    return filling


async def test_paging_visits_every_finding_once() -> None:
    """In the order of the whole list, until there is no next, for every sort and size of pages."""
    async with controlling() as control:
        many().write(control.store)
        for sort in SORTS:
            whole = await ids(control, f"?sort={sort}&limit=1000")
            assert len(set(whole)) == MANY
            for limit in (1, 7, MANY, 200):
                assert await _paged(control, sort, limit) == whole


async def _paged(control: Control, sort: str, limit: int) -> list[str]:
    following: str | None = "0"
    seen: list[str] = []
    while following is not None:
        query = f"?sort={sort}&limit={limit}&after={following}"
        page = (await control.get(f"/api/v1/groups{query}")).json
        assert page["total"] == MANY
        assert 0 < len(page["groups"]) <= limit
        seen += [group["id"] for group in page["groups"]]
        following = page["next"]
    return seen


async def test_what_is_asked_for_is_what_is_listed() -> None:
    """By endpoint, state, kind, version, text and window; all of them together, too."""
    old = Filling(age_s=7200)
    (gone,) = old.differ({"old": 1}, {"old": 2}, version="1.0").values()
    filling, found = shop(version="2.0")
    typed, owner = found["/items/*/price"], found["/owner"]
    (other,) = filling.differ({"x": 1}, {"x": 2}, endpoint="GET /other").values()
    async with controlling() as control:
        old.write(control.store)
        filling.write(control.store)
        await control.ask("POST", f"/api/v1/groups/{owner}", json={"state": "expected"})
        for query, wanted in (
            ("?endpoint=GET%20/other", {other}),
            ("?state=expected", {owner}),
            ("?state=open", {typed, other, gone}),
            ("?kind=type", {typed}),
            ("?version=1.0", {gone}),
            ("?q=PRICE", {typed}),
            (f"?q={typed}", {typed}),
            ("?q=%25", set()),
            ("?since=1h", {typed, owner, other}),
            ("?since=1h&state=open&kind=changed&q=cart", set()),
            ("?since=1h&state=open&kind=changed", {other}),
        ):
            assert set(await ids(control, query)) == wanted, query


async def test_open_ones_come_first_and_then_the_most_frequent() -> None:
    """A decision moves a finding down, and up again when it is back after it was fixed."""
    filling = Filling()
    rare, common = (
        next(iter(filling.differ({name: 1}, {name: 2}, times=times).values()))
        for name, times in (("rare", 1), ("common", 9))
    )
    async with controlling() as control:
        filling.write(control.store)
        assert await ids(control) == [common, rare]
        await control.ask("POST", f"/api/v1/groups/{common}", json={"state": "expected"})
        assert await ids(control) == [rare, common]
        await control.ask("POST", f"/api/v1/groups/{common}", json={"state": "fixed"})
        assert await ids(control) == [rare, common]
        again = Filling(age_s=-1)
        again.differ({"common": 1}, {"common": 2})
        again.write(control.store)
        assert await ids(control) == [common, rare]


async def test_a_finding_has_everything_that_is_known_of_it() -> None:
    """Counts, share, pairs, samples, chart; what came with it by one cause."""
    filling, found = shop(version="2.0")
    typed, owner = found["/items/*/price"], found["/owner"]
    filling.link(typed, owner)
    async with controlling() as control:
        filling.write(control.store)
        group = (await control.get(f"/api/v1/groups/{typed}")).json
        assert (group["count"], group["exchanges"], group["share"]["rate"]) == (10, 1000, 0.01)
        assert (group["path"], group["kind"], group["endpoint"]) == ("/items/*/price", "type", CART)
        assert group["pairs"] == [{"legacy": "10", "candidate": '"10"', "count": 10, "over": 0}]
        assert group["versions"]["counts"] == {"2.0": 10}
        assert sum(point["count"] for point in group["series"]["points"]) == 10
        assert [each["id"] for each in group["cause"]["groups"]] == [owner]
        assert len(group["samples"]) == 2
        sample = (await control.get(f"/api/v1/samples/{group['samples'][0]['id']}")).json
        assert set(sample["groups"]) == {typed, owner}
        assert sample["candidate"]["tree"]["items"] == [{"id": 1, "price": "10"}]
        assert sample["target"] == "/cart/7"
        listed = (await control.get("/api/v1/groups")).json
        assert set(listed["causes"][0]["groups"]) == {typed, owner}


async def test_whatever_the_id_is_the_answer_is_that_there_is_none() -> None:
    """404, and no database ever sees what it cannot take."""
    async with controlling() as control:
        shop()[0].write(control.store)
        for identity in ("none", "%00", "%ff", "%F0%9F%98%80", "x" * 3000, "..%2f"):
            for place in ("api/v1/groups", "api/v1/samples", "findings", "samples"):
                url = URL(f"{control.url}/{place}/{identity}", encoded=True)
                async with control.session.get(url) as response:
                    assert response.status == 404, (place, identity)


async def test_a_wrong_query_says_what_is_right() -> None:
    """400 with the parameter's name first."""
    async with controlling() as control:
        shop()[0].write(control.store)
        for query, said in WRONG:
            answer = await control.get(f"/api/v1/groups?{query}")
            assert answer.refuses(400).startswith(said)


WRONG = [
        ("since=soon", "since: expected a duration such as"), ("since=0s", "since: expected more"),
        ("since=-1h", "since"), ("limit=0", "limit: expected a whole number from 1 to 1000"),
        ("limit=1001", "limit"), ("limit=ten", "limit"), ("limit=1e3", "limit"),
        ("limit=%D9%A3", "limit"), ("after=-1", "after: expected a whole number from 0"),
        ("after=9999999999999999999", "after"), ("sort=name", "sort: expected count, share,"),
        ("state=closed", "state: expected open, expected, fixed or returned"),
        ("kind=odd", "kind: expected "), ("q=" + "x" * 501, "q: expected at most 500 characters"),
]  # fmt: skip


async def test_texts_that_no_database_takes_find_nothing() -> None:
    """They are no mistake, and no fault of ours."""
    async with controlling() as control:
        shop()[0].write(control.store)
        for query in ("q=%00", "q=%ED%A0%80", "endpoint=%00", "version=%F0%9F%98%80"):
            url = URL(f"{control.url}/api/v1/groups?{query}", encoded=True)
            async with control.session.get(url) as response:
                assert response.status == 200, query
