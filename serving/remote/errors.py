"""Why a recording is not fetched.

RemoteError   with the HTTP status, the code for programs and the message that its client gets
"""


class RemoteError(Exception):
    """A recording is not fetched; nothing in it tells what the network of the server looks like."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


def not_allowed(message: str) -> RemoteError:
    """Return the error of an address that the operator does not allow."""
    return RemoteError(403, "url_not_allowed", message)


def not_there(message: str) -> RemoteError:
    """Return the error of storage that does not give the recording, now or later."""
    return RemoteError(422, "url_not_fetched", message)


def unreachable() -> RemoteError:
    """Return the error of storage that cannot be reached."""
    return RemoteError(502, "url_not_fetched", "the storage cannot be reached, or broke off")


def too_slow() -> RemoteError:
    """Return the error of storage that takes too long."""
    return RemoteError(504, "url_not_fetched", "the storage answers too slowly")
