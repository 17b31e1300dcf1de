"""docs/architecture.md: its drawings show the rooms that there are and the imports between them, and no others."""

import ast
import re

import pytest

pytestmark = pytest.mark.fast

PACKAGES = ("undertone", "serving", "training", "export")
# Each drawing shows the imports that begin in these packages.
DRAWINGS = {"The library": {"undertone"}, "The service": {"serving"}, "The pipeline": {"training", "export"}}


def room_of(module, root):
    """Return the folder that holds `module`: undertone.gate.ears -> undertone.gate."""
    path = root / module.replace(".", "/")
    return module if path.is_dir() else module.rpartition(".")[0]


def imports_between_rooms(root, packages):
    """Return (room, room that it imports from) for every import that begins in one of `packages`."""
    arrows = set()
    for package in packages:
        for path in (root / package).rglob("*.py"):
            here = ".".join(path.relative_to(root).parent.parts)
            arrows |= {(here, room_of(module, root)) for module in modules_imported(path, root)}
    return {(a, b) for a, b in arrows if a != b}


def modules_imported(path, root):
    """Return the modules of ours that `path` imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {module_named(f"{node.module}.{alias.name}", root) for alias in node.names}
    return {module for module in found if module.split(".")[0] in PACKAGES}


def module_named(name, root):
    """Return `name` where it is a module, else the module that defines it."""
    path = root / name.replace(".", "/")
    return name if path.with_suffix(".py").is_file() or path.is_dir() else name.rpartition(".")[0]


def arrows_drawn(page, title):
    """Return the arrows of the drawing under the heading `title`."""
    drawing = re.search(rf"^## {title}\n.*?```mermaid\n(.*?)```", page, re.DOTALL | re.MULTILINE).group(1)
    names = dict(re.findall(r"^\s*(\w+)\[\"?([\w.]+)", drawing, re.MULTILINE))
    return {
        (names[a], names[b])
        for a, targets in re.findall(r"^\s*(\w+) --> (.+)$", drawing, re.MULTILINE)
        for b in targets.split(" & ")
    }


@pytest.mark.parametrize("title", DRAWINGS)
def test_a_drawing_shows_the_imports_between_rooms(title, repository):
    drawn = arrows_drawn((repository / "docs" / "architecture.md").read_text(encoding="utf-8"), title)
    there = imports_between_rooms(repository, DRAWINGS[title])
    assert sorted(there - drawn) == [], "imports that are not drawn"
    assert sorted(drawn - there) == [], "arrows without an import"


def test_every_room_is_described(repository):
    page = (repository / "docs" / "architecture.md").read_text(encoding="utf-8")
    rooms = {
        path.parent.relative_to(repository) for package in PACKAGES for path in (repository / package).rglob("*.py")
    }
    missing = sorted(str(room) for room in rooms if f"`{room}/`" not in page)
    assert not missing


def test_a_planted_import_is_seen(tmp_path):
    for place, text in {
        "undertone/gate/ears.py": "def late():\n    from undertone.stream import session\n",
        "undertone/stream/session.py": "",
    }.items():
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_text(text)
    assert imports_between_rooms(tmp_path, ["undertone"]) == {("undertone.gate", "undertone.stream")}
