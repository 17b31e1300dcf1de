"""What `undertone stream` takes: where the server is, how audio is sent to it, and the settings of the sessions."""

import argparse
import math
import os
from typing import Any

DEFAULT_WAIT_S = 60.0
_MAX_CHUNK_MS = 32_000  # under the 1 MiB of one frame


def add_server(parser: argparse.ArgumentParser) -> None:
    """Add the server's address and what it is shown."""
    add_url(parser)
    add_key(parser)


def add_sending(parser: argparse.ArgumentParser) -> None:
    """Add pace and patience."""
    parser.add_argument("--speed", type=speed, default=1.0, metavar="X", help="times real time, or max (default: 1)")
    length_help = "length of a frame (default: %(default)s)"
    parser.add_argument("--chunk-ms", type=chunk_ms, default=32, metavar="MS", help=length_help)
    wait_help = (
        "where the server has no room, try again when it says so, for S seconds at most for each recording "
        f"(default: do not wait; --wait alone, behind the recordings: {DEFAULT_WAIT_S:g})"
    )
    parser.add_argument(
        "--wait", type=wait_s, nargs="?", default=0.0, const=DEFAULT_WAIT_S, metavar="S", help=wait_help
    )


def add_url(parser: "argparse._ActionsContainer") -> None:
    """Add the server's address."""
    default = "ws://127.0.0.1:8000/ws/analyze"
    parser.add_argument("--url", type=url, default=default, help="the server (default: %(default)s)")


def add_key(parser: argparse.ArgumentParser) -> None:
    """Add what the server is shown."""
    key_help = "a key of the server, or a token that it takes; better as UNDERTONE_API_KEY, which nobody else sees"
    parser.add_argument("--api-key", default=os.environ.get("UNDERTONE_API_KEY"), metavar="KEY", help=key_help)


def add_session(parser: argparse.ArgumentParser) -> None:
    """Add the settings that a session may ask for."""
    session = parser.add_argument_group("settings of the sessions (default: the server's)")
    session.add_argument("--endpoint-silence-ms", type=int, metavar="MS", help="silence that ends an utterance")
    endpoint_help = "let the words say when an utterance is over"
    session.add_argument("--endpoint", choices=("fixed", "adaptive"), help=endpoint_help)
    session.add_argument("--max-utterance-ms", type=int, metavar="MS", help="longest utterance")
    session.add_argument("--mood-interval-ms", type=int, metavar="MS", help="time between two moods")
    session.add_argument("--partials", action=argparse.BooleanOptionalAction, help="send words while they are spoken")
    session.add_argument("--alpha", type=alpha, metavar="A", help="weight of the words, 0 to 1, or adaptive")
    session.add_argument("--language", metavar="CODE", help="spoken language, such as en")
    baseline_help = "judge the voice against how it sounded so far in the session"
    session.add_argument("--baseline", choices=("none", "adaptive"), help=baseline_help)
    times_help = "finals with the times of each word"
    session.add_argument("--word-times", action=argparse.BooleanOptionalAction, help=times_help)
    prosody_help = "finals with pitch, energy and rate of speech"
    session.add_argument("--prosody", action=argparse.BooleanOptionalAction, help=prosody_help)
    session.add_argument("--redact-text", action=argparse.BooleanOptionalAction, help="finals without the words")
    record_help = "consent that the operator keeps the audio and the events"
    session.add_argument("--record", action=argparse.BooleanOptionalAction, help=record_help)
    session.add_argument("--speaker", metavar="NAME", help="a pseudonym to find a recorded session by")


def url(text: str) -> str:
    """Read --url."""
    from undertone.client.address import InvalidUrlError, check_url

    try:
        return check_url(text)
    except InvalidUrlError as refused:
        raise argparse.ArgumentTypeError(str(refused)) from None


def speed(text: str) -> float:
    """Read --speed: a number above 0, or max."""
    value = math.inf if text == "max" else _number(text)
    if not value > 0:
        raise argparse.ArgumentTypeError(f"{text}: must be max or a number above 0")
    return value


def chunk_ms(text: str) -> int:
    """Read --chunk-ms."""
    if not 1 <= int(text) <= _MAX_CHUNK_MS:
        raise argparse.ArgumentTypeError(f"{text}: must lie between 1 and {_MAX_CHUNK_MS}")
    return int(text)


def wait_s(text: str) -> float:
    """Read --wait: seconds, 0 or more."""
    value = _number(text)
    if not 0 <= value < math.inf:
        raise argparse.ArgumentTypeError(
            f"{text}: must be a number of seconds; --wait alone goes behind the recordings"
        )
    return value


def seconds(text: str) -> float:
    """Read --seconds: a number above 0."""
    value = _number(text)
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"{text}: must be a number of seconds above 0")
    return value


def alpha(text: str) -> float | str:
    """Read --alpha: a number, or adaptive."""
    return text if text == "adaptive" else float(text)


def chosen_settings(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return what the command line says for `session.update`; ends with exit code 2 for what every server refuses."""
    from undertone.stream.settings import OF_SOCKETS, SessionSettings, SettingError

    given = {name: getattr(arguments, name) for name in SessionSettings.model_fields if name not in OF_SOCKETS}
    chosen = {name: value for name, value in given.items() if value is not None}
    try:
        SessionSettings().updated(chosen)
    except SettingError as refused:
        arguments.parser.error(str(refused))
    return chosen


def _number(text: str) -> float:
    """Return the number in `text`, "not a number" where there is none: no comparison holds for it."""
    try:
        return float(text)
    except ValueError:
        return math.nan
