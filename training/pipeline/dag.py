"""`make dag`: the pipeline in the width of a terminal, each stage below what it needs."""

import sys
import textwrap
from collections.abc import Iterator, Mapping

from training.pipeline.stages import Stage, direct, read_stages

WIDTH = 100


def drawing(stages: Mapping[str, Stage], width: int = WIDTH) -> Iterator[str]:
    """Yield the lines: a stage, the stages right before it, and below what it makes of them."""
    before, longest = direct(stages), max(map(len, stages))
    for name, stage in stages.items():
        needs = ", ".join(before[name])
        head = f"{name:<{longest}}  {'<- ' if needs else ''}"
        yield from textwrap.wrap(needs, width, initial_indent=head, subsequent_indent=" " * len(head)) or [
            head.rstrip()
        ]
        yield from textwrap.wrap(stage.about, width, initial_indent="    ", subsequent_indent="    ")


if __name__ == "__main__":
    sys.stdout.writelines(f"{line}\n" for line in drawing(read_stages()))
