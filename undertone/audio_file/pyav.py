"""Streams that only PyAV decodes: what phones and browsers record (m4a, mp4, webm, amr, aac), and MP3.

PyAV comes with faster-whisper; importing this module loads FFmpeg's libraries, so that it is done late.
"""

from collections.abc import Iterator

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.error import FFmpegError, InvalidDataError
from av.packet import Packet

from undertone.audio_file.containers import mpeg, ogg, webm
from undertone.audio_file.containers.window import Window
from undertone.audio_file.errors import DamagedAudioError, NotAudioError, StreamBrokenError
from undertone.audio_file.sound import Block, Sound, in_blocks

# Demuxers that read one file and nothing else: a playlist in an upload must not make us open what it names.
_DEMUXERS = (
    "aac,ac3,aiff,amr,amrnb,amrwb,ape,asf,au,avi,caf,eac3,flac,flv,gsm,loas,matroska,mov,mp3,mpc,mpc8,mpeg,mpegts,"
    "ogg,tta,w64,wav,wv,xwma"
)
_OPTIONS = {"format_whitelist": _DEMUXERS, "protocol_whitelist": "none"}
_BARE = ("mp3", "aac", "amr", "amrnb", "amrwb")  # frame behind frame, no container
_SMALLEST_TAG_BYTES = 32  # fewer bytes behind the last frame are the beginning of another
_TOLERANCE_S = 0.15  # containers round, encoders pad


class PyavStream:
    """One stream, the best of its container; `claimed_s` only where the container knows its length."""

    is_mended: bool = False

    def __init__(self, window: Window) -> None:
        """Open the stream.

        Raises:
            NotAudioError: FFmpeg does not know it, or there is no sound in it.
            DamagedAudioError: an MP4 without the index that is written at its end.
        """
        self._window = window
        self._container, self._stream = _opened(window)
        self.claimed_s = self._told_s()
        self.reached_s = 0.0  # the end of the last sound, by the clock of the file
        self.is_float = self._stream.codec_context.name.startswith("pcm_f")

    def _told_s(self) -> float | None:
        name, stream = self._container.format.name, self._stream
        if name.startswith("mov") or (name == "mp3" and mpeg.tells_its_length(self._window)):
            return None if stream.duration is None else float(stream.duration * (stream.time_base or 0))
        # Others tell the length of pictures and sound together, or have FFmpeg guess from size and bit rate.
        alone = name.startswith("matroska") and not self._container.streams.video
        return self._container.duration / 1e6 if alone and self._container.duration else None

    def sounds(self) -> Iterator[Sound]:
        """Yield the stream in order; what cannot be decoded in the middle is left out and said in the next sound.

        Raises:
            StreamBrokenError: it ends too early.
        """
        return in_blocks(self._frames())

    def _frames(self) -> Iterator[Sound]:
        fault, heard_s, last = None, 0.0, None
        try:
            for packet in self._container.demux(self._stream):
                last = packet if packet.size else last
                try:
                    frames = packet.decode()
                except InvalidDataError as error:
                    fault = fault or error.strerror
                    continue
                for frame in frames:
                    sound = Sound(frame.sample_rate, block_of(frame), fault if heard_s else None)
                    fault, heard_s = None, heard_s + len(sound.block) / sound.rate_hz
                    start_s = heard_s if frame.time is None else frame.time
                    self.reached_s = max(heard_s, start_s + len(sound.block) / sound.rate_hz)
                    yield sound
        except FFmpegError as error:
            fault = error.strerror
        fault = fault or self._missing(heard_s, last)
        if fault:
            raise StreamBrokenError(fault)

    def _missing(self, heard_s: float, last: Packet | None) -> str | None:
        """Return what is missing behind the `last` packet, if anything is."""
        if self.claimed_s is not None and heard_s < self.claimed_s - _TOLERANCE_S:
            return "the file is shorter than it says"
        name = self._container.format.name
        if name.startswith("matroska"):
            whole = webm.is_whole(self._window)
        else:
            whole = ogg.is_whole(self._window) if name == "ogg" else self._ends_with(last, name)
        return None if whole else "its last piece is not whole"

    def _ends_with(self, last: Packet | None, name: str) -> bool:
        if last is None or last.pos is None or name not in _BARE:
            return True
        expected = mpeg.frame_bytes(bytes(last)[:4]) if name == "mp3" else None
        rest = self._window.size - last.pos - last.size
        return last.size >= (expected or 0) and not 0 < rest < _SMALLEST_TAG_BYTES

    def close(self) -> None:
        """Let go of FFmpeg's memory."""
        self._container.close()


def _opened(window: Window) -> tuple[InputContainer, AudioStream]:
    window.seek(0)
    try:
        container = av.open(window, "r", options=_OPTIONS, metadata_errors="replace")
    except InvalidDataError as error:
        if window.at(4, 4) == b"ftyp":
            raise DamagedAudioError("cut off before the index at its end, without which it cannot be decoded") from None
        raise NotAudioError(error.strerror) from None
    except (FFmpegError, ValueError) as error:
        raise NotAudioError(str(getattr(error, "strerror", error))) from None
    stream = next(iter(container.streams.audio), None)
    if stream is None or stream.codec_context is None:
        container.close()
        raise NotAudioError("there is no sound in it")
    return container, stream


def block_of(frame: AudioFrame) -> Block:
    """Return the samples of `frame`, (frames, channels) in [-1, 1]."""
    values = frame.to_ndarray()
    planes = values.T if frame.format.is_planar else values.reshape(-1, len(frame.layout.channels))
    if planes.dtype.kind == "f":
        return np.ascontiguousarray(planes, dtype=np.float32)
    half = 2.0 ** (8 * planes.dtype.itemsize - 1)
    return ((planes - half * (planes.dtype.kind == "u")) / half).astype(np.float32)
