"""Preparation in a process of its own, so that a hostile file can only take itself down.

The worker (`python -m audio.worker`) gets no secrets in its environment, a cap on its memory and the
lowest priority; it writes JSON lines on stdout: {"progress": ...}*, then {"clip": ...} or {"refused": ...}.
It works in a folder that its caller made and removes; only the caller puts the result into the store,
under the hash that it computed itself. So nothing is left behind however the worker ends.
"""

from __future__ import annotations

import json
import os
import re
import resource
import selectors
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from threading import Event, Timer
from typing import Any

from audio.clip import DEFAULT_LIMITS, WHOLE, Clip, Limits, Part, Progress
from audio.errors import AudioError
from audio.store import Store, file_sha256

MAX_MEMORY = 2 << 30
"""Bytes of address space. The work needs 0.3 GB; a decompression bomb meets a wall, not the controller."""
MAX_LINE = 64 * 1024
"""Bytes. The longest line is a clip with its waveform, 2 kB."""
POLL_S = 0.1
"""How soon a cancellation is obeyed; a person doesn't feel it."""
LEAST_STEP = 0.005
"""Progress finer than this is not told: a page's bar has 200 pixels."""
SHA256 = re.compile(r"[0-9a-f]{64}")


def prepare_in_process(
    source: Path,
    store: Store,
    *,
    part: Part = WHOLE,
    on_progress: Callable[[Progress], None] = lambda progress: None,
    cancelled: Callable[[], bool] = lambda: False,
    timeout_s: float = 1_800.0,
    limits: Limits = DEFAULT_LIMITS,
) -> Clip:
    """`prepare` in a separate process; blocks, so call it from a thread.

    Errors: those of `prepare`, audio.crashed when the worker dies, audio.timeout after `timeout_s`
    (an hour of sound takes a minute or two). The callbacks run in this thread.
    """
    with store.scratch() as folder, _worker(source, folder, limits, part) as process:
        with _deadline(process, timeout_s):
            clip = _result(process, folder, on_progress, cancelled)
        made = Store(folder).path(clip.sha256)
        if not made.is_file() or file_sha256(made) != clip.sha256:
            raise AudioError("audio.crashed", reason="the worker's file is not what it says")
        store.adopt(made)
        return clip


@contextmanager
def _deadline(process: subprocess.Popen[bytes], timeout_s: float) -> Iterator[None]:
    late = Event()

    def stop() -> None:
        late.set()
        process.kill()

    timer = Timer(timeout_s, stop)
    timer.start()
    try:
        yield
    except AudioError:
        if late.is_set():  # it died of our hand, not of the file
            raise AudioError("audio.timeout", timeout_s=timeout_s) from None
        raise
    finally:
        timer.cancel()


@contextmanager
def _worker(source: Path, folder: Path, limits: Limits, part: Part) -> Iterator[subprocess.Popen[bytes]]:
    """The running worker, killed and reaped on leaving."""
    how = [json.dumps(asdict(each)) for each in (limits, part)]
    command = [sys.executable, "-m", "audio.worker", str(source.absolute()), str(folder), *how]
    try:
        with (folder / "stderr").open("wb") as stderr:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=stderr, env=_environment(), cwd=folder
            )
    except OSError as error:  # no process, no memory or no disk to be had
        raise AudioError("audio.crashed", reason=error.strerror or "cannot start") from error
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def _environment() -> dict[str, str]:
    """Only what Python needs: whoever takes the worker over finds no keys in it."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    # One BLAS thread: more would only spin on the core that the controller lives on.
    return kept | {"PYTHONPATH": str(Path(__file__).parent.parent), "OPENBLAS_NUM_THREADS": "1"}


def _result(
    process: subprocess.Popen[bytes],
    folder: Path,
    on_progress: Callable[[Progress], None],
    cancelled: Callable[[], bool],
) -> Clip:
    for line in _lines(process, cancelled):
        said = _understood(line)
        if isinstance(said, Progress):
            on_progress(said)
        elif isinstance(said, AudioError):
            raise said
        else:
            return said
    last_words = (folder / "stderr").read_bytes()[-200:].decode(errors="replace").strip()
    raise AudioError("audio.crashed", exit=process.wait(), reason=last_words)


def _lines(process: subprocess.Popen[bytes], cancelled: Callable[[], bool]) -> Iterator[bytes]:
    assert process.stdout is not None
    rest = b""
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while True:
            if cancelled():
                raise AudioError("audio.cancelled")
            if not selector.select(POLL_S):
                continue
            data = os.read(process.stdout.fileno(), MAX_LINE)
            if not data:
                return
            *whole, rest = (rest + data).split(b"\n")
            yield from whole
            if len(rest) > MAX_LINE:
                raise AudioError("audio.crashed", reason="the worker speaks without end")


def _understood(line: bytes) -> Progress | AudioError | Clip:
    """One line of the worker. Total: what is not understood is audio.crashed."""
    try:
        ((word, said),) = json.loads(line).items()
        return READERS[word](said)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return AudioError("audio.crashed", reason="the worker speaks nonsense")


def _progress(said: dict[str, Any]) -> Progress:
    if said["step"] not in ("read", "write", "check"):
        raise ValueError("not a step")
    return Progress(step=said["step"], fraction=min(1.0, max(0.0, float(said["fraction"]))))


def _refusal(said: dict[str, Any]) -> AudioError:
    code, fields = said["code"], said["fields"]
    if not all(isinstance(value, int | float | str) for value in fields.values()):
        raise ValueError("not a refusal")
    return AudioError(code, **fields)


def _clip(said: dict[str, Any]) -> Clip:
    if not SHA256.fullmatch(said["sha256"]) or said["kind"] not in ("speech", "music"):
        raise ValueError("not a clip")
    return Clip(
        sha256=said["sha256"],
        size=int(said["size"]),
        duration_ms=int(said["duration_ms"]),
        kind=said["kind"],
        loudness_lufs=float(said["loudness_lufs"]),
        true_peak_dbtp=float(said["true_peak_dbtp"]),
        peaks=bytes.fromhex(said["peaks"]),
    )


READERS: dict[str, Callable[[dict[str, Any]], Progress | AudioError | Clip]] = {
    "progress": _progress,
    "refused": _refusal,
    "clip": _clip,
}


def main(arguments: list[str]) -> int:
    """The worker's side: 0 when it made a clip, 1 when it refused; anything else is a crash."""
    source, folder, limits = Path(arguments[0]), Path(arguments[1]), Limits(**json.loads(arguments[2]))
    part = Part(**json.loads(arguments[3]))
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY, MAX_MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(10)
    parent = os.getppid()
    told = -1.0

    def on_progress(progress: Progress) -> None:
        nonlocal told
        if progress.fraction >= told + LEAST_STEP or progress.fraction == 1.0:
            told = progress.fraction
            _say(progress=asdict(progress))

    def orphaned() -> bool:
        return os.getppid() != parent  # a controller that was killed cannot cancel

    try:
        from audio.prepare import prepare  # numpy and FFmpeg: 60 MB that only the worker shall pay

        clip = prepare(source, Store(folder), part=part, on_progress=on_progress, cancelled=orphaned, limits=limits)
    except AudioError as error:
        _say(refused={"code": error.code, "fields": error.fields})
        return 1
    _say(clip={**asdict(clip), "peaks": clip.peaks.hex()})
    return 0


def _say(**line: object) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
