"""Templates made into pages: one environment whose defaults are the safe ones.

Laws: every value is escaped where it enters a page; a name that a template misspells is an error; a
page can be written as UTF-8 and holds no character that hides or turns the text around it.
"""

import re
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

import shadowproxy
from shadowproxy.pages import figures

_UNSEEN: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
)
"""What `findings.escaping` escapes, but for tabs and line ends, which are the page's own."""


def render(template: str, **context: Any) -> str:
    """A page from one of the package's templates."""
    page = _ENVIRONMENT.get_template(template).render(context)
    return _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", page)


def render_part(template: str, **context: Any) -> Markup:
    """A part of a page, for another template to hold."""
    return Markup(render(template, **context))  # noqa: S704 - its values were escaped just now


def _make_environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("shadowproxy.pages", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters.update(
        number=figures.number,
        percent=figures.percent,
        interval=figures.interval,
        duration=figures.duration,
        span=figures.span,
        size=figures.size,
        when=figures.when,
        coded=figures.coded,
        plural=figures.plural,
        segment=figures.segment,
        words=figures.words,
    )
    environment.globals.update(product_version=shadowproxy.__version__)
    return environment


_ENVIRONMENT: Final = _make_environment()
