"""A village's plan: the list of its coming airings that its nodes hold, so that a dead link silences nobody."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType

from audio.errors import AudioError
from controller.domain.airing import Airing
from controller.protocol import topics
from controller.protocol.codec import DecodeError, decode, encode
from controller.protocol.messages import PlanBody, PlanHead, PlanItem, Use
from controller.service.binding import horizon_ms
from controller.service.kept import HORIZON_H
from controller.service.keyring import Keyring
from controller.service.letters import letter
from controller.service.ports import Bus, Database, Document, FileStore, Letter, Transaction
from controller.service.versions import believable, next_version
from scheduler.clock import Clock

HORIZON_MS = HORIZON_H * 3_600_000

FARTHEST_MS = 7 * 24 * 3_600_000
"""A week: as far as a unit may be planned ahead, where storms cut off."""

MAX_ITEMS = 2_000
"""Items that a plan may carry (docs/wire.md). With more to come it ends where the first one would not fit."""

RENEW_MS = HORIZON_MS // 2
"""A plan that is good for less than a day more is written anew."""


class Plans:
    """Writes plans. Within the caller's commit, or its own (`renew`)."""

    def __init__(self, *, database: Database, keyring: Keyring, files: FileStore, clock: Clock, bus: Bus) -> None:
        self._database = database
        self._keyring = keyring
        self._files = files
        self._clock = clock
        self._bus = bus

    def replan(
        self, tx: Transaction, villages: Collection[str], now_ms: int, reported: Mapping[str, int] = MappingProxyType({})
    ) -> None:
        """Write these villages' plans as the airings in this commit say; each gets a new version and a letter.

        `reported`: a version by village that a node holds, and that the new one shall be above.
        """
        known = tx.documents.get("plan", villages)
        ahead = _horizons(tx, villages)
        written = [
            self._write(tx, village, known.get(village), now_ms, ahead[village], reported.get(village, 0)) for village in villages
        ]
        tx.documents.set(written)
        tx.outbox.supersede("plan", villages)
        tx.outbox.add(_letter(plan, now_ms) for plan in written)

    def overtake(self, tx: Transaction, reported: Mapping[str, int], now_ms: int) -> None:
        """Write anew the plans of villages whose nodes hold newer ones than ours: our database was restored (rule 6)."""
        reported = {village: believable(version, now_ms) for village, version in reported.items()}
        known = tx.documents.get("plan", reported.keys())
        ours = {village: document.version for village, document in known.items()}
        behind = [village for village, version in reported.items() if ours.get(village, 0) < version]
        self.replan(tx, behind, now_ms, reported)

    def renew(self) -> int:
        """Bring in what the horizon reached and renew plans that grow old; says how many were written."""
        now_ms = self._clock.now_ms()
        with self._database.writing() as tx:
            villages = tx.airings.villages_coming(now_ms, now_ms + FARTHEST_MS)
            known, ahead = tx.documents.get("plan", villages), _horizons(tx, villages)
            stale = [village for village in villages if self._is_stale(tx, village, known.get(village), now_ms, ahead[village])]
            if stale:
                self.replan(tx, stale, now_ms)
        if stale:
            self._bus.outbox_filled()
        return len(stale)

    def _is_stale(self, tx: Transaction, village: str, known: Document | None, now_ms: int, ahead_ms: int) -> bool:
        coming = tx.airings.coming(village, now_ms, now_ms + ahead_ms)
        if known is None or known.valid_ms < now_ms + RENEW_MS:
            return bool(coming)
        body = self._body(known)
        if body is None:
            return True
        held = {item.airing for item in body.items}
        return any(airing.id not in held for airing in coming)

    def _body(self, known: Document) -> PlanBody | None:
        try:
            with self._files.open(known.body or "") as file:
                return decode(PlanBody, file.read())
        except (AudioError, DecodeError):
            return None  # lost or damaged: it is written anew

    def _write(
        self, tx: Transaction, village: str, known: Document | None, now_ms: int, ahead_ms: int, reported: int
    ) -> Document:
        version = next_version(known.version if known else 0, now_ms, reported)
        coming = tx.airings.coming(village, now_ms, now_ms + ahead_ms)
        valid_ms = coming[MAX_ITEMS].start_ms if len(coming) > MAX_ITEMS else now_ms + ahead_ms
        items = tuple(_item(airing) for airing in coming if airing.start_ms < valid_ms)
        body = encode(PlanBody(village=village, version=version, valid_until=valid_ms, items=items))
        sha256 = self._files.put_bytes(body)
        head = PlanHead(
            iss=self._keyring.issuer,
            aud=village,
            iat=now_ms,
            exp=valid_ms,
            version=version,
            sha256=sha256,
            size=len(body),
        )
        sealed = self._keyring.sign(Use.PLAN, head)
        return Document(kind="plan", subject=village, version=version, sealed=sealed, body=sha256, valid_ms=valid_ms)


def _horizons(tx: Transaction, villages: Collection[str]) -> dict[str, int]:
    """How far ahead each village is planned."""
    kept = tx.policies.all()
    places = {village: tx.units.get(village) for village in villages} if kept else {}
    return {village: horizon_ms(place.path if (place := places.get(village)) else (), kept) for village in villages}


def _letter(plan: Document, now_ms: int) -> Letter:
    return letter(topics.village_plan(plan.subject), "plan", plan.subject, plan.subject, plan.sealed, now_ms, plan.valid_ms)


def _item(airing: Airing) -> PlanItem:
    return PlanItem(
        airing=airing.id,
        rev=airing.rev,
        start=airing.start_ms,
        grace=airing.grace_ms,
        duration=airing.duration_ms,
        klass=airing.klass,
        rank=airing.rank,
        sha256=airing.sha256,
        size=airing.size,
        gain=airing.gain,
        language=airing.language,
    )
