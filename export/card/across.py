"""The corpora beside RAVDESS, as text: what the voice was fitted on, under which licence, and how it carries over."""

from collections.abc import Mapping
from typing import Any

from undertone.corpora.known import corpus_named
from undertone.manifest import Manifest


def render(manifest: Manifest) -> str:
    """Return the section of the card, Markdown; "" of a release that knows RAVDESS alone."""
    across = manifest.metrics.get("across")
    if not across:
        return ""
    trained = [name for name in across["trained_on"] if name != "ravdess"]
    parts = ["### Other corpora\n", *([_licences(trained)] if trained else []), *_judged(across["corpora"])]
    return "\n".join(parts) + "\n\n"


def _licences(names: list[str]) -> str:
    corpora = ((name, corpus_named(name)) for name in names)
    lines = (
        f"- {name}: {corpus.title} ({corpus.reference}). Licence: **{corpus.licence}**." for name, corpus in corpora
    )
    return "The network was also fitted on:\n\n" + "\n".join(lines) + "\n"


def _judged(corpora: Mapping[str, Mapping[str, Any]]) -> list[str]:
    if not corpora:
        return []
    rows = [f"| {name} | {_row(found)} |" for name, found in corpora.items()]
    protocols = [f"- {found['protocol']}." for found in corpora.values()]
    table = ["| corpus | clips | speakers | UAR | negative | neutral | positive |", "|---|---|---|---|---|---|---|"]
    return ["Speakers whom it never heard, in other corpora:\n", *table, *rows, "", *protocols]


def _row(found: Mapping[str, Any]) -> str:
    interval = found.get("uar_interval")
    said = f" ({interval['low']:.3f} to {interval['high']:.3f})" if interval else ""
    recalls = " | ".join(f"{recall:.3f}" for recall in found["recall"].values())
    return f"{found['clips']} | {found['speakers']} | {found['uar']:.3f}{said} | {recalls}"
