"""In which numbers a network is fitted: bfloat16 where the processor multiplies it in hardware, else float32.

Without AMX torch imitates bfloat16, and an epoch takes twelve times as long as in float32.
"""

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
    if precision == "float32" or not torch.cpu._is_amx_tile_supported():
        return nullcontext()
    return torch.autocast("cpu", torch.bfloat16)
