"""An exported script of a crash dies as the case did."""

import subprocess
import sys

import pytest

from deadhand.model.case import FORMAT, Case
from deadhand.model.program import Hostile, Program, Ref, Step
from deadhand.report.script import export_script
from deadhand.target.loader import load

SQLITE = """
import sqlite3
from deadhand import Handle, Reentry, Target, creates, disposes, uses
class Sqlite3(Target):
    module = "sqlite3"
    connection = Handle()
    @creates(connection)
    def connect(self):
        return self.module.connect(":memory:")
    @uses
    def call_back(self, connection, reenter: Reentry):
        connection.create_function("f", 0, reenter)
        connection.execute("select f()")
    @disposes(connection)
    def close(self, connection):
        connection.close()
"""


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="CPython 3.11's sqlite3 has the bug (seen 2026-11-21)")
@pytest.mark.parametrize("evidence", ["stock", "debug"])
def test_sqlite3_dies_when_closed_in_a_callback(tmp_path, evidence):
    path = tmp_path / "plan.py"
    path.write_text(SQLITE, encoding="utf-8")
    target = load(str(path))[0]
    connection = Ref("connection_1")
    program = Program((Step("connect", out="connection_1"), Step("call_back", {"connection": connection, "reenter": Hostile("callback", body=(Step("close", {"connection": connection}),))})))
    script = tmp_path / "script.py"
    script.write_text(export_script(Case(FORMAT, target.name, program, oracle="death", symptom="SIGSEGV", step=2, evidence=evidence), target), encoding="utf-8")
    path.unlink()
    done = subprocess.run([sys.executable, "-I", "-X", "faulthandler", str(script)], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == -11, done
    assert done.stdout.splitlines() == ["step 1", "step 2", "step 3"]
    assert "in call_back" in done.stderr
