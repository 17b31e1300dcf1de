"""Why a caller is not let in, or may not stay.

RefusedError     with a code of the protocol: an error frame on a socket, an answer over HTTP
ForbiddenError   the address or the page of the caller: no socket is opened to say so
"""

from undertone.protocol import ErrorCode

RETRY_AFTER_S = 5


class RefusedError(Exception):
    """A caller is not admitted: `code` is for programs, the message for people.

    The close code of `code` ends a socket, `status` answers a request; coming again makes sense after `retry_after_s`
    seconds, None: not with what was shown.
    """

    def __init__(
        self, code: ErrorCode, message: str, status: int = 503, retry_after_s: int | None = RETRY_AFTER_S
    ) -> None:
        super().__init__(message)
        self.code, self.status, self.retry_after_s = code, status, retry_after_s


class ForbiddenError(Exception):
    """Answered with 403, and the handshake of a socket as well; `code` is for programs, the message for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def unauthorized(message: str, retry_after_s: int | None = None) -> RefusedError:
    """Return the refusal of whoever shows no credential that holds."""
    return RefusedError(ErrorCode.UNAUTHORIZED, message, 401, retry_after_s)


def quota_exceeded(message: str, retry_after_s: int) -> RefusedError:
    """Return the refusal of a key that is used up for `retry_after_s` seconds."""
    return RefusedError(ErrorCode.QUOTA_EXCEEDED, message, 429, retry_after_s)
