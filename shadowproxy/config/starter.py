"""The commented file to start from."""

from importlib.resources import files


def starter_text() -> str:
    """What `shadowproxy init` writes; it is a valid configuration as it is."""
    return files("shadowproxy.config").joinpath("starter.yaml").read_text(encoding="utf-8")
