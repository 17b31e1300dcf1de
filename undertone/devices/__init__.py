"""The sound system of this machine: its microphones, what its speakers play, and either of them as a stream of samples.

Depends on numpy and, when it is first used, on soundcard (extra `mic`), which knows PulseAudio, PipeWire, CoreAudio and
WASAPI. Nothing here knows of sessions or servers.

DeviceError     there is no sound system, no such device, or it cannot be recorded from; the message is for a user
"""

from undertone.devices.devices import Device, DeviceError, all_devices, choose
from undertone.devices.microphone import Microphone

__all__ = ["Device", "DeviceError", "Microphone", "all_devices", "choose"]
