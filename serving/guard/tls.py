"""The certificate that the server shows."""

import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from serving.guard.policy import PolicyError


@dataclass(frozen=True)
class Tls:
    """A certificate, its key where that is in a file of its own, and what opens the key."""

    certfile: Path
    keyfile: Path | None = None
    password: str | None = field(default=None, repr=False)

    def check(self) -> None:
        """Raise `PolicyError` where a server could not start with it."""
        try:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.certfile, self.keyfile, lambda: self.password or "")
        except OSError as error:  # ssl.SSLError is one
            reason = error.strerror if error.filename or not isinstance(error, ssl.SSLError) else str(error)
            raise PolicyError(f"--ssl-certfile {self.certfile} and its key cannot be used: {reason}") from None

    def options(self) -> dict[str, Any]:
        """Return what uvicorn takes."""
        keyfile = str(self.keyfile) if self.keyfile else None
        return {"ssl_certfile": str(self.certfile), "ssl_keyfile": keyfile, "ssl_keyfile_password": self.password}
