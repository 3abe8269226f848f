"""How a command ends when what was asked about is not fine."""


class Ending(Exception):  # noqa: N818 - not an error of ours
    """Ends the command with a message for standard error; the message is fit for a terminal."""

    def __init__(self, message: str, code: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
