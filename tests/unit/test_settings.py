"""Knobs come from the environment; a bad one is named."""

from __future__ import annotations

from dataclasses import fields

import pytest

from deadhand.settings import PREFIX, Budget, Settings

pytestmark = pytest.mark.timeout(20)


def test_every_setting_has_a_variable() -> None:
    for number, each in enumerate(fields(Settings), start=3):
        changed = Settings.from_environment({PREFIX + each.name.upper(): str(number), "UNRELATED": "x"})
        assert getattr(changed, each.name) == number
        assert type(getattr(changed, each.name)) is type(each.default)
        assert sum(getattr(changed, other.name) != other.default for other in fields(Settings)) <= 1


def test_nothing_set_gives_the_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    for each in fields(Settings):
        monkeypatch.delenv(PREFIX + each.name.upper(), raising=False)
    assert Settings.from_environment() == Settings() == Settings.from_environment({})
    monkeypatch.setenv("DEADHAND_HANG_SECONDS", "1.5")
    assert Settings.from_environment().hang_seconds == 1.5


@pytest.mark.parametrize(("name", "text", "kind"), [("HANG_SECONDS", "soon", "number"), ("BATCH", "1.5", "whole number"), ("BATCH", "", "whole number"), ("MEMORY_MIB", "4G", "whole number")])
def test_a_bad_value_names_its_variable(name: str, text: str, kind: str) -> None:
    with pytest.raises(ValueError, match=f"^DEADHAND_{name}='{text}' is no {kind}; unset it or give a {kind} above 0$"):
        Settings.from_environment({"DEADHAND_" + name: text})


@pytest.mark.parametrize(("name", "text"), [("HANG_SECONDS", "nan"), ("SHRINK_SECONDS", "inf"), ("BATCH", "0"), ("CONFIRM", "-3"), ("START_SECONDS", "-0.0")])
def test_a_value_that_would_mean_nothing_is_refused(name: str, text: str) -> None:
    with pytest.raises(ValueError, match=f"^DEADHAND_{name}='{text}' is out of range; unset it or give a (whole )?number above 0$"):
        Settings.from_environment({"DEADHAND_" + name: text})


def test_a_budget_has_an_end_by_default() -> None:
    assert Budget().seconds
    assert Budget().programs is None
