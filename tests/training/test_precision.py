"""What a training says of the machine that its weights depend on."""

import pytest
import torch

from training import precision

pytestmark = pytest.mark.fast


@pytest.mark.parametrize(
    ("amx", "threads", "said"), [(True, 1, "bfloat16 in AMX, 1 thread"), (False, 2, "no AMX: float32, 2 threads")]
)
def test_a_training_says_what_the_md5_of_its_weights_holds_for(monkeypatch, capsys, amx, threads, said):
    monkeypatch.setattr(precision, "has_amx", lambda: amx)
    precision.print_basis(threads)
    printed = capsys.readouterr()
    assert printed.out == ""  # the cross-validation prints its scores there
    assert f"torch {torch.__version__}, " in printed.err
    assert printed.err.endswith(f"{said}\n")


def test_every_training_says_it(repository):
    for stage in ("training/acoustic/train.py", "training/text/train.py", "training/crossval/run.py"):
        assert "print_basis(" in (repository / stage).read_text(), stage


def test_bfloat16_is_used_only_where_the_processor_has_it(monkeypatch):
    monkeypatch.setattr(precision, "has_amx", lambda: False)
    with precision.autocast("bfloat16"):
        assert not torch.is_autocast_enabled("cpu")
