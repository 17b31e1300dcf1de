"""Imports torchaudio beside a CPU-only torch.

PyPI's torchaudio wheel is built for CUDA and loads `_torchaudio.abi3.so` at import, which fails without the CUDA
libraries. MFCC and resampling are pure PyTorch and need nothing of it. Where that load fails, this module registers a
stand-in for `torchaudio._extension` that says "no extension", as torchaudio itself does when it is built without one;
nothing else of torchaudio is touched. Import torchaudio from here: `from training.features.torchaudio_cpu import
torchaudio`.
"""

import importlib
import sys
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

_NAME = "torchaudio._extension"


def _stand_in() -> ModuleType:
    module = ModuleType(_NAME)
    module.__spec__ = ModuleSpec(_NAME, loader=None)
    module._IS_TORCHAUDIO_EXT_AVAILABLE = False  # type: ignore[attr-defined]
    module._IS_ALIGN_AVAILABLE = False  # type: ignore[attr-defined]
    module.fail_if_no_align = _without_alignment  # type: ignore[attr-defined]
    return module


def _without_alignment(function: Any) -> Any:
    def refuse(*_: object, **__: object) -> None:
        raise RuntimeError(f"{function.__name__} needs torchaudio's compiled alignment extension")

    return refuse


def _import_torchaudio() -> Any:
    try:
        return importlib.import_module("torchaudio")
    except OSError:  # the CUDA build beside a CPU-only torch
        for name in [name for name in sys.modules if name.split(".")[0] == "torchaudio"]:
            del sys.modules[name]
        sys.modules[_NAME] = _stand_in()
        return importlib.import_module("torchaudio")


torchaudio: Any = _import_torchaudio()
