"""Swimlanes: one column per thread, one row per step; overlapping steps share a row, and below it stand the switches that are forced in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from deadhand.model.program import hostiles
from deadhand.report.program_text import step_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.table import Table

    from deadhand.model.program import Program, Step


@dataclass(frozen=True)
class Cell:
    """One step in a lane. `depth` counts the calls it runs inside; `bad` marks the step where the finding shows."""

    number: int
    thread: int
    depth: int
    text: str
    bad: bool = False
    hazard: bool = False


def thread_name(thread: int) -> str:
    """The heading of a lane."""
    return f"thread {thread}" if thread else "main thread"


def lane_rows(program: Program, bad: int = 0) -> tuple[list[int], list[list[Cell]]]:
    """The threads, and the rows: cells of one row start at the same time (each with what runs inside it below it)."""
    numbers = iter(range(1, program.size() + 1))
    rows: list[list[Cell]] = []
    ends = {region[-1]: number for number, region in enumerate(program.regions())}
    switches = program.schedule.switches if program.schedule is not None else ()
    for at, step in enumerate(program.steps):
        cells = list(_cells(step, numbers, step.thread, 0, bad))
        if step.overlap and rows:
            rows[-1] += cells
        else:
            rows.append(cells)
        rows += [[Cell(0, each.to, 0, f"switch to here, at decision {each.at}", hazard=True)] for each in switches if each.region == ends.get(at)]
    if program.ending == "exit":
        rows.append([Cell(0, 0, 0, "@exit  (interpreter exits with live handles)", hazard=True)])
    return sorted({0, *(step.thread for step in program.steps), *(each.to for each in switches)}), rows


def _cells(step: Step, numbers: Iterator[int], thread: int, depth: int, bad: int) -> Iterator[Cell]:
    number = next(numbers)
    yield Cell(number, thread, depth, step_text(step), number == bad, step.is_hazard)
    for hostile in hostiles(step):
        for nested in hostile.body:
            yield from _cells(nested, numbers, thread, depth + 1, bad)


def cell_text(cell: Cell) -> str:
    """A cell as one line."""
    number = f"{cell.number}  " if cell.number else ""
    return f"{'  ' * cell.depth}{'> ' if cell.depth else ''}{number}{cell.text}{'   <-- here' if cell.bad else ''}"


def lane_table(threads: list[int], rows: list[list[Cell]]) -> Table:
    """The swimlanes for a terminal."""
    from rich.table import Table
    from rich.text import Text

    table = Table(show_lines=True)
    for thread in threads:
        table.add_column(thread_name(thread), overflow="fold")
    for row in rows:
        cells = []
        for thread in threads:
            text = Text()
            for cell in (each for each in row if each.thread == thread):
                style = "bold red" if cell.bad else "italic" if cell.hazard else "blue" if cell.depth else ""
                text.append(("\n" if text else "") + cell_text(cell), style=style)
            cells.append(text)
        table.add_row(*cells)
    return table
