"""The report as one HTML file to mail: it needs no other file, no network and no script.

Law: nothing in the file loads anything, and a policy in it says so to the reader's browser too.
"""

import base64
import hashlib

from markupsafe import Markup

from shadowproxy.pages.assets import stylesheet
from shadowproxy.pages.documents import Document, members
from shadowproxy.pages.overview import summary
from shadowproxy.pages.rendering import render


def self_contained(report: Document) -> str:
    """The overview and the findings with their details; `report` may carry samples of its groups."""
    style = stylesheet()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return render(
        "mail.html",
        **summary(report),
        findings=list(enumerate(members(report, "groups"), 1)),
        style=Markup(style),  # noqa: S704 - the package's own; escaping would break its selectors
        policy=f"default-src 'none'; style-src 'sha256-{digest}'",
    )
