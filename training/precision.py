"""In which numbers a network is fitted, and on what else its weights depend beside its inputs.

bfloat16 where the processor multiplies it in hardware, else float32. AMX multiplies tiles of it; AVX512-BF16 multiplies
vectors, which makes a transformer's step 1.8 times as fast, but has no convolutions of ours: without AMX an epoch of
the acoustic network takes twelve times as long as in float32.
"""

import sys
from contextlib import AbstractContextManager, nullcontext

import torch

PRECISIONS = ("bfloat16", "bfloat16_vectors", "float32")


def autocast(precision: str) -> AbstractContextManager[object]:
    """Return the context to compute a loss in; `precision` is one of `PRECISIONS`.

    "bfloat16" is that where the CPU has AMX, "bfloat16_vectors" also where it has AVX512-BF16; else both are float32.

    Raises:
        ValueError: `precision` is none of them.
    """
    if precision not in PRECISIONS:
        raise ValueError(f"precision is {precision!r}; it must be one of {', '.join(PRECISIONS)}")
    fast = has_amx() or (precision == "bfloat16_vectors" and has_vectors())
    return torch.autocast("cpu", torch.bfloat16) if fast and precision != "float32" else nullcontext()


def has_amx() -> bool:
    """Return whether the processor multiplies bfloat16 in tiles."""
    return bool(torch.cpu._is_amx_tile_supported())


def has_vectors() -> bool:
    """Return whether the processor multiplies bfloat16 in vectors (AVX512-BF16)."""
    return bool(torch.cpu._is_avx512_bf16_supported())


def basis(threads: int) -> str:
    """Return what else decides the bits of fitted weights: "torch 2.13.0+cpu, AVX512, bfloat16 in AMX, 1 thread"."""
    tiles = "bfloat16 in AMX" if has_amx() else "no AMX: float32"
    if not has_amx() and has_vectors():
        tiles = "no AMX: float32, or bfloat16 in AVX512"
    counted = "1 thread" if threads == 1 else f"{threads} threads"
    return f"torch {torch.__version__}, {torch.backends.cpu.get_cpu_capability()}, {tiles}, {counted}"


def print_basis(threads: int) -> None:
    """Print `basis` on the error stream: where it is the same, dvc.lock holds, and a rebuild gives the same md5."""
    print(f"the md5 of what is fitted holds for {basis(threads)}", file=sys.stderr)  # noqa: T201
