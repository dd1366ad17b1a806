from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.bench import __main__ as runner

FIGURE = {
    "name": "ingest",
    "value": 9100.0,
    "unit": "receipts/s",
    "floor": 21000.0,
    "ratio": 0.43,
    "bar": ">= 0.35",
    "holds": True,
}


def test_a_run_of_one_bench_leaves_the_others_last_figures(tmp_path: Path) -> None:
    path = tmp_path / "var" / "bench.json"
    runner.keep([FIGURE, FIGURE | {"name": "start"}], path)
    runner.keep([FIGURE | {"value": 1.0}], path)
    assert [(figure["name"], figure["value"]) for figure in json.loads(path.read_text())] == [("ingest", 1.0), ("start", 9100.0)]


def test_a_figure_without_its_floor_or_bar_is_refused() -> None:
    with pytest.raises(ValueError, match="a figure has the fields"):
        runner.checked({"name": "ingest", "value": 1.0})


@pytest.mark.parametrize(("holds", "code"), [(True, 0), (False, 1)])
def test_the_exit_code_says_whether_every_bar_holds(
    holds: bool, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(runner, "RESULTS", tmp_path / "bench.json")
    monkeypatch.setattr(runner, "benches", lambda only: [("ingest", lambda: [FIGURE | {"holds": holds}])])
    assert runner.main() == code
    assert "0.43   >= 0.35" in capsys.readouterr().out


def test_a_bench_that_breaks_does_not_hide_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(runner, "RESULTS", tmp_path / "bench.json")
    monkeypatch.setattr(runner, "benches", lambda only: [("broken", lambda: [{}]), ("ingest", lambda: [FIGURE])])
    assert runner.main() == 1
    assert "ingest" in capsys.readouterr().out
    assert len(json.loads((tmp_path / "bench.json").read_text())) == 1
