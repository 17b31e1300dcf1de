"""Which processors let products of 8 bits overflow."""

import pytest

from undertone.words import processor
from undertone.words.processor import overflows


@pytest.mark.parametrize(
    ("machine", "flags", "expected"),
    [
        ("x86_64", "fma avx avx2", True),
        ("x86_64", "avx2 avx512f avx512_vnni", False),
        ("AMD64", None, True),
        ("aarch64", "asimd asimddp", False),
        ("arm64", None, False),
    ],
)
def test_a_processor_overflows_if_it_is_x86_and_does_not_say_that_it_has_vnni(
    monkeypatch, tmp_path, machine, flags, expected
):
    told = tmp_path / "cpuinfo"
    if flags:
        told.write_text(f"processor : 0\nflags : {flags}\n")
    monkeypatch.setattr(processor, "_TOLD", told)
    monkeypatch.setattr(processor.platform, "machine", lambda: machine)
    assert overflows() is expected
