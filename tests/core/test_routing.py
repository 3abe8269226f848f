"""Routes: the first that matches wins, and no spelling of a path slips past one."""

import pytest

from shadowproxy.core.routing import Router, normal_path
from shadowproxy.core.settings import RouteSettings

ROUTES = (
    RouteSettings("search", 1, "/search", methods=("GET",)),
    RouteSettings("user", 2, "/users/{id}"),
    RouteSettings("file", 3, "/files/*/raw"),
    RouteSettings("pay", 4, "/payments/**", shadow=False),
    RouteSettings("late", 5, "/users/{name}"),
)


@pytest.mark.parametrize(
    ("method", "target", "name"),
    [
        (b"GET", b"/search", "search"),
        (b"GET", b"/search?q=a/b", "search"),
        (b"POST", b"/search", None),
        (b"GET", b"/users/7", "user"),
        (b"GET", b"/users/7/", None),
        (b"GET", b"/users/", None),
        (b"GET", b"/users/7/orders", None),
        (b"GET", b"/files/a.b/raw", "file"),
        (b"PUT", b"/payments", "pay"),
        (b"PUT", b"/payments/1/2?x", "pay"),
        (b"PUT", b"/paymentsX", None),
        (b"OPTIONS", b"*", None),
    ],
)
def test_the_first_route_that_matches_wins(method: bytes, target: bytes, name: str | None) -> None:
    """Methods and templates select; the query takes no part."""
    router = Router(ROUTES)
    for _ in range(2):  # the second time from memory
        found = router.match(method, target)
        assert (found.name if found else None) == name


@pytest.mark.parametrize(
    "target",
    [b"//payments/1", b"/%70ayments/1", b"/x/../payments/1", b"/./payments/1", b"/payments%2F1"],
)
def test_no_spelling_slips_past_a_route(target: bytes) -> None:
    """A path that a service may read as /payments/1 has that route's policy."""
    found = Router(ROUTES).match(b"POST", target)
    assert found is not None
    assert found.name == "pay"


def test_memory_of_paths_is_bounded() -> None:
    """A client that invents paths does not make the router grow without end."""
    router = Router(ROUTES)
    for number in range(10_000):
        router.match(b"GET", b"/users/%d" % number)
    assert len(router._remembered) <= 4096


@pytest.mark.parametrize(
    ("path", "normal"),
    [(b"/a/b", b"/a/b"), (b"/a//b/", b"/a/b/"), (b"/../../a", b"/a"), (b"/a%2fb", b"/a/b")],
)
def test_normal_path(path: bytes, normal: bytes) -> None:
    """Percent signs, repeated slashes and dot segments are resolved."""
    assert normal_path(path) == normal
