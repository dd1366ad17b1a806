"""Bulletins: taken in with their upload, prepared, approved, and aired if that was wished. Accepted means kept (law 2).

What a person brought is in the uploads' folder and its row is committed before anybody is told "received". A controller
that dies in the middle finds the row again and prepares it then: the same upload gives the same clip, and the wish is
fulfilled in the commit that makes the clip known, so it comes true once. A full disk or a locked database puts a bulletin
off and never ends it; one that was cancelled is cancelled in the database, for the next start too.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import msgspec

from audio.clip import WHOLE, Clip, Part, Progress
from audio.errors import AudioError
from controller.domain.airing import Klass
from controller.domain.bulletin import Bulletin, BulletinState, check_text, check_title, prepared
from controller.domain.errors import NotFound, Refused, TiengLangError, Unavailable
from controller.domain.ids import new_id
from controller.domain.rights import Actor, Deed
from controller.service.airings import Airings
from controller.service.approvals import lack_of, wish_of
from controller.service.asking import Foreseen, Wish
from controller.service.clips import PASSING, row_of
from controller.service.consenting import author_of
from controller.service.ports import Bus, ClipRow, Database, Draft, Transaction
from controller.service.rights import record, require, require_near
from controller.service.units import unit_of
from scheduler.clock import Clock

log = logging.getLogger(__name__)

MAX_WAITING = 50
"""Uploads that wait to be prepared: an hour of work for one worker, and 15 GB of disk at the very most."""


RETRY_S = 10.0
"""After a full disk or a locked database: a person needs minutes to make room, and a try costs a whole preparation."""

LOOK_S = 1.0
"""How often the list is looked at although nobody called: another controller may have taken something in."""


class Prepare(Protocol):
    """Makes a clip of a file, in a process of its own; AudioError when it can't. Called from a worker thread."""

    def __call__(
        self, source: Path, *, part: Part, on_progress: Callable[[Progress], None], cancelled: Callable[[], bool]
    ) -> Clip: ...


OFFERED = 300
"""Bulletins offered in one list: a year of a commune that makes one each working day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BulletinView:
    """A bulletin as a person sees it. `progress` 0..1 while its sound is prepared; `error` is (code, fields)."""

    bulletin: Bulletin
    preparing: bool
    progress: float
    error: tuple[str, dict[str, object]] | None
    airing: str | None
    clip: ClipRow | None


class Bulletins:
    """Takes in, shows and prepares bulletins. Thread-safe; `work` is for one worker thread."""

    def __init__(
        self,
        *,
        database: Database,
        airings: Airings,
        prepare: Prepare,
        uploads: Path,
        clock: Clock,
        bus: Bus,
        may_prepare: Callable[[], bool] = lambda: True,
    ) -> None:
        """While `may_prepare` says no, `work` waits, and what it had begun is given up: it is prepared elsewhere."""
        self._database = database
        self._may_prepare = may_prepare
        self._airings = airings
        self._prepare = prepare
        self._uploads = uploads
        self._clock = clock
        self._bus = bus
        self._progress: dict[str, float] = {}
        self._cancelled: set[str] = set()
        self._filled = threading.Event()
        self._closed = False

    def receive(
        self,
        upload: Path,
        *,
        title: str,
        klass: Klass,
        language: str,
        owner: str,
        by: Actor,
        wish: Wish | None = None,
        kind: str = "",
        until_ms: int | None = None,
        text: str = "",
        part: Part = WHOLE,
        key: str | None = None,
    ) -> Bulletin:
        """Take in a file (moved away from `upload`) and commit its bulletin; the sound of that `part` is prepared after.

        With a `kind` it is a notice that programmes take, until `until_ms`. What this person sent under this `key` before is
        the same bulletin: it is given back, and nothing is taken in.
        """
        if klass is Klass.EMERGENCY:
            raise Refused("bulletin.emergency")  # an emergency has its own page, key and second step
        now_ms = self._clock.now_ms()
        bulletin = Bulletin(
            id=new_id(now_ms),
            owner=owner,
            title=check_title(title),
            klass=klass,
            language=language,
            state=BulletinState.DRAFT,
            created_ms=now_ms,
            created_by=by.id,
            kind=kind,
            until_ms=until_ms,
            text=check_text(text),
        )
        kept = self._keep(upload, bulletin.id)
        wished = msgspec.json.encode(wish).decode() if wish else None
        try:
            draft = Draft(bulletin=bulletin, upload=kept.name, wish=wished, error=None, airing=None, key=key, part=part)
            first = self._add(draft, wish, by)
        except BaseException:
            kept.unlink(missing_ok=True)
            raise
        if first is not None:
            kept.unlink(missing_ok=True)
            return first.bulletin
        self._filled.set()
        return bulletin

    def view(self, bulletin_id: str, *, by: Actor) -> BulletinView:
        """The bulletin and how far its sound is."""
        with self._database.reading() as tx:
            draft = _get(tx, bulletin_id)
            require_near(by, unit_of(tx, draft.bulletin.owner))
            clip = tx.bulletins.clip(draft.bulletin.clip) if draft.bulletin.clip else None
        return BulletinView(
            bulletin=draft.bulletin,
            preparing=draft.upload is not None,
            progress=1.0 if clip else self._progress.get(bulletin_id, 0.0),
            error=msgspec.json.decode(draft.error, type=tuple[str, dict[str, object]]) if draft.error else None,
            airing=draft.airing,
            clip=clip,
        )

    def sayable(self, *, by: Actor) -> list[tuple[Bulletin, int]]:
        """What a programme may be made of, and how long each is (ms): the newest within reach first, at most OFFERED."""
        with self._database.reading() as tx:
            return tx.bulletins.approved(OFFERED, by.reach)

    def cancel(self, bulletin_id: str, *, by: Actor) -> None:
        """Give up preparing it, for good; what is prepared already stays."""
        with self._database.writing() as tx:
            draft = _get(tx, bulletin_id)
            place = unit_of(tx, draft.bulletin.owner)
            require(by, Deed.BULLETIN_CANCEL, [place])
            if draft.upload is None:
                return
            record(tx, by, Deed.BULLETIN_CANCEL, [place], subject=bulletin_id, at_ms=self._clock.now_ms())
            tx.bulletins.change(replace(draft, upload=None, error=_told(AudioError("audio.cancelled"))))
        self._cancelled.add(bulletin_id)
        (self._uploads / draft.upload).unlink(missing_ok=True)
        self._bus.bulletin_changed(bulletin_id)

    def work(self) -> None:
        """Prepare what waits, oldest first, until `close`. For one worker thread of its own.

        A bulletin that can't be prepared now is put off, those behind it are not; Unavailable when even the list can't be read.
        """
        while True:
            self._filled.clear()
            if self._closed:
                return
            waiting = self._waiting() if self._may_prepare() else []
            put_off = [draft for draft in waiting if not self._is_over() and not self._try(draft)]
            if put_off:
                self._filled.wait(RETRY_S)
            elif not waiting:
                self._filled.wait(LOOK_S)

    def close(self) -> None:
        """End `work` soon; what is half prepared is prepared again at the next start."""
        self._closed = True
        self._filled.set()

    def _waiting(self) -> list[Draft]:
        with self._database.reading() as tx:
            return tx.bulletins.unprepared()

    def _is_over(self) -> bool:
        return self._closed or not self._may_prepare()

    def _add(self, draft: Draft, wish: Wish | None, by: Actor) -> Draft | None:
        """Commit it; or give what this person sent under its key before."""
        said = draft.bulletin
        with self._database.writing() as tx:
            first = tx.bulletins.keyed(by.id, draft.key) if draft.key else None
            if first is None:
                _check(tx, said.owner, wish, by)
                place, told = unit_of(tx, said.owner), {"title": said.title, "to": list(wish.to) if wish else []}
                record(tx, by, Deed.BULLETIN_RECEIVE, [place], subject=said.id, at_ms=said.created_ms, **told)
                tx.bulletins.add(draft)
            return first

    def _keep(self, upload: Path, bulletin_id: str) -> Path:
        """Move the upload to its own name, on the disk when this returns."""
        kept = self._uploads / bulletin_id
        try:
            self._uploads.mkdir(parents=True, exist_ok=True)
            with upload.open("rb") as file:
                os.fsync(file.fileno())
            os.replace(upload, kept)
            folder = os.open(self._uploads, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as error:
            raise Unavailable("disk.full", detail=str(error)) from error
        return kept

    def _try(self, draft: Draft) -> bool:
        """Prepare it; False when it has to be tried again."""
        try:
            self._prepare_one(draft)
        except (AudioError, Unavailable) as error:
            log.warning("bulletin %s waits: %s", draft.bulletin.id, error)
            return False
        except Exception:
            log.exception("bulletin %s waits", draft.bulletin.id)
            return False
        return True

    def _prepare_one(self, draft: Draft) -> None:
        name = draft.bulletin.id
        source = self._uploads / (draft.upload or "")
        try:
            clip = self._prepare(
                source,
                part=draft.part,
                on_progress=lambda progress: self._progressed(name, progress),
                cancelled=lambda: self._is_over() or name in self._cancelled,
            )
        except AudioError as error:
            if self._is_over():
                return
            if error.code in PASSING:
                raise
            with self._database.writing() as tx:
                _end(tx, replace(draft, error=_told(error)))
        else:
            self._prepared(draft, clip)
        finally:
            self._progress.pop(name, None)
            self._cancelled.discard(name)
        source.unlink(missing_ok=True)
        self._bus.bulletin_changed(name)

    def _progressed(self, bulletin_id: str, progress: Progress) -> None:
        self._progress[bulletin_id] = progress.fraction
        self._bus.bulletin_changed(bulletin_id)

    def _prepared(self, draft: Draft, clip: Clip) -> None:
        """One commit: the clip, the approval, and what was wished of it."""
        row = row_of(clip, self._clock.now_ms())
        done = self._with_sound(draft, row)
        try:
            self._fulfil(done, row, self._foresee(done, row))
        except Unavailable:
            raise
        except TiengLangError as error:  # the wish can't be: the sound stays, the person is told why
            self._fulfil(replace(done, wish=None, error=_told(error)), row, None)
        self._bus.outbox_filled()

    def _with_sound(self, draft: Draft, clip: ClipRow) -> Draft:
        """It may be said, or it waits for somebody's yes: as its units want it, of whoever brought it."""
        now_ms, said = self._clock.now_ms(), draft.bulletin
        wish = wish_of(draft)
        with self._database.reading() as tx:
            lack = lack_of(tx, draft, clip, now_ms) if wish is not None or said.kind else None
        return replace(draft, bulletin=prepared(said, clip.sha256, now_ms, asks=lack is not None))

    def _foresee(self, done: Draft, clip: ClipRow) -> Foreseen | None:
        wish = wish_of(done)
        if wish is None or done.bulletin.state is not BulletinState.APPROVED:
            return None
        return self._airings.foresee(done.bulletin, clip, wish, by=done.bulletin.created_by)

    def _fulfil(self, done: Draft, clip: ClipRow, foreseen: Foreseen | None) -> None:
        """Write what was prepared, and air it if that is wished; nothing if it was cancelled meanwhile."""
        with self._database.writing() as tx:
            tx.bulletins.add_clip(clip)
            if not _end(tx, done):
                return
            said = done.bulletin
            if said.kind and said.state is BulletinState.APPROVED:
                tx.replans.mark([said.owner], self._clock.now_ms())
            if foreseen is not None:
                self._airings.fulfil_within(tx, replace(done, upload=None), foreseen, by=author_of(tx, said))


def _end(tx: Transaction, draft: Draft) -> bool:
    """Write that nothing is to be prepared any more, unless somebody cancelled it: then that stands, and this is False."""
    if _get(tx, draft.bulletin.id).upload is None:
        return False
    tx.bulletins.change(replace(draft, upload=None))
    return True


def _check(tx: Transaction, owner: str, wish: Wish | None, by: Actor) -> None:
    require(by, Deed.BULLETIN_RECEIVE, [unit_of(tx, owner)])
    require(by, Deed.AIRING_SAY, [unit_of(tx, unit) for unit in (wish.to if wish else ())])
    if len(tx.bulletins.unprepared()) >= MAX_WAITING:
        raise Unavailable("bulletin.many-waiting", limit=MAX_WAITING)


def _get(tx: Transaction, bulletin_id: str) -> Draft:
    draft = tx.bulletins.get(bulletin_id)
    if draft is None:
        raise NotFound("bulletin.unknown", bulletin=bulletin_id)
    return draft


def _told(error: AudioError | TiengLangError) -> str:
    return msgspec.json.encode((error.code, error.fields)).decode()
