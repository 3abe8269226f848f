"""Which endpoint a request belongs to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowproxy.findings.endpoints import Endpoints, endpoint_of, generalise
from shadowproxy.findings.templates import LearnedTemplates

DOCUMENTED = ["GET /users/{id}", "GET /users/me/{what}", "POST /users"]


def test_a_route_is_asked_first_then_the_document_then_the_traffic() -> None:
    """What the operator wrote beats what a file says, which beats what was learned."""
    endpoints = Endpoints(DOCUMENTED)
    assert endpoints.of("GET", "/users/42?x=1", "/users/{user}") == "GET /users/{user}"
    assert endpoints.of("GET", "/users/42?x=1", None) == "GET /users/{id}"
    assert endpoints.of("PUT", "/users/42?x=1", None) == "PUT /users/{int}"
    assert len(endpoints.learned) == 2


def test_what_diffy_cannot_name_has_a_name() -> None:
    """The peers' case: Diffy says `Undefined_endpoint`, opendiffy has one endpoint for each order."""
    path = "/users/123/orders/9f1c2e34-0000-4000-8000-000000000001"
    ideal = "GET /users/{int}/orders/{uuid}"
    assert Endpoints().of("GET", path, None) == ideal
    assert endpoint_of("GET", path, None) == ideal


def test_learning_is_the_given_memory() -> None:
    """What was kept of an earlier process is learned on."""
    kept = LearnedTemplates()
    for word in "abcdefghijklmnopqrstuvwxyzABCDE":
        kept.endpoint_of("GET", f"/users/{word}")
    endpoints = Endpoints(learned=LearnedTemplates.from_plain(kept.to_plain()))
    assert endpoints.of("GET", "/users/zoe", None) == "GET /users/{var}"


@given(st.text(max_size=30), st.text(max_size=60), st.none() | st.just("/r/{id}"))
def test_any_method_is_shown_safely(method: str, target: str, template: str | None) -> None:
    """Methods are of the user's making, too: letters, and not many of them."""
    endpoint = Endpoints(DOCUMENTED).of(method, f"/{target}", template)
    shown, _, path = endpoint.partition(" ")
    assert shown == "{method}" or (shown == method and len(shown) <= 17)
    assert path.startswith("/")
    assert Endpoints(DOCUMENTED).of(method, f"/{target}", template) == endpoint


def test_methods_of_routes_are_not_remembered_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """A memory that is full begins anew."""
    monkeypatch.setattr("shadowproxy.findings.endpoints._MAX_REMEMBERED", 3)
    endpoints = Endpoints()
    for letter in "ABCDEFG":
        assert endpoints.of(letter, "/x", "/x") == f"{letter} /x"
        assert endpoints.of(letter + "!", "/x", "/x") == "{method} /x"
        assert len(endpoints._routed) <= 3


paths = st.lists(
    st.sampled_from(["users", "42", "my-password", "a@b.test", "me", "", "x" * 50]), max_size=14
).map(lambda parts: "/" + "/".join(parts))


@pytest.mark.slow
@given(paths)
def test_without_memory_and_without_a_fold_the_names_are_the_same(path: str) -> None:
    """`generalise` is what a new memory says."""
    assert LearnedTemplates().endpoint_of("GET", path) == f"GET {generalise(path)}"


def test_the_asterisk_form_is_an_endpoint() -> None:
    """`OPTIONS *` is about the server, not about a path."""
    assert endpoint_of("OPTIONS", "*", None) == "OPTIONS *"
