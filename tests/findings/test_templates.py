"""Endpoints that are learned from the paths."""

import gc
import json
import re
import time
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shadowproxy.findings import templates
from shadowproxy.findings.folding import HOPELESS, fold
from shadowproxy.findings.paths import MAX_SEGMENTS
from shadowproxy.findings.templates import MAX_NODES, LearnedTemplates
from shadowproxy.findings.tries import MAX_WORDS, Node
from tests.findings.traffic import Traffic, purity_and_completeness

SHOWN = re.compile(
    r"(?:[A-Za-z_-]{1,17}|\{method\}) (?:\*|(?:/(?:[\w.~!$&'()+,;=:@%-]"
    r"|\{(?:int|uuid|date|hex|email|ip|token|var)\})*)+)",
    re.ASCII,
)
"""All that an endpoint may consist of."""
MAX_ENDPOINT = 20 + 14 * 250

texts = st.text(st.characters(exclude_categories=()), max_size=30)
segments = st.one_of(
    st.sampled_from(
        ["users", "a", "b", "me", "v1", "42", "", ".", "..", "...", "%2e%2e", "%2F", "{int}"]
    ),
    st.from_regex(r"[a-d]{1,3}", fullmatch=True),
    texts,
    texts.map(lambda text: quote(text, errors="replace")),
)
paths = st.lists(segments, max_size=16).map(lambda parts: "/" + "/".join(parts))
methods = st.sampled_from(["GET", "POST"])


def words(count: int, start: int = 0) -> list[str]:
    """Different words without digits."""
    letters = "abcdefghij"
    return [
        "w" + "".join(letters[int(digit)] for digit in str(number))
        for number in range(start, start + count)
    ]


def folded(prefix: str = "/users", below: str = "") -> LearnedTemplates:
    """Templates that have learned one variable."""
    learned = LearnedTemplates()
    for word in words(MAX_WORDS + 1):
        learned.endpoint_of("GET", f"{prefix}/{word}{below}")
    return learned


def resolved(endpoints: list[str], aliases: list[tuple[str, str]]) -> list[str]:
    """What a caller who follows the aliases calls earlier endpoints now."""
    moved = dict(aliases)
    return [moved.get(each, each) for each in endpoints]


@pytest.mark.slow
@given(st.lists(st.tuples(texts | methods, paths | texts), max_size=30))
def test_any_request_has_an_endpoint_that_may_be_shown(requests: list[tuple[str, str]]) -> None:
    """No exception, no control character, space, non-ASCII or query; bounded; braces are classes."""
    learned = LearnedTemplates()
    for method, path in requests:
        endpoint = learned.endpoint_of(method, f"{path}?secret=s3cr3t")
        assert SHOWN.fullmatch(endpoint), ascii(endpoint)
        assert len(endpoint) <= MAX_ENDPOINT
        assert endpoint.count("/") <= MAX_SEGMENTS + 1
        assert "s3cr3t" not in endpoint


@pytest.mark.slow
@given(st.lists(st.tuples(methods, paths), max_size=60))
def test_the_same_sequence_gives_the_same_endpoints(requests: list[tuple[str, str]]) -> None:
    """Nothing but the paths, in their order, decides; what is remembered does not show."""
    one, other = LearnedTemplates(), LearnedTemplates()
    for method, path in requests:
        found = one.endpoint_of(method, path)
        other._remembered.clear()
        assert other.endpoint_of(method, path) == found
    assert one.to_plain() == other.to_plain()


SECRET = "hunterxyzzy"


@pytest.mark.slow
@given(
    st.lists(segments, max_size=4),
    st.sampled_from(["password", "reset-token", "X-Api-Key", "apiKey", "p%61ssword", "my.secret"]),
    st.lists(segments, max_size=4),
    st.booleans(),
)
def test_a_planted_secret_is_nowhere(
    above: list[str], name: str, below: list[str], is_known: bool
) -> None:
    """What follows the name of a secret, or says that it is one, is neither shown nor kept."""
    learned = folded("/" + "/".join(above)) if is_known else LearnedTemplates()
    for hidden in (
        f"{name}/{SECRET}",
        f"{name}={SECRET}",
        f"x;{name}={SECRET}",
        f"{name}/{SECRET}/{SECRET}",
    ):
        path = "/".join(["", *above, hidden.replace(f"/{SECRET}/", f"/{SECRET}/{name}/"), *below])
        assert SECRET not in learned.endpoint_of("GET", path)
    assert SECRET not in json.dumps(learned.to_plain())


narrow = st.lists(
    st.lists(st.sampled_from([*words(60), "42", "me"]), min_size=1, max_size=3).map(
        lambda parts: "/" + "/".join(parts)
    ),
    max_size=250,
)


@settings(max_examples=40, deadline=None)
@given(narrow, st.integers(1, 50), st.sampled_from([12, 60, MAX_NODES]))
def test_every_endpoint_leads_to_a_current_one(stream: list[str], every: int, room: int) -> None:
    """Whenever the aliases are fetched, each endpoint that was given out is or leads to a current one.

    The trie keeps to its room, and counts itself right.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(templates, "MAX_NODES", room)
        patch.setattr(templates, "_RESERVED", room // 10)
        learned, given_out = LearnedTemplates(), list[str]()
        for index, path in enumerate(stream):
            given_out.append(learned.endpoint_of("GET", path))
            if index % every == 0:
                given_out = resolved(given_out, learned.aliases())
        given_out = resolved(given_out, learned.aliases())
        current = set(learned.endpoints())
    assert set(given_out) == current
    assert len(learned) <= room + 1
    assert len(learned) == len(learned.to_plain()["nodes"]) - len({each[:3] for each in current})
    assert sum(row[2] for row in learned.to_plain()["nodes"]) == len(stream)


@pytest.mark.slow
@settings(max_examples=30, deadline=None)
@given(narrow, narrow)
def test_after_a_fold_a_path_keeps_its_endpoint(stream: list[str], more: list[str]) -> None:
    """What is `{var}` at a place stays so, whatever comes: endpoints only ever become more general."""
    learned = folded()
    for path in stream:
        learned.endpoint_of("GET", path)
    before = {path: learned.endpoint_of("GET", path) for path in stream}
    for path in more:
        learned.endpoint_of("GET", path)
    moved = dict(learned.aliases())
    for path, endpoint in before.items():
        assert learned.endpoint_of("GET", path) == moved.get(endpoint, endpoint)
        assert learned.endpoint_of("GET", path).count("{var}") >= endpoint.count("{var}")
    assert learned.endpoint_of("GET", "/users/nobody") in ("GET /users/{var}", "GET /{var}/{var}")


@settings(max_examples=30, deadline=None)
@given(narrow, narrow)
def test_what_is_kept_goes_on_as_before(stream: list[str], more: list[str]) -> None:
    """Templates that were written as JSON and read again answer and learn like the originals."""
    learned = LearnedTemplates()
    for path in stream:
        learned.endpoint_of("GET", path)
    learned.aliases()
    again = LearnedTemplates.from_plain(json.loads(json.dumps(learned.to_plain())))
    assert len(again) == len(learned)
    for path in more:
        assert again.endpoint_of("GET", path) == learned.endpoint_of("GET", path)
    assert again.aliases() == learned.aliases()
    assert again.to_plain() == learned.to_plain()


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4)
    ),
)
rows = st.lists(
    st.lists(st.sampled_from([-1, 0, 1, 2, 31, 2**60, "GET", "a", "{int}", "a/b", "\n", None, 1.5, True]), min_size=3, max_size=5)
    | plain,
    max_size=5,
)  # fmt: skip


@pytest.mark.slow
@given(plain | rows.map(lambda each: {"format": 1, "nodes": each}))
def test_any_document_can_be_read(document: Any) -> None:
    """Garbage is an empty start, never an exception, and what is read still obeys the laws."""
    learned = LearnedTemplates.from_plain(document)
    assert SHOWN.fullmatch(learned.endpoint_of("GET", "/a/42"))
    assert all(SHOWN.fullmatch(endpoint) for endpoint in learned.endpoints())


@pytest.mark.parametrize(
    "row",
    [
        [0, "password=x", 1, 30],
        [0, "4111-1111-1111-1111", 1, 30],
        [0, "a b", 1, 30],
        [0, "x" * 41, 1, 30],
        [1, "a", 1, 30],
        [0, "a", -1, 30],
    ],
)
def test_a_kept_word_that_may_not_be_shown_is_an_empty_start(row: list[Any]) -> None:
    """A file of another release does not bring in what this one hides."""
    kept = [[-1, "GET", 0, 30], [0, "fine", 1, 30]]
    assert len(LearnedTemplates.from_plain({"format": 1, "nodes": kept})) == 1
    assert len(LearnedTemplates.from_plain({"format": 1, "nodes": [kept[0], row]})) == 0


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 6])
def test_endpoints_are_the_routes_of_an_api(seed: int) -> None:
    """40,000 requests to 174 routes: endpoints hardly ever mix routes, and hardly ever split one."""
    learned = LearnedTemplates()
    requests = list(Traffic(seed).requests(40_000))
    assert len({route for route, _, _ in requests}) >= 170
    named = [learned.endpoint_of(method, path) for _, method, path in requests]
    now = resolved(named, learned.aliases())
    routes = (route for route, _, _ in requests)
    purity, completeness = purity_and_completeness(list(zip(routes, now, strict=True)))
    assert purity >= 0.99
    assert completeness >= 0.95
    assert learned.lost_aliases == learned.overflows == 0


def test_purity_and_completeness_measure_what_they_say() -> None:
    """One endpoint for two routes is impure, two endpoints for one route are incomplete."""
    assert purity_and_completeness([("r", "e"), ("s", "e")]) == (0.5, 1.0)
    assert purity_and_completeness([("r", "e"), ("r", "f")]) == (1.0, 0.5)


def test_the_thirty_first_new_word_makes_a_variable() -> None:
    """Thirty words stay words; the next one folds all, and each leads to the variable."""
    learned = LearnedTemplates()
    names = words(MAX_WORDS)
    given_out = [learned.endpoint_of("GET", f"/users/{word}") for word in names]
    assert given_out == [f"GET /users/{word}" for word in names]
    assert learned.aliases() == []
    assert learned.endpoint_of("GET", "/users/zoe") == "GET /users/{var}"
    assert dict(learned.aliases()) == dict.fromkeys(given_out, "GET /users/{var}")
    assert learned.aliases() == []
    assert learned.endpoint_of("GET", f"/users/{names[0]}") == "GET /users/{var}"


def test_a_closed_set_of_words_does_not_fold() -> None:
    """Sixty methods of a flat API that are asked again and again are sixty endpoints."""
    learned = LearnedTemplates()
    names = words(60)
    for count in range(1, 61):
        for word in names[:count]:
            learned.endpoint_of("POST", f"/rpc/{word}")
    assert {f"POST /rpc/{word}" for word in names} == set(learned.endpoints())


def test_words_that_share_what_is_below_them_are_values() -> None:
    """Forty categories, all known for long, with the same `/products` below each, are a variable."""
    learned = LearnedTemplates()
    names = words(MAX_WORDS + 1)
    for _ in range(5):
        for word in names[:-1]:
            learned.endpoint_of("GET", f"/categories/{word}/products")
    assert learned.endpoint_of("GET", f"/categories/{names[-1]}/products") == (
        "GET /categories/{var}/products"
    )


def test_services_behind_one_gateway_are_no_values() -> None:
    """`/shop/api/...`, `/stock/api/...`: what services have in common is no likeness."""
    learned = LearnedTemplates()
    names = words(MAX_WORDS + 10)
    for count in range(1, len(names) + 1):
        for word in names[:count]:
            learned.endpoint_of("GET", f"/{word}/api/health")
    assert all(endpoint.startswith("GET /w") for endpoint in learned.endpoints())


def test_too_many_words_fold_however_well_known_they_are() -> None:
    """News that a thousand people read on one day and nobody after it are a variable in the end."""
    learned = LearnedTemplates()
    for word in words(HOPELESS + 60):
        for _ in range(10):
            learned.endpoint_of("GET", f"/news/{word}")
    assert set(learned.endpoints()) == {"GET /news/{var}"}


def test_a_busy_word_does_not_hide_a_variable_and_stays() -> None:
    """A route beside the slugs that has most of the traffic is kept; the slugs fold all the same."""
    learned = LearnedTemplates()
    for _ in range(1000):
        learned.endpoint_of("GET", "/products/bestof")
    for word in words(40):
        learned.endpoint_of("GET", f"/products/{word}")
    assert set(learned.endpoints()) == {"GET /products/bestof", "GET /products/{var}"}


def test_words_that_routes_have_are_never_values() -> None:
    """`/users/me` and `/users/search` stay endpoints, before the fold and after it."""
    learned = LearnedTemplates()
    learned.endpoint_of("GET", "/users/me")
    for word in words(40):
        learned.endpoint_of("GET", f"/users/{word}/posts")
    assert learned.endpoint_of("GET", "/users/me") == "GET /users/me"
    assert learned.endpoint_of("GET", "/users/search") == "GET /users/search"
    assert learned.endpoint_of("GET", "/users/v2/x") == "GET /users/v2/x"


def test_a_fold_merges_what_is_below_and_folds_on() -> None:
    """Two slugs of each of 31 users are 62 slugs of one variable: a variable, too."""
    learned = LearnedTemplates()
    for index, user in enumerate(words(MAX_WORDS + 1)):
        for slug in words(2, start=100 + 2 * index):
            learned.endpoint_of("GET", f"/u/{user}/notes/{slug}")
    assert set(learned.endpoints()) == {"GET /u/{var}/notes/{var}"}
    assert {new for _, new in learned.aliases()} == {"GET /u/{var}/notes/{var}"}


def test_chains_of_aliases_collapse() -> None:
    """A name that has changed twice since the aliases were fetched leads to the last one."""
    learned = LearnedTemplates()
    outer = words(63)
    for word in outer[:3]:
        for inner in words(MAX_WORDS + 1):
            learned.endpoint_of("GET", f"/{word}/{inner}")
    for word in outer[3:]:
        learned.endpoint_of("GET", f"/{word}/x")
    aliases = learned.aliases()
    assert ("GET /wa/wb", "GET /{var}/{var}") in aliases
    assert ("GET /wa/{var}", "GET /{var}/{var}") in aliases
    assert ("GET /wd/x", "GET /{var}/{var}") in aliases
    assert {new for _, new in aliases} == {"GET /{var}/{var}"}


def test_methods_learn_apart() -> None:
    """`POST /users/wa` is no user because `GET /users/...` are."""
    learned = folded()
    assert learned.endpoint_of("POST", "/users/wa") == "POST /users/wa"


def test_aliases_that_nobody_fetches_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest are lost, and counted."""
    monkeypatch.setattr(templates, "MAX_ALIASES", 10)
    learned = folded()
    assert len(learned.aliases()) == 10
    assert learned.lost_aliases == MAX_WORDS - 10


@pytest.mark.slow
def test_a_big_fold_is_short() -> None:
    """31 children with 100 nodes each: 3 ms, here with room for a busy machine (the best of five)."""
    times = []
    for _ in range(5):
        top = Node("GET ").add("top")
        for word in words(MAX_WORDS + 1):
            child = top.add(word)
            for name in words(10):
                middle = child.add(name)
                for key in ("{int}", "edit", "", "log", "tags", "{uuid}", "a", "b", "c"):
                    middle.add(key).hits = 1
        gc.collect()
        gc.disable()
        try:
            started = time.perf_counter()
            done = fold(top, top)
            times.append(time.perf_counter() - started)
        finally:
            gc.enable()
        assert done.grown < -3000
        assert len(done.aliases) == (MAX_WORDS + 1) * 90
    assert min(times) < 0.01


def test_a_full_trie_names_what_is_new_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Known places stay, unknown ones are `{var}` as long as there is room for that, then `/...`."""
    monkeypatch.setattr(templates, "MAX_NODES", 14)
    monkeypatch.setattr(templates, "_RESERVED", 4)
    learned = LearnedTemplates()
    for word in words(10):
        learned.endpoint_of("GET", f"/{word}")
    assert learned.overflows == 0
    assert learned.endpoint_of("GET", "/wa/new") == "GET /wa/{var}"
    assert learned.endpoint_of("GET", "/wb/new") == "GET /wb/{var}"
    assert learned.endpoint_of("GET", "/wb/newer") == "GET /wb/{var}"
    assert learned.endpoint_of("GET", "/new") == "GET /{var}"
    assert learned.endpoint_of("GET", "/wc/x/y/z") == "GET /..."
    assert learned.endpoint_of("GET", "/wa") == "GET /wa"
    assert len(learned) <= 15
    assert learned.overflows >= 5


def test_many_methods_are_one() -> None:
    """Methods that come after the first 31, and what is hardly one, share a trie."""
    learned = LearnedTemplates()
    names = [f"X-{word}".upper() for word in words(40)]
    found = {learned.endpoint_of(name, "/a") for name in names}
    assert len(found) == 32
    assert learned.endpoint_of("{not a method}", "/a") == "{method} /a"
    assert learned.endpoint_of("VERYLONG" * 9, "/a") == "{method} /a"


def test_paths_are_forgotten_when_too_many_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """And are named as before."""
    monkeypatch.setattr(templates, "MAX_REMEMBERED", 5)
    learned = LearnedTemplates()
    for number in range(100):
        assert learned.endpoint_of("GET", f"/items/{number}") == "GET /items/{int}"
        assert len(learned._remembered) <= 5
    learned.endpoint_of("GET", "/" + "a" * templates.MAX_REMEMBERED_PATH)
    assert all(len(path) < 100 for _, path in learned._remembered)


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/users/123/orders/9f1c2e34-0000-4000-8000-000000000001", "/users/{int}/orders/{uuid}"),
        ("/", "/"), ("", "/"), ("*", "*"), ("?a=/b", "/"),
        ("/a/?x=1", "/a/"), ("/a//b/./c/../d", "/a/b/d"), ("/%61/%2e%2e/b", "/b"), ("/a%2Fb", "/a/b"),
        ("/../../etc", "/etc"), ("/...", "/%2E%2E%2E"), ("/a\\b", "/a/b"),
        ("http://user@host:80/a/42?x", "/a/{int}"), ("http://host", "/"), ("a/b", "/a/b"),
        ("/users/%7Bint%7D", "/users/%7Bint%7D"), ("/users/{id}", "/users/%7Bid%7D"),
        ("/a%20b/%0d%0ax", "/a%20b/%0D%0Ax"), ("/caf%C3%A9", "/caf%C3%A9"), ("/caf\xe9", "/caf%E9"),
        ("/%34%32", "/{int}"), ("/a%40b.test", "/{email}"),
        ("/a;jsessionid=ABC123/b;v=1", "/a/b"), ("/x;y", "/x;y"),
        ("/42.json", "/{int}.json"), ("/main.3f2a9c1d.js", "/main.{hex}.js"), ("/ORD-12345", "/ORD-{int}"),
        ("/reset-token/short/x", "/reset-token/{token}/x"), ("/password/reset/", "/password/{token}/"),
        ("/p%61ssword/x", "/password/{token}"), ("/my-token-77777/x", "/my-token-{int}/{token}"),
        ("/pay/4111-1111-1111-1111", "/pay/{token}"), ("/x/" + "y" * 41, "/x/{token}"),
        ("/" + "/".join("abcdefghijklmnopq"), "/a/b/c/d/e/f/g/h/i/j/k/l/..."),
        ("/" + "/".join("abcdefghijkl"), "/a/b/c/d/e/f/g/h/i/j/k/l"),
        ("/a/" + "b" * 5000, "/a/..."),
    ],
)  # fmt: skip
def test_a_path_is_read_as_a_service_reads_it(target: str, expected: str) -> None:
    """Decoded, resolved and classified; what follows the name of a secret is hidden; shown safely."""
    assert LearnedTemplates().endpoint_of("GET", target) == f"GET {expected}"


def test_a_secret_is_hidden_where_words_are_a_variable() -> None:
    """The name of a secret hides what follows, though the name itself has become `{var}`."""
    learned = folded(below="/items/x")
    assert learned.endpoint_of("GET", "/users/my-password/hunter") == "GET /users/{var}/{token}"


def test_what_looks_drawn_is_of_the_variable() -> None:
    """Where words are values, a token or a hexadecimal number is one of them; other ids are not."""
    learned = folded()
    assert learned.endpoint_of("GET", "/users/01ARZ3NDEKTSV4RRFFQ69G5FAV") == "GET /users/{var}"
    assert learned.endpoint_of("GET", "/users/5f3a9b1c2d") == "GET /users/{var}"
    assert learned.endpoint_of("GET", "/users/42") == "GET /users/{int}"
