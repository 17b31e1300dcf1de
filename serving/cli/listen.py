"""`undertone listen`: sends what a microphone hears, or what a speaker plays, to a server and shows what comes back."""

import argparse
import asyncio
import signal
import sys
from collections.abc import Iterator
from contextlib import aclosing, contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from serving.cli.failures import FAILED, WELL, complain
from serving.cli.options.parser import USAGE, exit_codes
from serving.cli.options.session import add_server, add_session, chosen_settings, seconds
from serving.cli.options.shown import add_shown, chosen_view

if TYPE_CHECKING:  # the command line starts without loading the audio and network libraries
    from serving.cli.views.view import View
    from undertone.devices import Device, Microphone

CHUNK_MS = 32
_CODES = {
    WELL: "the session was closed in order, after Ctrl-C or --seconds",
    FAILED: "no server answers, or the connection or the device was lost; standard error says what",
    USAGE: "wrong arguments, or there is no sound system or no such device",
}
_complain = partial(complain, "undertone listen")


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the sub-command."""
    parser = subparsers.add_parser(
        "listen",
        help="listen to a microphone, or to what this machine plays, and show what a server hears",
        description="Sends a microphone to a server, live, and shows its events as `undertone stream` does. Ctrl-C "
        "ends it: what was heard is answered first; a second Ctrl-C does not wait.",
        epilog=exit_codes(_CODES),
    )
    parser.add_argument("--device", metavar="NAME", help="its name or id, or a part of it (default: the system's)")
    parser.add_argument("--loopback", action="store_true", help="what a speaker plays in place of a microphone")
    parser.add_argument("--list-devices", action="store_true", help="print what there is to listen to, and end")
    parser.add_argument("--seconds", type=seconds, metavar="S", help="end by itself after so long (default: Ctrl-C)")
    add_server(parser)
    add_shown(parser)
    add_session(parser)
    parser.set_defaults(run=run, parser=parser)


def run(arguments: argparse.Namespace) -> int:
    """Listen until Ctrl-C; return 0 only if the session was closed in order."""
    from undertone.devices import DeviceError, all_devices, choose

    try:
        devices = all_devices()
        if arguments.list_devices:
            sys.stdout.writelines(map(_line, devices))
            return WELL
        device = choose(devices, arguments.device, arguments.loopback)
        settings = chosen_settings(arguments)
    except DeviceError as missing:
        _complain(str(missing))
        return USAGE
    return asyncio.run(_listen(device, chosen_view(arguments), arguments, settings))


def _line(device: "Device") -> str:
    kind, mark = ("loopback" if device.is_loopback else "microphone"), ("*" if device.is_default else " ")
    return f"{mark} {kind:<10}  {device.name}\n"


async def _listen(device: "Device", view: "View", arguments: argparse.Namespace, settings: dict[str, Any]) -> int:
    from undertone.audio import SAMPLES_PER_MS
    from undertone.client.connection import StreamError
    from undertone.devices import DeviceError, Microphone

    try:
        async with Microphone(device, CHUNK_MS * SAMPLES_PER_MS) as microphone:
            with _ending(microphone, arguments.seconds):
                return await _show(microphone, device.name, view, arguments, settings)
    except (DeviceError, StreamError) as failed:
        _complain(str(failed))
        return FAILED


async def _show(
    microphone: "Microphone", name: str, view: "View", arguments: argparse.Namespace, settings: dict[str, Any]
) -> int:
    from undertone.client.connection import explain
    from undertone.client.stream import stream
    from undertone.client.summary import Summary
    from undertone.client.timing import MAX_SPEED, Pace

    summary, pace = Summary(name), Pace(CHUNK_MS, MAX_SPEED)
    server = {"url": arguments.url, "api_key": arguments.api_key}
    async with aclosing(stream(microphone, **server, pace=pace, settings=settings)) as events:
        async for event in events:
            if event.type == "session.created":
                view.begin(name)
            summary.add(event)
            view.event(name, event)
            if event.type == "error" and not event.message.get("fatal"):
                _complain(explain(event.message))
    summary.audio_samples = microphone.samples
    view.end(summary)
    return WELL if summary.ok else FAILED


@contextmanager
def _ending(microphone: "Microphone", seconds: float | None) -> Iterator[None]:
    """Inside, the first Ctrl-C stops `microphone`, and so does the end of `seconds`; a second Ctrl-C does not wait."""
    loop = asyncio.get_running_loop()

    def stop() -> None:
        loop.remove_signal_handler(signal.SIGINT)
        microphone.stop()

    with suppress(NotImplementedError):  # Windows: the first one does not wait either
        loop.add_signal_handler(signal.SIGINT, stop)
    if seconds:
        loop.call_later(seconds, microphone.stop)
    yield
