"""What was said in the sample clips beside what was heard, below the live table of the demo."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from serving.cli.views.names import readable
from serving.cli.views.view import View
from undertone.client.summary import Summary
from undertone.client.timing import Event
from undertone.tables import read_table

SAID = "said.csv"  # beside the clips: clip,said


class SaidAndHeard:
    """A view that shows all through another one and keeps the words of the finals."""

    def __init__(self, shown: View) -> None:
        self._shown = shown
        self._heard: defaultdict[str, list[str]] = defaultdict(list)

    def begin(self, file: str) -> None:
        """Show it."""
        self._shown.begin(file)

    def event(self, file: str, event: Event) -> None:
        """Show it, and keep the words of a final."""
        if event.type == "utterance.final":
            self._heard[file].append(str(event.message.get("text") or "(no words)"))
        self._shown.event(file, event)

    def end(self, summary: Summary) -> None:
        """Show it."""
        self._shown.end(summary)

    def lines(self, clips: Sequence[Path]) -> list[str]:
        """Return two lines for each of `clips` of which it is known what is said in it."""
        known = said_in(clips[0].parent)
        found = []
        for clip in (clip for clip in clips if clip.name in known):
            heard = " ".join(self._heard[str(clip)]) or "(nothing)"
            found += [f"{readable(clip.name):<16}said   {known[clip.name]}", f"{'':<16}heard  {heard}"]
        return found


def said_in(folder: Path) -> dict[str, str]:
    """Return what is said in each clip of `folder`, by its name, as the table beside the clips tells; {} without it."""
    table = folder / SAID
    if not table.is_file():
        return {}
    return {row.fields["clip"]: row.fields["said"] for row in read_table(table, ("clip", "said"))}
