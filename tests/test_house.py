"""The house stays readable: short functions, small folders, no circles, docstrings, nothing written twice.

Each guard is shown to find a violation that was planted for it.
"""

import ast
import graphlib
import io
import re
import tokenize
from collections import defaultdict
from statistics import median

import pytest

pytestmark = pytest.mark.fast

PACKAGES = ("undertone", "serving", "training", "export")
FOLDERS = (*PACKAGES, "tests", "benchmarks")
LONGEST_FUNCTION, MEDIAN_FUNCTION, FILES_PER_FOLDER, SAME_LINES = 40, 8, 14, 6
FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef
DOCUMENTED = FUNCTION | ast.ClassDef | ast.Module
IMPORT = ast.Import | ast.ImportFrom


def sources(root):
    """Return the parsed files of the packages by their paths: `{"export/gates.py": ast.Module}`."""
    files = [path for package in PACKAGES for path in sorted((root / package).rglob("*.py"))]
    return {str(path.relative_to(root)): ast.parse(path.read_text(encoding="utf-8")) for path in files}


def docstring(node):
    """Return the statement that is the docstring of `node`, in a list; an empty one where there is none."""
    has_one = isinstance(node, DOCUMENTED) and ast.get_docstring(node, clean=False) is not None
    return node.body[:1] if has_one else []


def lines_of(node):
    """Return how many lines `node` has, from `def` to its end, without decorators and docstring."""
    return node.end_lineno - node.lineno + 1 - sum(doc.end_lineno - doc.lineno + 1 for doc in docstring(node))


def lengths(trees):
    """Return the lines of every function and method, nested ones on their own as well."""
    return {
        f"{file}:{node.lineno} {node.name}": lines_of(node)
        for file, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, FUNCTION)
    }


def full_folders(root):
    """Return the folders with more files at one level than allowed, and how many those are."""
    files = [path for folder in FOLDERS for path in (root / folder).rglob("*") if path.is_file()]
    counts = defaultdict(int)
    for path in files:
        if "__pycache__" not in path.parts and path.name != "py.typed":  # a mark for type checkers, empty
            counts[str(path.parent.relative_to(root))] += 1
    return {folder: count for folder, count in counts.items() if count > FILES_PER_FOLDER}


def at_import(node):
    """Yield the imports under `node` that run when its file is imported: those of functions come later."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, IMPORT):
            yield child
        elif not isinstance(child, FUNCTION):
            yield from at_import(child)


def names(node):
    """Return what an import may name: modules, or names in them."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]


def circle(trees):
    """Return modules that import each other in a ring when they are imported, the first also last; [] if none do."""
    modules = {file.removesuffix(".py").removesuffix("/__init__").replace("/", "."): file for file in trees}
    graph = {
        module: {name for node in at_import(trees[file]) for name in names(node) if name in modules} - {module}
        for module, file in modules.items()
    }
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        return error.args[1]
    return []


def undocumented(trees):
    """Return the public modules, classes, functions and methods without a docstring."""
    return [f"{file} {name}" for file, tree in trees.items() for name in without_docstring(tree, "module")]


def without_docstring(node, name):
    found = [] if docstring(node) else [name]
    inner = [] if isinstance(node, FUNCTION) else node.body
    public = [child for child in inner if isinstance(child, DOCUMENTED) and not child.name.startswith("_")]
    return found + [missing for child in public for missing in without_docstring(child, child.name)]


def code_lines(text):
    """Return `(line number, code)` without imports, docstrings, comments, blanks, and lines of brackets alone."""
    tree = ast.parse(text)
    nodes = [part for node in ast.walk(tree) for part in docstring(node)]
    nodes += [node for node in ast.walk(tree) if isinstance(node, IMPORT)]
    left_out = {line for node in nodes for line in range(node.lineno, node.end_lineno + 1)}
    lines = text.splitlines()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            lines[token.start[0] - 1] = lines[token.start[0] - 1][: token.start[1]]
    numbered = [(number, " ".join(line.split())) for number, line in enumerate(lines, 1) if number not in left_out]
    return [(number, line) for number, line in numbered if re.sub(r"[()\[\]{},:\s]", "", line)]


def written_twice(root):
    """Return pairs of places, `file:line`, where the same six lines of code begin; blocks are named by their start."""
    places = defaultdict(list)
    for file in sources(root):
        code = code_lines((root / file).read_text(encoding="utf-8"))
        for first in range(len(code) - SAME_LINES + 1):
            block = tuple(line for _, line in code[first : first + SAME_LINES])
            places[block].append((file, first, code[first][0]))
    pairs = [(same[0], place) for same in places.values() for place in same[1:] if apart(same[0], place)]
    begun = {(a[:2], b[:2]) for a, b in pairs}
    return [
        f"{a[0]}:{a[2]} and {b[0]}:{b[2]}"
        for a, b in pairs
        if ((a[0], a[1] - 1), (b[0], b[1] - 1)) not in begun  # else the block began earlier
    ]


def apart(a, b):
    return a[0] != b[0] or b[1] - a[1] >= SAME_LINES


def plant(root, files):
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


@pytest.fixture(scope="module")
def trees(repository):
    return sources(repository)


def test_no_function_is_longer_than_40_lines_and_half_have_8_at_most(trees):
    found = lengths(trees)
    assert {name: lines for name, lines in found.items() if lines > LONGEST_FUNCTION} == {}
    for package in PACKAGES:
        assert median(lines for name, lines in found.items() if name.startswith(f"{package}/")) <= MEDIAN_FUNCTION


def test_a_long_function_is_found_and_decorators_and_docstring_do_not_count(tmp_path):
    text = 'class A:\n    @property\n    def long(self):\n        """One.\n\n        Two."""\n' + 39 * "        x = 1\n"
    plant(tmp_path, {"export/room/deep.py": text, "export/longer.py": text + "        x = 1\n"})
    assert lengths(sources(tmp_path)) == {"export/longer.py:3 long": 41, "export/room/deep.py:3 long": 40}


def test_no_folder_has_more_than_14_files_at_one_level(repository):
    assert full_folders(repository) == {}


def test_a_folder_with_15_files_is_found(tmp_path):
    plant(tmp_path, {f"{folder}/{n}.py": "" for folder in ("tests/a", "tests/a/b") for n in range(14)})
    assert full_folders(tmp_path) == {}
    plant(tmp_path, {"tests/a/b/table.csv": ""})
    assert full_folders(tmp_path) == {"tests/a/b": 15}


def test_no_files_import_each_other_in_a_circle(trees):
    assert circle(trees) == []


def test_a_circle_is_found_and_a_late_import_is_none(tmp_path):
    late = "def later():\n    import export.a\n"
    plant(tmp_path, {"export/a.py": "from export.room import b\n", "export/room/b.py": late})
    assert circle(sources(tmp_path)) == []
    plant(tmp_path, {"export/room/b.py": "try:\n    from export.a import name\nexcept ImportError:\n    pass\n"})
    assert set(circle(sources(tmp_path))) == {"export.a", "export.room.b"}


def test_every_public_name_has_a_docstring(trees):
    assert undocumented(trees) == []


def test_a_missing_docstring_is_found(tmp_path):
    text = "class A:\n    def method(self):\n        def inner(): ...\n    def _own(self): ...\nclass _B: ...\n"
    plant(tmp_path, {"serving/room/a.py": text, "serving/b.py": '"""Said."""\n'})
    assert undocumented(sources(tmp_path)) == [f"serving/room/a.py {name}" for name in ("module", "A", "method")]


def test_no_six_lines_of_code_are_written_twice(repository):
    assert written_twice(repository) == []


def test_a_copy_is_found_whatever_comments_blanks_brackets_and_indents_are_in_it(tmp_path):
    block = [f"x{n} = {n}\n" for n in range(7)]
    copy = 'def f():\n    """Say."""\n' + "".join(f"    {line.strip()}  # so\n\n" for line in block)
    plant(tmp_path, {"export/a.py": "import re\n" + "".join(block), "serving/room/b.py": copy})
    assert written_twice(tmp_path) == ["serving/room/b.py:3 and export/a.py:2"]
    plant(tmp_path, {"export/a.py": "import re\n" + "".join(block[:3]) + "y = 0\n" + "".join(block[3:])})
    assert written_twice(tmp_path) == []


def test_lines_of_brackets_and_runs_of_one_line_are_no_copy(tmp_path):
    nested = "x = [\n" + "    [\n    ],\n" * 6 + "]\n"
    plant(tmp_path, {"export/a.py": nested, "export/b.py": nested})
    assert written_twice(tmp_path) == []
    plant(tmp_path, {"export/a.py": 8 * "x = 1\n"})
    assert written_twice(tmp_path) == []


def test_a_copy_within_one_file_is_found(tmp_path):
    block = "".join(f"x{n} = {n}\n" for n in range(6))
    plant(tmp_path, {"export/a.py": block + "y = 0\n" + block})
    assert written_twice(tmp_path) == ["export/a.py:1 and export/a.py:8"]
