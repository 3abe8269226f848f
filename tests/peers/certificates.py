"""Certificates for loopback, made by openssl for one test run."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.peers.programs import find_program


@dataclass(frozen=True)
class Certificate:
    """PEM files of a certificate that signs itself, and so is its own authority."""

    cert: Path
    key: Path


def make_certificate(folder: Path, name: str) -> Certificate:
    """A certificate for localhost and 127.0.0.1, good for two days."""
    made = Certificate(folder / f"{name}.crt", folder / f"{name}.key")
    subprocess.run(
        [
            *(find_program("openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes"),
            *("-days", "2", "-subj", f"/CN={name}"),
            *("-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"),
            *("-out", str(made.cert), "-keyout", str(made.key)),
        ],
        check=True,
        capture_output=True,
    )
    return made
