"""The elements of a WebM or Matroska file (RFC 8794): whether the last of them is there to its last byte."""

from undertone.audio_file.containers.window import Window

_MOST_ELEMENTS = 1 << 21
_OPENED = (0x18538067, 0x1F43B675)  # Segment and Cluster: browsers leave their sizes open, so we look inside


def is_whole(window: Window) -> bool:
    """Whether the file ends where one of its elements does."""
    position = 0
    for _ in range(_MOST_ELEMENTS):
        if position >= window.size:
            return position == window.size
        head = window.at(position, 12)
        id_bytes = 9 - head[0].bit_length()
        if id_bytes > 4 or len(head) <= id_bytes:
            return False
        size_bytes = 9 - head[id_bytes].bit_length()
        end = id_bytes + size_bytes
        if size_bytes > 8 or len(head) < end:
            return False
        size = int.from_bytes(head[id_bytes:end], "big") & ((1 << 7 * size_bytes) - 1)
        opened = int.from_bytes(head[:id_bytes], "big") in _OPENED
        position += end + (0 if opened else size)
    return True
