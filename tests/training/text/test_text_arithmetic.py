"""In which numbers the text network is fitted: bfloat16 where the processor multiplies it, and it says so."""

import pytest
import torch

from training.text import arithmetic

pytestmark = pytest.mark.fast


@pytest.mark.parametrize(("tiles", "vectors", "found"), [(1, 0, "tiles"), (0, 1, "vectors"), (0, 0, None)])
def test_bfloat16_is_taken_where_the_processor_has_it_in_tiles_or_in_vectors(
    tiles: int, vectors: int, found: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.precision.has_amx", lambda: bool(tiles))
    monkeypatch.setattr(arithmetic, "has_amx", lambda: bool(tiles))
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: bool(vectors))
    with arithmetic.precise("bfloat16"):
        assert torch.is_autocast_enabled("cpu") == bool(found)
    with arithmetic.precise("float32"):
        assert not torch.is_autocast_enabled("cpu")


def test_a_precision_that_is_neither_is_named() -> None:
    with pytest.raises(ValueError, match="int8"):
        arithmetic.precise("int8")


def test_what_the_weights_hold_for_names_the_vectors(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("training.precision.has_amx", lambda: False)
    monkeypatch.setattr(arithmetic, "has_amx", lambda: False)
    monkeypatch.setattr(arithmetic, "has_bfloat16", lambda: True)
    arithmetic.print_basis(1)
    assert "bfloat16 in AVX512, 1 thread" in capsys.readouterr().err
