"""The web application: route table, rules of admission, problem documents, security fields."""

from collections.abc import Awaitable, Callable, Sequence
from hashlib import blake2b
from http import HTTPStatus
from typing import Final

from aiohttp import web

from shadowproxy.control.admission import Caller, admit
from shadowproxy.control.answers import SECURITY_FIELDS, Field, Refused, document, problem
from shadowproxy.control.faults import Fault, guarded
from shadowproxy.control.handlers import peer_of
from shadowproxy.control.openapi import describe
from shadowproxy.control.routes import ROUTES, Route
from shadowproxy.control.state import STATE, State
from shadowproxy.pages.refusal import refusal

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
        return _refused(request, HTTPStatus.INTERNAL_SERVER_ERROR, detail)
    return _tagged(request, answer)


async def _try(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except Refused as refused:
        return _refused(request, refused.status, refused.detail, refused.headers)
    except web.HTTPException as raised:
        kept = [(name, value) for name, value in raised.headers.items() if name == "Allow"]
        return _refused(request, HTTPStatus(raised.status), raised.reason, kept)
    except ConnectionError:
        return problem(HTTPStatus.BAD_REQUEST, "the request broke off")


def _refused(
    request: web.Request, status: HTTPStatus, detail: str, fields: Sequence[Field] = ()
) -> web.Response:
    """A problem document, or a page for a person who asked for one (RFC 9110 12.5.1)."""
    is_page = not request.path.startswith("/api/") and "text/html" in request.headers.get(
        "Accept", ""
    )
    if not is_page:
        return problem(status, detail, fields)
    return web.Response(
        text=refusal(status, detail),
        status=status,
        headers=fields,
        content_type="text/html",
        charset="utf-8",
    )


async def _secure(request: web.Request, response: web.StreamResponse) -> None:
    kept = response.headers.get("Cache-Control")
    response.headers.update(SECURITY_FIELDS)
    if kept is not None:
        response.headers["Cache-Control"] = kept


def _tagged(request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
    """What was read gets its content's digest; who has it already is told so (RFC 9110 13.1.2)."""
    is_read = request.method in ("GET", "HEAD") and response.status == HTTPStatus.OK
    if (
        not is_read
        or not isinstance(response, web.Response)
        or not request.path.startswith(_TAGGED)
    ):
        return response
    body = response.body
    if "ETag" not in response.headers and isinstance(body, bytes):
        response.headers["ETag"] = f'"{blake2b(body, digest_size=12).hexdigest()}"'
        response.headers["Cache-Control"] = "private, no-cache"
    known = request.headers.get("If-None-Match", "")
    tag = response.headers.get("ETag")
    named = {each.strip().removeprefix("W/") for each in known.split(",")}
    if tag and named & {tag, "*"}:
        fields = {name: response.headers[name] for name in ("ETag", "Cache-Control")}
        return web.Response(status=HTTPStatus.NOT_MODIFIED, headers=fields)
    return response


_TAGGED: Final = ("/api/v1/", "/static/")
