"""Route paths."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowproxy.config.templates import check_template, covers
from shadowproxy.core.routing import Router
from shadowproxy.core.settings import RouteSettings

_SEGMENTS = st.sampled_from(["a", "b", "*", "{x}", ""])
_TEMPLATES = st.builds(
    lambda segments, rest: "/" + "/".join([*segments, *rest]),
    st.lists(_SEGMENTS.filter(bool), max_size=3),
    st.sampled_from([[], ["**"], [""]]),
)
_PATHS = st.lists(st.sampled_from(["a", "b", "c", ""]), max_size=4).map(lambda p: "/" + "/".join(p))


def _matches(template: str, path: str) -> bool:
    router = Router([RouteSettings("r", 1, template)])
    return router.match(b"GET", path.encode()) is not None


@given(_TEMPLATES, _TEMPLATES, _PATHS)
def test_what_covers_takes_every_path_of_the_other(one: str, other: str, path: str) -> None:
    """So a route that is called unreachable really is."""
    if covers(one, other) and _matches(other, path):
        assert _matches(one, path)


@given(_TEMPLATES)
def test_a_template_covers_itself(template: str) -> None:
    """Two routes with one path are noticed."""
    assert covers(template, template)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("/**", "/a/b", True),
        ("/a/**", "/a", True),
        ("/{x}", "/a", True),
        ("/*", "/{x}", True),
        ("/a", "/*", False),
        ("/{x}", "/a/b", False),
        ("/*", "/**", False),
        ("/*", "/", False),
    ],
)
def test_covering(one: str, other: str, expected: bool) -> None:
    """The wider template covers the narrower, never the other way round."""
    assert covers(one, other) is expected


@pytest.mark.parametrize(
    "path", ["/", "/a", "/a/", "/users/{id}", "/a/*/b", "/**", "/a/{x}/{y}/**", "/a b", "/é", "/a%"]
)
def test_good_templates(path: str) -> None:
    """Are taken, and each matches something."""
    check_template(path)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("", "starts with /"),
        ("a", "starts with /"),
        ("/a?b", "without query"),
        ("/a#b", "without query"),
        ("/%41", "themselves"),
        ("/**/a", "at the end"),
        ("/{x}/{x}", "once"),
        ("/{x}.json", "whole segment"),
        ("/a*", "whole segment"),
        ("/{}", "whole segment"),
        ("/{a b}", "whole segment"),
        ("/a//b", "empty or dot"),
        ("/a/../b", "empty or dot"),
        ("/a\\b", "backslashes"),
        ("/a\n", "control"),
        ("/" + "a" * 2000, "at most"),
    ],
)
def test_templates_that_could_never_match(path: str, message: str) -> None:
    """Are refused instead of being silently without effect."""
    with pytest.raises(ValueError, match=message):
        check_template(path)
