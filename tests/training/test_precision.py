"""What a training says of the machine that its weights depend on."""

import pytest
import torch

from training import precision

pytestmark = pytest.mark.fast


@pytest.mark.parametrize(
    ("amx", "vectors", "threads", "said"),
    [
        (True, True, 1, "bfloat16 in AMX, 1 thread"),
        (False, False, 2, "no AMX: float32, 2 threads"),
        (False, True, 1, "no AMX: float32, or bfloat16 in AVX512, 1 thread"),
    ],
)
def test_a_training_says_what_the_md5_of_its_weights_holds_for(monkeypatch, capsys, amx, vectors, threads, said):
    monkeypatch.setattr(precision, "has_amx", lambda: amx)
    monkeypatch.setattr(precision, "has_vectors", lambda: vectors)
    precision.print_basis(threads)
    printed = capsys.readouterr()
    assert printed.out == ""  # the cross-validation prints its scores there
    assert f"torch {torch.__version__}, " in printed.err
    assert printed.err.endswith(f"{said}\n")


def test_every_training_says_it(repository):
    for stage in ("training/acoustic/train.py", "training/text/train.py", "training/crossval/run.py"):
        assert "print_basis(" in (repository / stage).read_text(), stage


@pytest.mark.parametrize(
    ("wanted", "amx", "vectors", "used"),
    [
        ("bfloat16", False, True, False),
        ("bfloat16", True, True, True),
        ("bfloat16_vectors", False, False, False),
        ("bfloat16_vectors", False, True, True),
        ("float32", True, True, False),
    ],
)
def test_bfloat16_is_used_only_where_the_processor_has_it(monkeypatch, wanted, amx, vectors, used):
    monkeypatch.setattr(precision, "has_amx", lambda: amx)
    monkeypatch.setattr(precision, "has_vectors", lambda: vectors)
    with precision.autocast(wanted):
        assert torch.is_autocast_enabled("cpu") is used
