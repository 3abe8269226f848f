"""The web application: route table, rules of admission, problem documents, security fields."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Final

from aiohttp import web

from shadowproxy.control.admission import Caller, admit
from shadowproxy.control.answers import SECURITY_FIELDS, Refused, document, problem
from shadowproxy.control.faults import Fault, guarded
from shadowproxy.control.handlers import peer_of
from shadowproxy.control.openapi import describe
from shadowproxy.control.routes import ROUTES, Route
from shadowproxy.control.state import STATE, State

MAX_BODY_BYTES: Final = 64 << 10

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def make_application(state: State) -> web.Application:
    """The application over one state."""
    app = web.Application(middlewares=[_answer], client_max_size=MAX_BODY_BYTES)
    app[STATE] = state
    app.on_response_prepare.append(_secure)
    for route in all_routes():
        app.router.add_route(route.method, route.path, _admitted(route))
        if route.method == "GET":
            app.router.add_route("HEAD", route.path, _admitted(route))
    return app


def all_routes() -> tuple[Route, ...]:
    """The table, and the document that describes it."""

    async def get_openapi(request: web.Request) -> web.Response:
        """This document."""
        return document(description)

    routes = (*ROUTES, Route("GET", "/api/v1/openapi.json", get_openapi))
    description = describe(routes)
    return routes


def _admitted(route: Route) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        state = request.app[STATE]
        admit(caller_of(request), route.access, state.process.settings.admin)
        return await route.handler(request)

    return handle


def caller_of(request: web.Request) -> Caller:
    """The facts that admission is decided on."""
    fields = request.headers
    return Caller(
        peer_of(request),
        fields.get("Host", ""),
        fields.get("Origin", ""),
        fields.get("Sec-Fetch-Site", ""),
        fields.get("Authorization", ""),
    )


@web.middleware
async def _answer(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every refusal and every bug becomes a problem document."""
    answer = await guarded(_try(request, handler), f"{request.method} {request.path}")
    if isinstance(answer, Fault):
        detail = "a bug of ours; the log has its traceback"
        return problem(HTTPStatus.INTERNAL_SERVER_ERROR, detail)
    return answer


async def _try(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except Refused as refused:
        return problem(refused.status, refused.detail, refused.headers)
    except web.HTTPException as raised:
        kept = {name: raised.headers[name] for name in ("Allow",) if name in raised.headers}
        return problem(HTTPStatus(raised.status), raised.reason, kept)
    except ConnectionError:
        return problem(HTTPStatus.BAD_REQUEST, "the request broke off")


async def _secure(request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(SECURITY_FIELDS)
