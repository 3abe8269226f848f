"""Braces that YAML would take for its own."""

from hypothesis import given
from hypothesis import strategies as st

from shadowproxy.config.bracing import PRIVATE, protect, restore

_TEXTS = st.text(st.characters(exclude_categories=["Co", "Cs"])) | st.lists(
    st.sampled_from(["${", "}", "/{", "a", ":-", ", ", "[", "]", "{b}", "$", "'", "\n"])
).map("".join)


@given(_TEXTS)
def test_restoring_gives_the_text_back(text: str) -> None:
    """Nothing is lost on the way through the parser, and positions stay."""
    assert restore(protect(text)) == text
    assert len(protect(text)) == len(text)


def test_only_expressions_and_templates_are_protected() -> None:
    """Flow mappings stay YAML's."""
    assert protect("{a: {b: 1}}") == "{a: {b: 1}}"
    assert protect("{a: ${B}}")[0] == "{"
    assert protect("{a: ${B}}")[-1] == "}"
    assert "{" not in protect("/users/{id}")
    assert PRIVATE == "\ue020-\ue07e"
