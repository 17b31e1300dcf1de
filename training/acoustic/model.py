"""The checkpoint file of an acoustic network: its architecture by name, its settings, its weights.

Which architectures there are stands in training/acoustic/recipes.py, what is asked of a network in
training/acoustic/network.py.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from training.acoustic.network import Embedding
from training.acoustic.recipes import known_recipe
from training.acoustic.strangeness import TemperedNet


def save_checkpoint(model: nn.Module, arch: str, settings: Mapping[str, Any], path: Path) -> None:
    """Write weights and the arguments that rebuild the network; the same weights give the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save({"arch": known_recipe(arch).arch, "settings": dict(settings), "state": model.state_dict()}, path)


def load_checkpoint(path: Path) -> nn.Module:
    """Return the network of `path` in evaluation mode.

    Raises:
        SystemExit: the file is missing; the message names the stage that makes it.
    """
    if not path.is_file():
        raise SystemExit(f"{path} not found: it is made by `dvc repro train`")
    content = torch.load(path, map_location="cpu", weights_only=True)
    model = known_recipe(content["arch"]).network(**content["settings"])
    model.load_state_dict(content["state"])
    if isinstance(model, Embedding) and "strangeness" in content:
        return TemperedNet(model, **content["strangeness"]).eval()
    return model.eval()


def save_tempered(checkpoint: Path, strangeness: Mapping[str, Any], path: Path) -> None:
    """Write the network of `checkpoint` with what flattens it on strange speech (training/acoustic/strangeness.py)."""
    torch.save(
        {**torch.load(checkpoint, map_location="cpu", weights_only=True), "strangeness": dict(strangeness)}, path
    )
