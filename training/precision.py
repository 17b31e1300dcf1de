"""In which numbers a network is fitted, and on what else its weights depend beside its inputs.

bfloat16 where the processor multiplies it in hardware, else float32: without AMX torch imitates bfloat16, and an epoch
takes twelve times as long as in float32.
"""

import sys
from contextlib import AbstractContextManager, nullcontext

import torch

PRECISIONS = ("bfloat16", "float32")


def autocast(precision: str) -> AbstractContextManager[object]:
    """Return the context to compute a loss in; `precision` is "bfloat16" (where the CPU has AMX) or "float32".

    Raises:
        ValueError: `precision` is neither.
    """
    if precision not in PRECISIONS:
        raise ValueError(f"precision is {precision!r}; it must be one of {', '.join(PRECISIONS)}")
    if precision == "float32" or not has_amx():
        return nullcontext()
    return torch.autocast("cpu", torch.bfloat16)


def has_amx() -> bool:
    """Return whether the processor multiplies bfloat16 in tiles."""
    return bool(torch.cpu._is_amx_tile_supported())


def basis(threads: int) -> str:
    """Return what else decides the bits of fitted weights: "torch 2.13.0+cpu, AVX512, bfloat16 in AMX, 1 thread"."""
    tiles = "bfloat16 in AMX" if has_amx() else "no AMX: float32"
    counted = "1 thread" if threads == 1 else f"{threads} threads"
    return f"torch {torch.__version__}, {torch.backends.cpu.get_cpu_capability()}, {tiles}, {counted}"


def print_basis(threads: int) -> None:
    """Print `basis` on the error stream: where it is the same, dvc.lock holds, and a rebuild gives the same md5."""
    print(f"the md5 of what is fitted holds for {basis(threads)}", file=sys.stderr)  # noqa: T201
