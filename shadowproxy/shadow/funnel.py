"""The one funnel of this process: our bug costs what was asked, is counted and is logged.

Law: no exception of ours reaches a connection or the event loop; what was asked ends all the same.
"""

from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar


class Owner(Protocol):
    """Whoever has something under way."""

    is_closed: bool

    def fault(self, asked: Any) -> None:
        """Ends what was asked, counts and tells; called while the exception is handled."""


_Owner = TypeVar("_Owner", bound=Owner)
_Asked = TypeVar("_Asked")
_Rest = ParamSpec("_Rest")


def funnelled(
    step: Callable[Concatenate[_Owner, _Asked, _Rest], None],
) -> Callable[Concatenate[_Owner, _Asked, _Rest], None]:
    """A step of an owner with something it asked; nothing happens once the owner is closed."""

    def guarded(owner: _Owner, asked: _Asked, /, *rest: _Rest.args, **named: _Rest.kwargs) -> None:
        try:
            if not owner.is_closed:
                step(owner, asked, *rest, **named)
        except Exception:  # noqa: BLE001 - the funnel
            owner.fault(asked)

    return guarded
