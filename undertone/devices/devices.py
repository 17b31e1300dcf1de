"""Which devices there are to listen to, and which one is meant."""

from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any


class DeviceError(Exception):
    """There is no sound system, no such device, or it cannot be recorded from; the message is one line for a user."""


@dataclass(frozen=True)
class Device:
    """A microphone, or with `is_loopback` what a speaker plays; `is_default` is that of its kind."""

    id: str
    name: str
    is_loopback: bool
    is_default: bool


def all_devices() -> list[Device]:
    """Return what can be listened to, the defaults first.

    Raises:
        DeviceError: there is no sound system.
    """
    system = sound_system()
    defaults = {_default_id(system.default_microphone), _default_id(system.default_speaker)}
    found = [_device(one, defaults) for one in system.all_microphones(include_loopback=True)]
    return sorted(found, key=lambda device: (device.is_loopback, not device.is_default))


def choose(devices: Sequence[Device], name: str | None = None, loopback: bool = False) -> Device:
    """Return the microphone, or the `loopback`, whose name or id is `name` or has it as a part, None: the default.

    Raises:
        DeviceError: there is none, or more than one.
    """
    of_kind = [device for device in devices if device.is_loopback == loopback]
    kind = "loopback" if loopback else "microphone"
    if not of_kind:
        other = "" if loopback or not devices else "; --loopback listens to what this machine plays"
        raise DeviceError(f"there is no {kind}{other}")
    if name is None:
        return of_kind[0]
    meant = _exactly(of_kind, name) or [device for device in of_kind if _is_part(name, device)]
    if len(meant) == 1:
        return meant[0]
    names = ", ".join(repr(device.name) for device in meant or of_kind)
    raise DeviceError(f"{name!r} is {'more than one' if meant else 'no'} {kind}: {names}")


def sound_system() -> ModuleType:
    """Return the module `soundcard`, which looks for the sound system when it is imported.

    Raises:
        DeviceError: there is none.
    """
    try:
        import soundcard
    except ModuleNotFoundError:
        raise
    except (OSError, AssertionError, NotImplementedError, RuntimeError):  # no library, nobody answers, unknown system
        raise DeviceError("there is no sound system here: no PulseAudio or PipeWire answers") from None
    return soundcard


def _device(one: Any, defaults: set[str]) -> Device:
    id, name = str(one.id), str(one.name)
    return Device(id, name, bool(one.isloopback), bool({id, id.removesuffix(".monitor")} & defaults))


def _default_id(ask: Any) -> str:
    try:
        return str(ask().id)
    except Exception:  # each system fails in its own way where there is none
        return ""


def _exactly(devices: Sequence[Device], name: str) -> list[Device]:
    return [device for device in devices if name in (device.id, device.name)]


def _is_part(name: str, device: Device) -> bool:
    return name.lower() in device.name.lower() or name.lower() in device.id.lower()
