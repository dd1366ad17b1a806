from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from errno import ENOSPC
from pathlib import Path
from typing import Any

import pytest

from audio.errors import AudioError
from controller.domain.airing import Klass
from controller.domain.bulletin import Bulletin, BulletinState
from controller.domain.delivery import State
from controller.domain.errors import NotFound, Refused, Unavailable
from controller.domain.rights import OPERATOR
from controller.service.asking import Wish
from controller.service.bulletins import MAX_WAITING, Bulletins
from controller.service.ports import Draft
from tests.support.people import admin
from tests.unit.controller.service.house import HOUR_MS, NOW_MS, House

WAIT_S = 20


def receive(
    house: House, data: bytes = b"sound", *, wish: Wish | None = None, title: str = "Họp thôn", owner: str = "x1"
) -> Bulletin:
    return house.bulletins.receive(
        house.upload(data), title=title, klass=Klass.NORMAL, language="vi", owner=owner, by=OPERATOR, wish=wish
    )


def work(house: House, bulletins: Bulletins | None = None) -> None:
    """A worker's life that ends when nothing can be done now."""
    bulletins = bulletins or house.bulletins
    idle = threading.Event()
    bulletins._filled = _Idle(idle)
    thread = threading.Thread(target=bulletins.work)
    thread.start()
    assert idle.wait(WAIT_S)
    bulletins.close()
    thread.join(WAIT_S)
    assert not thread.is_alive()


class _Idle(threading.Event):
    """Tells when the worker has nothing to do but wait."""

    def __init__(self, idle: threading.Event) -> None:
        super().__init__()
        self._idle = idle

    def wait(self, timeout: float | None = None) -> bool:
        self._idle.set()
        return super().wait()


def waiting(house: House) -> list[Draft]:
    with house.work.reading() as tx:
        return tx.bulletins.unprepared()


def uploads(house: House) -> list[str]:
    return sorted(path.name for path in house.uploads.glob("*"))


@contextmanager
def locked(house: House) -> Iterator[Callable[[], None]]:
    """The database fails every commit until told otherwise."""
    real = house.work.writing

    def away() -> Any:
        raise Unavailable("database.locked")

    house.work.writing = away  # type: ignore[method-assign]

    def again() -> None:
        house.work.writing = real  # type: ignore[method-assign]

    try:
        yield again
    finally:
        again()


def test_received_means_that_its_row_is_committed_and_its_file_is_ours(house: House) -> None:
    upload = house.upload(b"noise")
    bulletin = house.bulletins.receive(
        upload, title="  Họp \n thôn ", klass=Klass.PRIORITY, language="tay", owner="x1", by=admin()
    )
    assert (bulletin.title, bulletin.klass, bulletin.state) == ("Họp thôn", Klass.PRIORITY, BulletinState.DRAFT)
    assert [draft.bulletin for draft in waiting(house)] == [bulletin]
    assert not upload.exists()
    assert (house.uploads / bulletin.id).read_bytes() == b"noise"
    assert house.bulletins.view(bulletin.id, by=admin()).preparing


def test_its_sound_is_prepared_it_is_approved_and_the_upload_is_gone(house: House) -> None:
    bulletin = receive(house)
    work(house)
    view = house.bulletins.view(bulletin.id, by=admin())
    assert (view.preparing, view.progress, view.error, view.bulletin.state) == (False, 1.0, None, BulletinState.APPROVED)
    assert view.clip is not None
    assert view.clip.sha256 == view.bulletin.clip
    assert uploads(house) == []
    assert house.bus.bulletins[bulletin.id] >= 2


def test_what_was_wished_comes_true_in_the_commit_that_makes_the_sound_known(house: House) -> None:
    bulletin = receive(house, wish=Wish(to=("x1-1",), at_ms=NOW_MS + HOUR_MS))
    work(house)
    (airing,) = house.reports.recent(by=admin())
    assert airing.airing.id == house.bulletins.view(bulletin.id, by=admin()).airing
    assert airing.airing.start_ms == NOW_MS + HOUR_MS
    assert set(house.states(airing.airing).values()) == {State.PLANNED}
    assert house.bus.filled == 1


def test_a_controller_that_died_before_preparing_prepares_it_at_its_next_start(house: House) -> None:
    bulletin = receive(house, wish=Wish(to=("x1-1",)))
    work(house, house.new_bulletins())
    assert house.bulletins.view(bulletin.id, by=admin()).airing is not None


def test_dying_between_preparing_and_commit_fulfils_the_wish_once(house: House) -> None:
    bulletin = receive(house, wish=Wish(to=("x1-1",)))
    with locked(house):
        work(house)
    assert len(house.prepare.prepared) == 1
    assert house.bulletins.view(bulletin.id, by=admin()).preparing
    assert house.reports.recent(by=admin()) == []
    for _ in range(2):
        work(house, house.new_bulletins())
    assert len(house.reports.recent(by=admin())) == 1
    assert uploads(house) == []


def test_a_wish_that_can_not_be_keeps_the_sound_and_tells_why(house: House) -> None:
    house.say("x1-1")
    bulletin = receive(house, wish=Wish(to=("x1",), at_ms=NOW_MS + 5_000))
    work(house)
    view = house.bulletins.view(bulletin.id, by=admin())
    assert view.error is not None
    assert (view.error[0], view.error[1]["village"]) == ("airing.overlap", "Pác Rằng")
    assert (view.bulletin.state, view.airing, view.preparing) == (BulletinState.APPROVED, None, False)
    assert view.clip is not None
    assert len(house.reports.recent(by=admin())) == 1


def test_a_wish_whose_time_went_by_while_it_waited_is_told_to_be_past(house: House) -> None:
    bulletin = receive(house, wish=Wish(to=("x1-1",), at_ms=NOW_MS + 1_000))
    house.clock.advance(2_000)
    work(house)
    assert house.bulletins.view(bulletin.id, by=admin()).error == ("airing.past", {"at_ms": NOW_MS + 1_000})


def test_a_bad_sound_leaves_its_reason_and_no_upload(house: House) -> None:
    bulletin = receive(house)
    house.prepare.trouble = [AudioError("audio.truncated")]
    work(house)
    view = house.bulletins.view(bulletin.id, by=admin())
    assert (view.error, view.preparing, view.clip) == (("audio.truncated", {}), False, None)
    assert uploads(house) == []
    assert view.bulletin.state is BulletinState.DRAFT


@pytest.mark.parametrize(
    "trouble", [AudioError("store.full"), AudioError("store.failed"), OSError(ENOSPC, "full"), ZeroDivisionError()]
)
def test_a_disk_that_is_full_for_a_while_loses_nothing_and_stops_nobody_behind(small: House, trouble: Exception) -> None:
    first, second = receive(small, b"1"), receive(small, b"2")
    small.prepare.trouble = [trouble]
    work(small)
    assert [draft.bulletin.id for draft in waiting(small)] == [first.id]
    assert small.bulletins.view(second.id, by=admin()).clip is not None
    work(small, small.new_bulletins())
    assert small.bulletins.view(first.id, by=admin()).clip is not None


def test_a_full_disk_that_meets_the_plan_of_a_wish_puts_it_off_too(small: House) -> None:
    bulletin = receive(small, wish=Wish(to=("x1-1",), at_ms=NOW_MS + HOUR_MS))

    def full(_: bytes) -> str:
        raise AudioError("store.full")

    small.plans._files = type("Full", (), {"put_bytes": staticmethod(full)})()
    work(small)
    assert small.bulletins.view(bulletin.id, by=admin()).preparing
    assert small.reports.recent(by=admin()) == []
    small.plans._files = small.files
    work(small, small.new_bulletins())
    assert small.bulletins.view(bulletin.id, by=admin()).airing is not None


def test_a_cancelled_one_is_not_prepared_and_not_aired_even_after_a_restart(house: House) -> None:
    bulletin = receive(house, wish=Wish(to=("x1-1",)))
    house.bulletins.cancel(bulletin.id, by=admin())
    view = house.bulletins.view(bulletin.id, by=admin())
    assert (view.preparing, view.error) == (False, ("audio.cancelled", {}))
    assert uploads(house) == []
    work(house, house.new_bulletins())
    assert house.prepare.prepared == []
    assert house.reports.recent(by=admin()) == []


def test_one_that_is_cancelled_while_it_is_prepared_is_not_aired(house: House) -> None:
    bulletin = receive(house, wish=Wish(to=("x1-1",)))
    house.prepare.meanwhile = lambda: house.bulletins.cancel(bulletin.id, by=admin())
    work(house)
    assert len(house.prepare.prepared) == 1
    assert house.bulletins.view(bulletin.id, by=admin()).error == ("audio.cancelled", {})
    assert house.reports.recent(by=admin()) == []
    assert uploads(house) == []


def test_cancelling_what_is_prepared_changes_nothing_and_what_is_unknown_is_told(house: House) -> None:
    bulletin = receive(house)
    work(house)
    before = house.bulletins.view(bulletin.id, by=admin())
    house.bulletins.cancel(bulletin.id, by=admin())
    assert house.bulletins.view(bulletin.id, by=admin()) == before
    with pytest.raises(NotFound):
        house.bulletins.cancel("nothing", by=admin())


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"owner": "x77"}, "unit.unknown"),
        ({"wish": Wish(to=("x77",))}, "unit.unknown"),
        ({"title": "  "}, "bulletin.title-empty"),
        ({"title": "x" * 201}, "bulletin.title-long"),
    ],
)
def test_what_is_refused_leaves_no_row_and_no_upload(small: House, change: dict[str, Any], code: str) -> None:
    with pytest.raises((Refused, NotFound)) as refused:
        receive(small, **change)
    assert refused.value.code == code
    assert waiting(small) == []
    assert uploads(small) == []


def test_an_emergency_is_no_bulletin(small: House) -> None:
    with pytest.raises(Refused) as refused:
        small.bulletins.receive(small.upload(), title="Lũ", klass=Klass.EMERGENCY, language="vi", owner="x1", by=admin())
    assert refused.value.code == "bulletin.emergency"


def test_too_many_that_wait_are_told_so(small: House) -> None:
    for number in range(MAX_WAITING):
        receive(small, str(number).encode())
    with pytest.raises(Unavailable) as many:
        receive(small)
    assert many.value.code == "bulletin.many-waiting"
    assert len(uploads(small)) == MAX_WAITING


def test_a_database_that_fails_at_the_commit_is_told_and_leaves_no_upload(small: House) -> None:
    with locked(small), pytest.raises(Unavailable) as away:
        receive(small)
    assert away.value.code == "database.locked"
    assert uploads(small) == []


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_full_disk_at_the_door_is_a_code(small: House, call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(ENOSPC, "No space left on device")

    monkeypatch.setattr(os, call, full)
    with pytest.raises(Unavailable) as told:
        receive(small)
    monkeypatch.undo()
    assert told.value.code == "disk.full"
    assert waiting(small) == []


def test_a_folder_that_can_not_be_made_is_a_code(small: House) -> None:
    small.folder.mkdir(parents=True, exist_ok=True)
    small.uploads.write_bytes(b"a file where the folder should be")
    with pytest.raises(Unavailable) as told:
        receive(small)
    assert told.value.code == "disk.full"


def test_closing_ends_the_worker_in_the_middle_and_the_bulletin_waits_for_the_next_start(small: House) -> None:
    bulletin = receive(small)
    begun, thread = threading.Event(), threading.Thread(target=small.bulletins.work)

    def prepare(source: Path, *, part: object, on_progress: object, cancelled: Callable[[], bool]) -> Any:
        begun.set()
        while not cancelled():
            pass
        raise AudioError("audio.cancelled")

    small.bulletins._prepare = prepare
    thread.start()
    assert begun.wait(WAIT_S)
    small.bulletins.close()
    thread.join(WAIT_S)
    assert not thread.is_alive()
    assert [draft.bulletin.id for draft in waiting(small)] == [bulletin.id]
    assert uploads(small) == [bulletin.id]


def test_a_worker_that_sleeps_wakes_for_what_comes_and_for_the_end(small: House) -> None:
    thread = threading.Thread(target=small.bulletins.work)
    thread.start()
    bulletin = receive(small)
    end = threading.Event()
    for _ in range(2_000):
        if not small.bulletins.view(bulletin.id, by=admin()).preparing:
            break
        end.wait(0.01)
    small.bulletins.close()
    thread.join(WAIT_S)
    assert not thread.is_alive()
    assert small.bulletins.view(bulletin.id, by=admin()).clip is not None


def test_a_notice_is_approved_with_its_sound_and_its_unit_is_planned_anew_in_the_same_commit(house: House) -> None:
    plain = receive(house)
    house.clock.advance(1_000)
    notice = house.bulletins.receive(
        house.upload(b"other"),
        title="Họp thôn",
        klass=Klass.NORMAL,
        language="nut",
        owner="x1-1",
        by=admin(),
        kind="hop-thon",
        until_ms=NOW_MS + HOUR_MS,
    )
    with house.work.reading() as tx:
        assert tx.bulletins.notices(NOW_MS) == []
    house.clock.advance(5_000)
    work(house)
    with house.work.reading() as tx:
        [waiting] = tx.bulletins.notices(house.clock.now_ms())
    assert (waiting.piece.source, waiting.owner, waiting.kind, waiting.until_ms) == (
        notice.id,
        "x1-1",
        "hop-thon",
        NOW_MS + HOUR_MS,
    )
    assert waiting.since_ms == NOW_MS + 6_000
    assert house.bulletins.view(plain.id, by=admin()).bulletin.approved_ms == NOW_MS + 6_000
    assert house.waiting() == ["x1-1"]


def test_one_that_may_not_prepare_leaves_it_and_does_so_once_it_may(small: House) -> None:
    may_prepare = False
    bulletins = Bulletins(
        airings=small.airings, prepare=small.prepare, uploads=small.uploads, may_prepare=lambda: may_prepare, **small.common
    )
    bulletin = receive(small)
    work(small, bulletins)
    assert small.prepare.prepared == []
    may_prepare = True
    bulletins._closed = False
    work(small, bulletins)
    assert small.prepare.prepared == [bulletin.id]


def test_one_that_may_no_more_in_the_middle_gives_up_and_tells_nobody(small: House) -> None:
    allowed = [True, True]
    bulletins = Bulletins(
        airings=small.airings,
        prepare=small.prepare,
        uploads=small.uploads,
        may_prepare=lambda: bool(allowed) and allowed.pop(),
        **small.common,
    )
    bulletin = receive(small)
    work(small, bulletins)
    assert small.prepare.prepared == []
    assert [(draft.bulletin.id, draft.error) for draft in waiting(small)] == [(bulletin.id, None)]
    assert (small.uploads / bulletin.id).exists(), "the other prepares it"
