"""Can these PEM files be used? Tried for real, so that nothing fails at the first handshake."""

from pathlib import Path


def chain_troubles(cert: str, key: str) -> list[tuple[str, str]]:
    """(which: cert or key, why it cannot be used); nothing when the pair loads."""
    import ssl

    troubles = [
        (which, trouble)
        for which, name in (("cert", cert), ("key", key))
        if (trouble := _unreadable(name))
    ]
    if troubles:
        return troubles
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(cert, key, password=_no_password)
    except _EncryptedError:
        return [("key", "the private key is encrypted; expected one without a password")]
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            return [("key", "the private key does not belong to the certificate")]
        return [("cert", f"cannot be loaded with its key ({_reason(error)})")]
    except (OSError, ValueError) as error:
        return [("cert", f"cannot be loaded with its key ({_reason(error)})")]
    return []


def authorities_trouble(ca: str) -> str | None:
    """Why the file of authorities cannot be used, or None."""
    import ssl

    if trouble := _unreadable(ca):
        return trouble
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(ca)
    except (OSError, ValueError) as error:
        return f"holds no certificates in PEM form ({_reason(error)})"
    return None


class _EncryptedError(Exception):
    """OpenSSL asked for a password."""


def _no_password() -> str:
    raise _EncryptedError


def _unreadable(name: str) -> str | None:
    try:
        with Path(name).open("rb") as file:
            file.read(1)
    except (OSError, ValueError) as error:
        return f"cannot read the file: {_reason(error)}"
    return None


def _reason(error: Exception) -> str:
    reason = getattr(error, "reason", None) or getattr(error, "strerror", None)
    return str(reason or "not valid")
