"""Errors by cause, each with its remedy in the text, and the one public table of exit codes."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What a `deadhand` command returns to the shell; the table in docs/reference.md is checked against it."""

    CLEAN = 0  # ran to the end and found nothing
    FINDINGS = 1  # at least one confirmed finding, or a case that did not behave as its status says
    USAGE = 2  # wrong options on the command line
    PLAN_ERROR = 3  # a plan of attack cannot be loaded; the others were still run
    CASE_ERROR = 4  # a case cannot be read, or no longer fits its target; the others were still run
    NOTHING_RAN = 5  # every target was skipped, or none was given
    UNSUPPORTED = 6  # this platform or this Python cannot do what was asked
    INTERNAL = 70  # a defect of deadhand itself
    INTERRUPTED = 130  # stopped by Ctrl-C; what was found until then is kept


class DeadhandError(Exception):
    """Base of everything deadhand raises on purpose. `remedy` says what to do about it."""

    exit_code = ExitCode.INTERNAL

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(f"{message}\n  remedy: {remedy}" if remedy else message)
        self.message = message
        self.remedy = remedy


class PlanError(DeadhandError):
    """A plan of attack is wrong: the message names file, line and remedy."""

    exit_code = ExitCode.PLAN_ERROR


class TargetSkipped(DeadhandError):  # noqa: N818  named by its cause
    """A plan is fine but its library is not installed here."""

    exit_code = ExitCode.NOTHING_RAN


class CaseError(DeadhandError):
    """A case file is unreadable, of a newer format, or names an operation that is gone."""

    exit_code = ExitCode.CASE_ERROR


class UsageError(DeadhandError):
    """The command line asks for something that does not exist."""

    exit_code = ExitCode.USAGE


class UnsupportedError(DeadhandError):
    """This platform cannot do what was asked."""

    exit_code = ExitCode.UNSUPPORTED


class WorkerError(DeadhandError):
    """The zygote of a target could not be started or was lost."""

    exit_code = ExitCode.INTERNAL
