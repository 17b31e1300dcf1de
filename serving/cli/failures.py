"""Where a command ends: whatever stops it becomes one line on standard error and an exit code, never a traceback."""

import errno
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from io import TextIOWrapper

from serving.cli.options.parser import STOPPED
from serving.cli.views.names import printable

WELL, FAILED = 0, 1
_EXTRAS = {
    **dict.fromkeys(("av", "faster_whisper", "fastapi", "jwt", "litserve", "pydantic_settings"), "serve"),
    **dict.fromkeys(("prometheus_client", "psutil", "python_multipart", "starlette", "uvicorn", "websockets"), "serve"),
    "opentelemetry": "otel",
    "pocketsphinx": "pocketsphinx",
    "soundcard": "mic",
}


def complain(command: str, message: str) -> None:
    """Tell on standard error in one line, after what was shown before."""
    sys.stdout.flush()
    sys.stderr.write(f"{command}: {printable(message)}\n")
    sys.stderr.flush()


def ended(command: str, run: Callable[[], int]) -> int:
    """Return the exit code of `run`, whose complaints begin with `command`.

    130 after Ctrl-C; 1 where the reader of the output went away, a package of an extra is missing, or a file, standard
    input or standard output cannot be used.
    """
    try:
        return _flushed(run)
    except KeyboardInterrupt:
        return _failed(command, "stopped", STOPPED)
    except BrokenPipeError:
        return _failed(command, None)
    except ModuleNotFoundError as missing:
        package = (missing.name or "").partition(".")[0]
        if (extra := _EXTRAS.get(package)) is None:
            raise
        return _failed(command, f"needs {package}, which is not installed: pip install 'undertone[{extra}]'")
    except OSError as error:
        return _failed(command, f"{error.filename or 'standard input or output'}: {_reason(error)}")


def prepare_streams() -> None:
    """Make standard output show what it has no characters for, and see to those streams that the caller closed."""
    _open_missing()
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def _open_missing() -> None:
    """Open those of the three standard streams that the caller closed, as ones that cannot be used.

    Else the next file or socket would get the number of a stream, and what is printed would go into it. Complaints
    that nobody can see are dropped.
    """
    if sys.stdin is None:
        sys.stdin = os.fdopen(_opened(0, os.O_WRONLY), "r", closefd=False)
    if sys.stdout is None:
        sys.stdout = os.fdopen(_opened(1, os.O_RDONLY), "w", closefd=False)
    if sys.stderr is None:
        sys.stderr = os.fdopen(_opened(2, os.O_WRONLY), "w", closefd=False)


def _opened(number: int, flags: int) -> int:
    null = os.open(os.devnull, flags)
    if null != number:
        os.dup2(null, number)
        os.close(null)
    return number


def _flushed(run: Callable[[], int]) -> int:
    try:
        return run()
    finally:  # after --help as well
        sys.stdout.flush()


def _failed(command: str, message: str | None, code: int = FAILED) -> int:
    """Tell the message, if there is one, drop what standard output still holds, and return `code`."""
    with suppress(OSError):
        sys.stdout.flush()
    if isinstance(sys.stdout, TextIOWrapper):  # else Python complains of the rest at exit
        with suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    with suppress(OSError):
        if message:
            complain(command, message)
    return code


def _reason(error: OSError) -> str:
    return "it is closed" if error.errno == errno.EBADF else error.strerror or str(error)
