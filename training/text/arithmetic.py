"""In which numbers the text network is fitted: bfloat16 wherever the processor multiplies it, not in tiles (AMX) alone.

A DistilBERT is nearly all matrix products, so that AVX512 with bfloat16 halves its time; the voice's convolutions gain
nothing by it, which is why training/precision.py asks for AMX.
"""

import sys
from contextlib import AbstractContextManager

import torch

from training.precision import autocast, basis, has_amx


def has_bfloat16() -> bool:
    """Return whether the processor multiplies bfloat16, in tiles or in vectors."""
    return has_amx() or bool(torch.cpu._is_avx512_bf16_supported())


def precise(precision: str) -> AbstractContextManager[object]:
    """Return the context to compute a loss in; `precision` is "bfloat16" (where the CPU has it) or "float32".

    Raises:
        ValueError: `precision` is neither.
    """
    if precision == "bfloat16" and has_bfloat16():
        return torch.autocast("cpu", torch.bfloat16)
    return autocast(precision)


def print_basis(threads: int) -> None:
    """Print on the error stream what decides the bits of the fitted weights beside their inputs."""
    vectors = has_bfloat16() and not has_amx()
    found = basis(threads).replace("no AMX: float32", "bfloat16 in AVX512") if vectors else basis(threads)
    print(f"the md5 of what is fitted holds for {found}", file=sys.stderr)  # noqa: T201
