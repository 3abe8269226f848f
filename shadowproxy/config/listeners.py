"""Checks of our own addresses: apart from each other, guarded, with a certificate that loads."""

from shadowproxy.config import certificates
from shadowproxy.config.addresses import is_loopback, overlaps, print_listen
from shadowproxy.config.examining import Examination
from shadowproxy.config.nodes import find, key_text
from shadowproxy.core.settings import ListenSettings


def users_tls_is_usable(found: Examination) -> None:
    """Certificate and key load, and belong together."""
    tls = found.file.tls
    if tls is None or not found.is_sound("tls"):
        return
    found.sources.note(tls.cert)
    found.sources.note(tls.key)
    for key, trouble in certificates.chain_troubles(tls.cert, tls.key):
        found.refuse(("tls", key), trouble)


def listeners_are_apart(found: Examination) -> None:
    """No two of our own addresses clash."""
    if not found.is_sound("listen"):
        return
    listens = found.file.listen
    for index, listen in enumerate(listens):
        for earlier in listens[:index]:
            if overlaps(listen, earlier):
                message = f"clashes with {_shown(earlier)}"
                found.refuse(("listen", index), message)
    if not found.is_sound("admin", "listen"):
        return
    admin = found.file.admin.listen
    for index, listen in enumerate(listens):
        if not overlaps(admin, listen):
            continue
        if find(found.tree, "admin", "listen") is not None:
            found.refuse(("admin", "listen"), f"clashes with listen ({_shown(listen)})")
        else:
            found.refuse(("listen", index), f"clashes with admin.listen ({_shown(admin)})")


def _shown(listen: ListenSettings) -> str:
    return key_text((print_listen(listen),))


def admin_is_guarded(found: Examination) -> None:
    """Whoever others can reach needs a token."""
    admin = found.file.admin
    if found.is_sound("admin") and not admin.token and not is_loopback(admin.listen):
        message = "needs admin.token: others than this machine can reach it"
        found.refuse(("admin", "listen"), message)
