"""Fill the generated parts of README.md and docs/ from files. Nothing in them is typed by hand.

    python tools/refresh_readme.py                  render again what the files hold
    python tools/refresh_readme.py --run-matrix     first run the kill matrix and store its results; --only NAME … runs some of it again
    python tools/refresh_readme.py --run-examples   first run the sessions of docs/examples and store what they printed

Sections of README.md, between `<!-- generated: name -->` and `<!-- /generated -->`, and their sources:

    matrix       benchmarks/results/matrix.jsonl: one line on the machine, then what `deadhand matrix --format jsonl` wrote
    benchmarks   benchmarks/results/*.json, each an object: every list of records in it and every record of numbers
                 becomes a table, what else it holds is told below; "title" and "note" are used if they are there
    example      docs/examples/sqlite3_quick.py and docs/examples/sqlite3_quick.txt

Of docs/*.md, between the same marks:

    approaches   benchmarks/results/approaches.json, in the same way

In docs/*.md the code fence after `<!-- file: path -->` holds that file; `path` is relative to docs/.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parent.parent
RESULTS = Path("benchmarks") / "results"
SPECIMENS = Path("native") / "specimens" / "specimens.toml"
EXAMPLES = Path("docs") / "examples"
EXAMPLE = EXAMPLES / "sqlite3_quick"
SESSIONS = {
    "sqlite3_quick": {
        "": ["deadhand hunt sqlite3_quick.py --programs 20 --seed 7"],
        ".replay": ["deadhand replay"],
        ".export": ["deadhand export corpus/*/mad-14-*.json --output crash.py", "python -X faulthandler crash.py"],
    },
    "bytesio": {"": ["deadhand hunt bytesio.py --programs 400 --seed 1"]},
    "deque": {"": ["deadhand hunt deque.py --programs 1000 --seed 1"]},
}
"""For each plan in docs/examples the shell lines to run, one after another in one folder, by suffix of the file they fill."""
FENCE = re.compile(r"(<!-- file: (\S+) -->\n```\w*\n)(.*?)(^```$)", re.MULTILINE | re.DOTALL)
END = "<!-- /generated -->"


def _bounds(text: str, name: str) -> tuple[int, int]:
    """Where the text of a section begins and ends. Raises ValueError when a marker is missing."""
    marker = f"<!-- generated: {name} -->\n"
    start = text.find(marker)
    end = text.find(END, start)
    if start < 0 or end < 0:
        message = f"the page lacks the marker {marker.strip()} or the {END} after it"
        raise ValueError(message)
    return start + len(marker), end


def section(text: str, name: str) -> str:
    """What stands between the markers of a section."""
    start, end = _bounds(text, name)
    return text[start:end].strip("\n")


def replaced(text: str, name: str, content: str) -> str:
    """`text` with the section's content replaced."""
    start, end = _bounds(text, name)
    return f"{text[:start]}{content}\n{text[end:]}"


def environment() -> dict[str, str]:
    """What a reader needs to know of the machine a result comes from."""
    import deadhand

    return {
        "date": datetime.now(timezone.utc).date().isoformat(),
        "python": platform.python_version(),
        "deadhand": deadhand.__version__,
        "libc": " ".join(platform.libc_ver()),
        "processors": str(len(os.sched_getaffinity(0))),
    }


def measured(facts: dict[str, Any]) -> str:
    """The line below a table that says where its numbers come from."""
    return "Measured with " + ", ".join(f"{name} {value}" for name, value in facts.items()) + "."


def matrix(root: Path) -> str:
    """The kill matrix, as `deadhand matrix --format markdown` prints it."""
    import msgspec

    from deadhand.cli import matrix as verb
    from deadhand.search.matrix import SpecimenResult

    source = root / RESULTS / "matrix.jsonl"
    if not source.is_file():
        return "No results yet: `python tools/refresh_readme.py --run-matrix`."
    first, *lines = source.read_text(encoding="utf-8").splitlines()
    results = [msgspec.json.decode(line, type=SpecimenResult) for line in lines]
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        verb._markdown(results)
    return f"{printed.getvalue().strip()}\n\n{measured(json.loads(first))}"


def benchmarks(root: Path) -> str:
    """Every benchmark's tables, in the order of the files' names."""
    paths = [path for path in sorted((root / RESULTS).glob("*.json")) if path.stem not in OF_PAGES]
    tables = [_benchmark(json.loads(path.read_text(encoding="utf-8")), path.stem) for path in paths]
    return "\n\n".join(tables) or "No results yet: see `benchmarks/`."


def _benchmark(result: dict[str, Any], name: str) -> str:
    """One result file: each list of records and each record of numbers is a table, the rest is the line below."""
    parts = [f"### {result.get('title', name.replace('_', ' ').capitalize())}"]
    facts = {key.replace("_", " "): _cell(value) for key, value in result.items() if not isinstance(value, (list, dict)) and key not in ("title", "note")}
    for key, value in result.items():
        if isinstance(value, list) and value:
            parts.append(_table([column.replace("_", " ") for column in value[0]], [[row[column] for column in value[0]] for row in value]))
        elif isinstance(value, dict) and value:
            parts.append(_table([key.replace("_", " "), ""], [list(pair) for pair in value.items()]))
    return "\n\n".join([*parts, " ".join(part for part in (result.get("note", ""), measured(facts)) if part)])


def _table(columns: list[str], rows: list[list[Any]]) -> str:
    return "\n".join([f"| {' | '.join(columns)} |", "|" + "---|" * len(columns), *(f"| {' | '.join(map(_cell, row))} |" for row in rows)])


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"
    return "" if value is None else str(value).replace("|", "\\|")


def example(root: Path) -> str:
    """The example plan, the command that hunted it, and the first death among what that printed."""
    plan = (root / EXAMPLE).with_suffix(".py").read_text(encoding="utf-8").strip()
    printed = (root / EXAMPLE).with_suffix(".txt").read_text(encoding="utf-8")
    command, *_ = printed.splitlines()
    findings = re.findall(r"^finding .*?(?=\n\n)", printed, re.MULTILINE | re.DOTALL)
    shown = next((each for each in findings if "died of" in each), findings[0] if findings else printed.strip())
    return f"```python\n{plan}\n```\n\n```text\n{command}\n…\n{shown}\n```"


def approaches(root: Path) -> str:
    """The four roads to the core: what a call costs, and the lines of code behind it."""
    source = root / RESULTS / "approaches.json"
    if not source.is_file():
        return "No results yet: `python benchmarks/approaches.py`."
    return _benchmark(json.loads(source.read_text(encoding="utf-8")), source.stem)


SECTIONS: dict[str, Callable[[Path], str]] = {"matrix": matrix, "benchmarks": benchmarks, "example": example}
OF_PAGES: dict[str, Callable[[Path], str]] = {"approaches": approaches}
"""Sections of pages in docs/, whose results are not told in the README."""


def run_matrix(root: Path, seeds: int, twin_seeds: int, programs: int, only: list[str]) -> None:
    """Run the kill matrix and store its lines; with `only` those of some specimens, in the place of what they were.

    One matrix for each processor, with a share of the specimens and one child at a time: quicker than one matrix with several children.
    """
    table = tomllib.loads((root / SPECIMENS).read_text(encoding="utf-8"))["specimen"]
    names = [each["name"] for each in table if not only or each["name"] in only]
    if unknown := set(only) - set(names):
        sys.exit(f"there is no specimen named {', '.join(sorted(unknown))}")
    options = ("--format", "jsonl", "--jobs", "1", "--seeds", str(seeds), "--twin-seeds", str(twin_seeds), "--programs", str(programs))
    shares = [share for at in range(os.cpu_count() or 1) if (share := names[at :: os.cpu_count() or 1])]
    with ThreadPoolExecutor(len(shares)) as pool:
        told = list(pool.map(lambda share: _deadhand(root, "matrix", *options, *[part for name in share for part in ("--specimen", name)]), shares))
    found = {json.loads(line)["specimen"]: line for lines in told for line in lines.splitlines(keepends=True) if line.strip()}
    lines = "".join(found[name] for name in names)
    facts = {**environment(), "seeds": str(seeds), "seeds of the twins": str(twin_seeds), "programs per hunt": f"up to {programs}"}
    target = root / RESULTS / "matrix.jsonl"
    target.parent.mkdir(parents=True, exist_ok=True)
    if only:
        first, *kept = target.read_text(encoding="utf-8").splitlines(keepends=True)
        facts = json.loads(first)
        lines = "".join(found.get(json.loads(line)["specimen"], line) for line in kept)
    target.write_text(json.dumps(facts) + "\n" + lines, encoding="utf-8")


def run_examples(root: Path) -> None:
    """Run every session in a folder of its own and store what it printed, each command above its output."""
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "COLUMNS": "120"}
    for name, files in SESSIONS.items():
        with tempfile.TemporaryDirectory() as scratch:
            shutil.copy(root / EXAMPLES / f"{name}.py", scratch)
            for suffix, lines in files.items():
                told = []
                for line in lines:
                    done = subprocess.run(["bash", "-c", line], cwd=scratch, env=environment, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
                    told.append(f"$ {line}\n{(done.stdout + done.stderr).strip()}".replace(f"{scratch}/", "").strip())
                (root / EXAMPLES / f"{name}{suffix}.txt").write_text("\n".join(told) + "\n", encoding="utf-8")


def page(text: str, folder: Path) -> str:
    """A page with each generated section filled, and each fence that names a file filled from it."""
    for name, render in OF_PAGES.items():
        if f"<!-- generated: {name} -->" in text:
            text = replaced(text, name, render(folder.parent))
    return FENCE.sub(lambda found: f"{found[1]}{(folder / found[2]).read_text(encoding='utf-8').strip()}\n{found[4]}", text)


def _deadhand(folder: Path, *arguments: str) -> str:
    """What the command prints when run in `folder`. Exit code 1 says that something was found, which is no failure here."""
    done = subprocess.run([sys.executable, "-m", "deadhand", *arguments], cwd=folder, stdout=subprocess.PIPE, text=True, check=False, stdin=subprocess.DEVNULL)
    if done.returncode not in (0, 1):
        sys.exit(f"deadhand {' '.join(arguments)} ended with {done.returncode}")
    return done.stdout


def main() -> None:
    """Run what was asked for, then render every part."""
    parser = argparse.ArgumentParser(description="Fill the generated parts of README.md and docs/ from files.")
    parser.add_argument("--run-matrix", action="store_true", help="run the kill matrix first")
    parser.add_argument("--run-examples", action="store_true", help="run the sessions of docs/examples first")
    parser.add_argument("--only", nargs="+", metavar="SPECIMEN", help="the specimens that are hunted again; the other rows of the last matrix are kept")
    parser.add_argument("--seeds", type=int, default=3, help="hunts of each specimen")
    parser.add_argument("--twin-seeds", type=int, help="hunts of each fixed twin; default: as many")
    parser.add_argument("--programs", type=int, default=2000, help="at most so many programs per hunt")
    chosen = parser.parse_args()
    if chosen.run_matrix:
        run_matrix(ROOT, chosen.seeds, chosen.twin_seeds or chosen.seeds, chosen.programs, chosen.only or [])
    if chosen.run_examples:
        run_examples(ROOT)
    readme = ROOT / "README.md"
    text = readme.read_text(encoding="utf-8")
    for name, render in SECTIONS.items():
        text = replaced(text, name, render(ROOT))
    readme.write_text(text, encoding="utf-8")
    for path in sorted((ROOT / "docs").glob("*.md")):
        before = path.read_text(encoding="utf-8")
        if (after := page(before, path.parent)) != before:
            path.write_text(after, encoding="utf-8")


if __name__ == "__main__":
    main()
