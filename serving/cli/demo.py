"""`undertone demo`: starts a server, streams the sample clips to it in real time, shows what it hears, and stops it."""

import argparse
import asyncio
import signal
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from types import FrameType

from serving.cli.demo_server import DemoServer, ServerFailedError
from serving.cli.failures import complain
from serving.cli.options.parser import exit_codes
from serving.cli.options.release import add_release
from serving.cli.recordings import Recording
from serving.cli.stream import all_well, stream_recordings
from serving.promoted import SAMPLES, bundled, check_release

_LOG = Path("logs/demo-server.log")
# No long wait where the model is not installed and there is no hub; the demo shows finals only.
_WORDS = ("--asr-hub-wait-s", "5", "--partial-workers", "0")
_NEXT = """
next:
  undertone serve                    the server on port 8000, until Ctrl-C (in a clone: make serve)
  undertone stream your.wav          a recording of your own, beside it
  undertone text "what a day"        what the words alone say"""
_SUFFIXES = (".flac", ".wav", ".ogg", ".mp3")


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the sub-command."""
    what = "start a server, stream the sample clips to it, stop it"
    codes = exit_codes({0: "every clip was heard", 1: "one was not, or the server failed; its log says why"})
    parser = subparsers.add_parser("demo", help=what, description=f"{what.capitalize()}.", epilog=codes)
    add_release(parser)
    parser.add_argument(
        "--samples",
        type=Path,
        default=bundled(SAMPLES),
        metavar="DIR",
        help="folder of clips (default: %(default)s)",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Return 0 only if every sample was heard and the server came up and went down as it should; 130 after Ctrl-C."""
    samples = _samples(arguments.samples)
    check_release(arguments.release)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        with DemoServer(arguments.release, _LOG, _WORDS) as server:
            say(f"starting the server on port {server.port}; its log is {_LOG}")
            ready_s = server.wait_until_ready(progress=say)
            say(f"ready after {ready_s:.1f} s; streaming {len(samples)} clips in real time\n")
            heard = asyncio.run(_stream(samples, server.ws_url))
            say("\nstopping the server")
            server.stop()
    except ServerFailedError as error:
        sys.stderr.write(f"undertone demo: {error}\n")  # with the end of the log below
        return 1
    say(f"done: every clip was heard\n{_NEXT}" if heard else "not everything went well: see above")
    return 0 if heard else 1


def say(line: str) -> None:
    """Print one line now."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _samples(folder: Path) -> list[Path]:
    samples = sorted(path for path in folder.glob("*") if path.suffix in _SUFFIXES)
    if not samples:
        raise SystemExit(f"undertone demo: no audio files in {folder}; get them with `dvc pull --allow-missing`")
    return samples


async def _stream(samples: Sequence[Path], url: str) -> bool:
    from serving.cli.views.live_table import LiveTable
    from serving.cli.views.said_and_heard import SaidAndHeard
    from undertone.client.stream import stream

    view = SaidAndHeard(LiveTable(sys.stdout))
    summaries = await stream_recordings([Recording(sample) for sample in samples], view, partial(stream, url=url))
    for line in ("", *view.lines(samples)):
        say(line)
    for summary in summaries:
        if summary.ok and not summary.final_ms:
            complain("undertone demo", f"no speech was heard in {summary.file}")
    return all_well(summaries, len(samples)) and all(summary.final_ms for summary in summaries)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
