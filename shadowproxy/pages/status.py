"""The page of the status: processes, the store, the sums, the configuration."""

from typing import Any, Final

from shadowproxy.pages.documents import Document, count, member, members, text, values
from shadowproxy.pages.figures import words
from shadowproxy.pages.overview import store_trouble
from shadowproxy.pages.rendering import render

_STORE: Final = {"ok": "is written", "off": "is off", "lost": "is lost", "full": "is full",
                 "locked": "is locked", "refused": "refuses what is written",
                 "starting": "is being opened", "": "is not reported"}  # fmt: skip


def status(document: Document) -> str:
    """The page at `/status`."""
    store, config = member(document, "store"), member(document, "config")
    return render(
        "status.html",
        standing=_standing(document),
        status=document,
        exchanges=member(document, "exchanges"),
        in_flight=list(member(document, "in_flight_at").items()),
        reasons=_reasons(member(document, "reasons")),
        shadow=member(document, "shadow"),
        processes=members(document, "processes"),
        store=store,
        store_word=_STORE.get(text(store, "state"), words(text(store, "state"))),
        trouble=store_trouble(document),
        config=config,
        last_reload=member(config, "last_reload"),
        restart_needed=[str(each) for each in values(config, "restart_needed")],
        versions=list(member(document, "versions").items()),
    )


def _standing(document: Document) -> tuple[str, str, str]:
    """Tone, heading, sentence."""
    if document.get("draining") is True:
        return "wait", "The proxy is draining", "It finishes what it has and takes nothing new."
    if document.get("ready") is not True:
        return "bad", "The proxy is not ready", "No edge serves: users are not answered."
    down = [
        text(each, "name") for each in members(document, "processes") if each.get("up") is False
    ]
    if down:
        said = f"Down: {', '.join(down)}. Users are answered as long as one edge serves."
        return "wait", "The proxy is ready, a process is down", said
    return "good", "The proxy is ready", "All processes are up; users are answered."


def _reasons(by_state: Document) -> list[tuple[str, str, Any]]:
    return [
        (state, reason, count(by_state, state, reason))
        for state in by_state
        if state != "recorded"
        for reason in member(by_state, state)
        if count(by_state, state, reason)
    ]
