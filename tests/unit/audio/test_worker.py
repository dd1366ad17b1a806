"""A hostile file takes down the worker at most; the store never sees half a clip."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path

import psutil
import pytest

from audio import worker
from audio.clip import Limits, Progress
from audio.errors import AudioError
from audio.prepare import prepare
from audio.store import Store
from tests.unit.audio import sounds

OTHERS: set[int] = set()
"""Children that other tests of this process left, before the one at hand."""


@pytest.fixture
def store(tmp_path: Path) -> Store:
    OTHERS.update(child.pid for child in psutil.Process().children())
    return Store(tmp_path / "store")


def left_behind(tmp_path: Path) -> list[Path]:
    return [path for path in (tmp_path / "store").rglob("*") if path.is_file()]


def workers() -> list[psutil.Process]:
    """What the test at hand has started, and has not been reaped."""
    return [child for child in psutil.Process().children() if child.pid not in OTHERS]


def pretend(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, program: str) -> None:
    """Let another program stand where the worker does."""
    script = tmp_path / "fake-python"
    script.write_text(f"#!{sys.executable}\n{program}\n")
    script.chmod(0o700)
    monkeypatch.setattr(worker.sys, "executable", str(script))


def test_the_worker_makes_the_same_clip(store: Store, tmp_path: Path) -> None:
    """As `prepare` does in this process, with its progress, and nothing but the clip is left."""
    heard: list[Progress] = []
    clip = worker.prepare_in_process(sounds.PHONE, store, on_progress=heard.append)
    assert clip == prepare(sounds.PHONE, Store(tmp_path / "other"))
    assert left_behind(tmp_path) == [store.path(clip.sha256)]
    assert heard[-1].fraction == 1.0
    assert not workers()


@pytest.mark.parametrize(
    ("source", "limits", "code"),
    [
        (Path(__file__), Limits(), "audio.not-sound"),
        (Path("/nowhere/at/all.mp3"), Limits(), "audio.missing"),
        (sounds.ENGLISH, Limits(max_duration_ms=2000), "audio.too-long"),
    ],
)
def test_a_refusal_comes_through_whole(source: Path, limits: Limits, code: str, store: Store, tmp_path: Path) -> None:
    """Code and fields as in this process; the caller's limits hold over there."""
    with pytest.raises(AudioError) as refused:
        worker.prepare_in_process(source, store, limits=limits)
    assert refused.value.code == code
    if code == "audio.too-long":
        assert refused.value.fields == {"max_duration_ms": 2000}
    assert left_behind(tmp_path) == []


def test_a_worker_killed_by_a_signal_is_a_crash(store: Store, tmp_path: Path) -> None:
    """What a decoder's segmentation fault looks like from outside."""
    with pytest.raises(AudioError) as refused:
        worker.prepare_in_process(sounds.ENGLISH, store, on_progress=lambda _: os.kill(workers()[0].pid, signal.SIGSEGV))
    assert refused.value.code == "audio.crashed"
    assert refused.value.fields["exit"] == -signal.SIGSEGV
    assert left_behind(tmp_path) == []


def test_cancelling_ends_the_worker(store: Store, tmp_path: Path) -> None:
    """No process and no file remain."""
    started = threading.Event()
    with pytest.raises(AudioError) as refused:
        worker.prepare_in_process(sounds.ENGLISH, store, on_progress=lambda _: started.set(), cancelled=started.is_set)
    assert refused.value.code == "audio.cancelled"
    assert not workers()
    assert left_behind(tmp_path) == []


def test_a_worker_that_hangs_is_stopped(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that keeps a decoder busy for ever costs its time, not a thread for ever."""
    pretend(monkeypatch, tmp_path, "import time; time.sleep(60)")
    with pytest.raises(AudioError) as refused:
        worker.prepare_in_process(sounds.ENGLISH, store, timeout_s=0.3)
    assert refused.value.code == "audio.timeout"
    assert left_behind(tmp_path) == []


@pytest.mark.parametrize(
    "program",
    [
        "print('not json')",
        "print('[]')",
        "print('{\"clip\": {}}')",
        'print(\'{"clip": {"sha256": "../../x", "kind": "speech"}}\')',
        'print(\'{"refused": {"code": "made.up", "fields": {}}}\')',
        'print(\'{"refused": {"code": "audio.empty", "fields": []}}\')',
        'print(\'{"progress": {"step": "read", "fraction": "x"}}\')',
        "print('[' * 60_000)",
        "import sys; sys.stdout.write('x' * 1_000_000)",
        "raise SystemExit(3)",
        "",
    ],
)
def test_a_worker_that_was_taken_over_is_not_believed(
    program: str, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nonsense, names that lead elsewhere, endless lines, silence: all a crash, nothing in the store."""
    pretend(monkeypatch, tmp_path, program)
    with pytest.raises(AudioError) as refused:
        worker.prepare_in_process(sounds.ENGLISH, store)
    assert refused.value.code == "audio.crashed"
    assert left_behind(tmp_path) == []


def test_a_file_under_a_false_name_is_not_kept(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The caller hashes what the worker left, and believes only that."""
    program = """
import json, pathlib, sys
name = "ab" * 32
folder = pathlib.Path(sys.argv[4]) / "ab"
folder.mkdir()
(folder / name).write_bytes(b"another sound")
clip = {"sha256": name, "size": 1, "duration_ms": 1, "kind": "speech", "loudness_lufs": -16.0,
        "true_peak_dbtp": -2.0, "peaks": ""}
print(json.dumps({"clip": clip}))
"""
    pretend(monkeypatch, tmp_path, program)
    with pytest.raises(AudioError) as refused:
        worker.prepare_in_process(sounds.ENGLISH, store)
    assert refused.value.code == "audio.crashed"
    assert left_behind(tmp_path) == []


def test_the_worker_gets_no_secrets(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys in the controller's environment stay there."""
    monkeypatch.setenv("TIENGLANG_SECRET", "chim-sẻ")
    pretend(monkeypatch, tmp_path, "import os, sys; sys.exit('chim' in str(os.environ))")
    with pytest.raises(AudioError) as refused:
        worker.prepare_in_process(sounds.ENGLISH, store)
    assert refused.value.fields["exit"] == 0
