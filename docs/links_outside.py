"""A hook of mkdocs: pages link to files of the repository, for its readers; the site has no such files."""

import re
from typing import Any

_OUTSIDE = re.compile(r"\[([^\]]+)\]\(\.\./[^)]+\)")


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Return the page with the text of such links alone."""
    return _OUTSIDE.sub(r"\1", markdown)
