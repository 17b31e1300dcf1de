"""Whether the hub may be asked and answers: its client retries for minutes where there is no network.

What fetches there (training/corpora/texts/sources.py, training/text/base.py) asks here first. The recogniser's models
are fetched in a process of their own that can be ended (undertone/words/engines/hub.py).
"""

import os
import socket

HUB_HOST = "huggingface.co"
CONNECT_TIMEOUT_S = 5.0


class HubUnreachableError(OSError):
    """The hub does not answer; the message says so and why."""


def check_hub() -> None:
    """Return where the hub answers, and where `HF_HUB_OFFLINE` says that its cache is all there is.

    Raises:
        HubUnreachableError: no connection within `CONNECT_TIMEOUT_S`.
    """
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in {"1", "ON", "YES", "TRUE"}:  # as the hub's client reads it
        return
    try:
        socket.create_connection((HUB_HOST, 443), timeout=CONNECT_TIMEOUT_S).close()
    except OSError as error:
        raise HubUnreachableError(f"{HUB_HOST} cannot be reached ({error})") from error
