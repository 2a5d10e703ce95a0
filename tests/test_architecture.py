"""The house stays liveable: one-way imports, no cycles, small files and functions, plain names."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("geoinspect", "webmap", "sample_data")
# From left to right; a module may import only what stands left of it.
LAYERS = (
    "geoinspect.errors",
    "geoinspect.records",
    "geoinspect.survey_records",
    "geoinspect.search_records",
    "geoinspect.review_records",
    "geoinspect.settings",
    "geoinspect.setting_words",
    "geoinspect.setting_values",
    "geoinspect.files",
    "geoinspect.crs",
    "geoinspect.grid",
    "geoinspect.ingest",
    "geoinspect.patrols",
    "geoinspect.detect",
    "geoinspect.coverage",
    "geoinspect.confidence",
    "geoinspect.planning",
    "geoinspect.cases",
    "geoinspect.report",
    "geoinspect.store",
    "geoinspect.settings_book",
    "geoinspect.territory",
    "geoinspect.accounts",
    "geoinspect.campaigns",
    "geoinspect.surroundings",
    "geoinspect.risks",
    "geoinspect.review_state",
    "geoinspect.review_part",
    "geoinspect.intake",
    "geoinspect.rate_book",
    "geoinspect.change_book",
    "geoinspect.sensitivity_book",
    "geoinspect.rank_model_book",
    "geoinspect.review_book",
    "geoinspect.review_files",
    "geoinspect.risk_book",
    "geoinspect.season_risk",
    "geoinspect.patrol_verdicts",
    "geoinspect.patrol_book",
    "geoinspect.campaign_book",
    "geoinspect.snapshot",
    "geoinspect.cell_story",
    "geoinspect.claim_records",
    "geoinspect.claims",
    "geoinspect.season",
    "geoinspect.gap_list",
    "geoinspect.gathering",
    "geoinspect.plan_book",
    "geoinspect.trial_book",
    "geoinspect.check_book",
    "geoinspect.casework",
    "geoinspect.backup",
    "geoinspect.situation",
    "geoinspect.pipeline",
    "geoinspect.jobs",
    "geoinspect.health",
    "geoinspect.doctor",
    "geoinspect.dirt_report",
    "sample_data",
    "geoinspect.demo_story",
    "geoinspect.demo_cases",
    "geoinspect.demo",
    "webmap",
    "geoinspect.warmup",
    "geoinspect.client",
    "geoinspect.cli",
    "geoinspect.__main__",
)
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60
# The first migration is the schema, statement by statement (docs/decisions/0004).
LONG_FUNCTIONS_ALLOWED = {"geoinspect/store/migrations/versions/0001_first_tables.py:upgrade"}
BANNED_NAMES = {
    "utils",
    "util",
    "common",
    "core",
    "base",
    "manager",
    "managers",
    "helpers",
    "helper",
    "misc",
}


def modules() -> dict[str, Path]:
    found = {}
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


def imports_of(name: str, path: Path) -> set[str]:
    """Modules of ours that a module imports when it is loaded or used."""
    tree = ast.parse(path.read_text("utf-8"))
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                found.add(inner if inner in MODULES else node.module)
    return {module for module in found if module in MODULES and module != name}


def layer_of(module: str) -> int | None:
    ranks = [
        i for i, layer in enumerate(LAYERS) if module == layer or module.startswith(f"{layer}.")
    ]
    return max(ranks, default=None)


def test_every_module_has_a_layer() -> None:
    assert [m for m in MODULES if layer_of(m) is None and m != "geoinspect"] == []


def test_imports_go_one_way() -> None:
    wrong = []
    for name, path in MODULES.items():
        for imported in imports_of(name, path):
            here, there = layer_of(name), layer_of(imported)
            if here is not None and there is not None and there > here:
                wrong.append(f"{name} imports {imported}")
    assert wrong == []


def test_no_import_cycles() -> None:
    # A package's __init__ runs before its modules; an edge to it counts only when it imports them.
    graph = {name: imports_of(name, path) for name, path in MODULES.items()}
    state: dict[str, int] = {}
    cycles: list[list[str]] = []

    def visit(name: str, way: list[str]) -> None:
        state[name] = 1
        for other in sorted(graph[name]):
            if state.get(other) == 1:
                cycles.append([*way[way.index(other) :], other] if other in way else [name, other])
            elif other not in state:
                visit(other, [*way, other])
        state[name] = 2

    for name in sorted(graph):
        if name not in state:
            visit(name, [name])
    assert cycles == []


@pytest.mark.parametrize("folder", [*PACKAGES, "tests", "scripts"])
def test_files_are_small(folder: str) -> None:
    paths = [*(ROOT / folder).rglob("*.py"), *(ROOT / "webmap").rglob("static/js/*.js")]
    long = {
        str(path.relative_to(ROOT)): lines
        for path in paths
        if (lines := len(path.read_text("utf-8").splitlines())) > MAX_FILE_LINES
    }
    assert long == {}


def test_functions_are_small() -> None:
    long = []
    for path in MODULES.values():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                # What a function promises may be long; what it does may not.
                promise = len((ast.get_docstring(node, clean=False) or "").splitlines())
                lines = (node.end_lineno or 0) - node.lineno + 1 - promise
                where = f"{path.relative_to(ROOT)}:{node.name}"
                if lines > MAX_FUNCTION_LINES and where not in LONG_FUNCTIONS_ALLOWED:
                    long.append(f"{where} {lines}")
    assert long == []


def test_names_say_something() -> None:
    assert [m for m in MODULES if BANNED_NAMES & set(m.split("."))] == []


def test_foreign_rasters_are_opened_in_one_place() -> None:
    # rasterio.open on an upload reads and writes other files through VRT and MRF; the one place
    # that may open a foreign raster names the driver (docs/decisions/0006).
    allowed = {"geoinspect/ingest/raster_open.py"}
    bare = [
        str(path.relative_to(ROOT))
        for path in MODULES.values()
        if str(path.relative_to(ROOT)) not in allowed
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) == "rasterio.open"
        and not any(keyword.arg == "driver" for keyword in node.keywords)
        and (ast.unparse(node.args[1]) if len(node.args) > 1 else "") != "'w'"
    ]
    assert bare == []


def test_no_debt_is_left_lying() -> None:
    marks = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
    assert [
        str(p.relative_to(ROOT)) for p in MODULES.values() if marks.search(p.read_text("utf-8"))
    ] == []


def test_no_registry_and_no_path_of_a_machine_is_committed() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\0")
    registry = re.compile(r"https?://[a-z0-9.-]*(registry|pypi|files\.python|deb)\.[a-z]")
    found = []
    for name in filter(None, listed):
        path = ROOT / name
        if not path.is_file() or path.suffix in {".png", ".jpg", ".webp"}:
            continue
        text = path.read_text("utf-8", errors="replace")
        if registry.search(text) or f"{ROOT}/" in text:
            found.append(name)
    assert found == []
