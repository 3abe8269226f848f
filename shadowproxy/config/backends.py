"""Checks of the backends: they exist, differ, are not ourselves, and their TLS can be used."""

from shadowproxy.config import certificates
from shadowproxy.config.addresses import place, reaches
from shadowproxy.config.examining import Examination


def backends_exist(found: Examination) -> None:
    """Legacy must; without a candidate nothing is copied, which is said."""
    if found.file.legacy is None and found.is_sound("legacy"):
        found.refuse(("legacy", "url"), "is required: whose answers users get (or --legacy URL)")
    if found.file.candidate is None and found.is_sound("candidate"):
        found.warn((), "there is no candidate: requests are served and nothing is copied")


def backends_differ(found: Examination) -> None:
    """Comparing a service with itself finds nothing, and copies would double its load."""
    places = {name: place(backend.url) for name, backend in found.backends()}
    for name, other in (("candidate", "legacy"), ("secondary", "candidate")):
        if name not in places or places.get(other) != places[name]:
            continue
        if found.allow_same:
            found.warn((name, "url"), f"is the same address as {other}")
        else:
            message = f"is the same address as {other} (--allow-same accepts that)"
            found.refuse((name, "url"), message)


def backends_are_not_us(found: Examination) -> None:
    """A backend that is our own address would be a loop."""
    listens = found.file.listen if found.is_sound("listen") else ()
    ours = [("listen", listen) for listen in listens]
    if found.is_sound("admin", "listen"):
        ours.append(("admin.listen", found.file.admin.listen))
    for name, backend in found.backends():
        for key, listen in ours:
            if reaches(backend.url, listen):
                message = f"is our own address ({key}): the proxy would call itself"
                found.refuse((name, "url"), message)
                break


def backend_tls_is_usable(found: Examination) -> None:
    """TLS options have an effect, and the authorities load."""
    for name, backend in found.backends():
        tls = backend.tls
        if tls.model_fields_set and backend.url.scheme != "https":
            found.refuse((name, "tls"), "has no effect: the URL does not start with https://")
        if tls.ca and found.is_sound(name, "tls"):
            found.sources.note(tls.ca)
            if trouble := certificates.authorities_trouble(tls.ca):
                found.refuse((name, "tls", "ca"), trouble)
        if backend.url.scheme == "https" and not tls.verify:
            found.warn((name, "tls", "verify"), "certificates are not checked")
