"""What people decide by the API: states of findings, rules tried and saved."""

import asyncio
from http import HTTPStatus
from typing import Any

from aiohttp import web

from shadowproxy.control import documents
from shadowproxy.control.answers import Refused, document
from shadowproxy.control.dialling import now_utc
from shadowproxy.control.handlers import actor_of, body_of, id_of
from shadowproxy.control.queries import storable
from shadowproxy.control.simulation import BadRuleError, Wish, read_wish, try_rule
from shadowproxy.control.state import STATE, State
from shadowproxy.report.deciding import (
    MAX_NOTE,
    MAX_RULES,
    STATES,
    Actor,
    decide,
    delete_rule,
    save_rule,
    saved_rules,
)


async def post_group(request: web.Request) -> web.Response:
    """Marks a finding as open, expected or fixed, with a note."""
    state, group_id = request.app[STATE], id_of(request)
    asked = await body_of(request)
    if not isinstance(asked, dict) or asked.get("state") not in STATES:
        raise Refused(HTTPStatus.BAD_REQUEST, "state: expected open, expected or fixed")
    if unknown := sorted(set(asked) - {"state", "note"}):
        detail = f"unknown members: {', '.join(map(str, unknown))[:200]}"
        raise Refused(HTTPStatus.BAD_REQUEST, detail)
    said = _text(asked, "note")
    if not await state.store.write(decide, group_id, asked["state"], said, _actor(request)):
        raise Refused(HTTPStatus.NOT_FOUND, "no such finding")
    return document(await documents.group(state, group_id))


async def post_simulation(request: web.Request) -> web.Response:
    """Says what a rule would hide of what is stored, and what of that is more than noise."""
    state = request.app[STATE]
    wish = await _wish(request)
    return document(await _tried(state, wish))


async def post_rule(request: web.Request) -> web.Response:
    """Saves a rule and puts it in force; the findings that it hides wholly are expected from now on."""
    state = request.app[STATE]
    wish, asked = await _wish(request), await body_of(request)
    reason = _text(asked, "reason")
    if len(await state.store.read(saved_rules)) >= MAX_RULES:
        detail = f"{MAX_RULES} rules are saved: move some into the configuration file"
        raise Refused(HTTPStatus.CONFLICT, detail)
    tried = await _tried(state, wish)
    rule_id = await state.store.write(
        save_rule, wish.rule, wish.endpoint, reason, tried["groups"], _actor(request)
    )
    in_force = await state.saved.follow()  # if it is not yet, the next poll tries again
    answer = {"id": rule_id, "rule": wish.rule, "endpoint": wish.endpoint, "reason": reason}
    said = {**answer, "groups": tried["groups"], "in_force": in_force}
    return document(said, HTTPStatus.CREATED)


async def delete_saved_rule(request: web.Request) -> web.Response:
    """Takes a saved rule back; the findings that it explained are open again."""
    state, rule_id = request.app[STATE], id_of(request)
    if not await state.store.write(delete_rule, rule_id, _actor(request)):
        detail = "no such saved rule; those of the configuration file are changed there"
        raise Refused(HTTPStatus.NOT_FOUND, detail)
    in_force = not await state.saved.follow()
    return document({"id": rule_id, "deleted": True, "in_force": in_force})


async def _wish(request: web.Request) -> Wish:
    asked = await body_of(request)
    try:
        return await asyncio.to_thread(read_wish, asked)
    except BadRuleError as error:
        raise Refused(HTTPStatus.BAD_REQUEST, str(error)) from None


async def _tried(state: State, wish: Wish) -> dict[str, Any]:
    async with state.simulating:
        return await state.store.read(try_rule, wish, state.process.settings, now_utc().date())


def _actor(request: web.Request) -> Actor:
    return Actor(actor_of(request), now_utc())


def _text(asked: dict[str, Any], name: str) -> str:
    text = asked.get(name) or ""
    if not isinstance(text, str) or len(text) > MAX_NOTE:
        detail = f"{name}: expected a text of at most {MAX_NOTE:,} characters"
        raise Refused(HTTPStatus.BAD_REQUEST, detail)
    return storable(text)
