"""An airing and its ledger as the API and the page see them: the answer, the counts, and every loudspeaker by village."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from controller.domain.airing import Klass, Mode
from controller.domain.delivery import Evidence, State
from controller.service.ports import Delivery
from controller.service.reports import NodeReport, Report, Summary
from controller.web.headline import by_name, by_state, headlines, name_order, names_of
from controller.web.schemas import Id, Model, Moment
from scheduler.clock import moment


class Sentence(Model):
    """One sentence in each language."""

    vi: str = Field(examples=["38 trên 40 cụm loa đã phát xong; im lặng: Lũng Vài 2, Khào A 1."])
    en: str = Field(examples=["38 of 40 loudspeakers have played it; silent: Lũng Vài 2, Khào A 1."])


class AiringOut(Model):
    """An airing in one line. `good` heard it, `open` have no end yet; `ended` once none is open."""

    id: Id
    bulletin: Id
    title: str = Field(examples=["Họp thôn tối nay"])
    mode: Mode
    rev: int
    units: list[Id]
    start: Moment
    grace_ms: int
    duration_ms: int
    klass: Klass = Field(serialization_alias="class")
    language: str = Field(examples=["vi"])
    gain: int
    sha256: str
    created: Moment
    cancelled: Moment | None
    repeats: Id | None = Field(description="the airing that it says again, to those that missed it")
    settles: Moment = Field(description="By then every delivery has an end.")
    total: int = Field(examples=[40])
    good: int = Field(examples=[38])
    open: int = Field(examples=[0])
    ended: bool
    counts: dict[State, int] = Field(examples=[{"finished": 38, "missed": 2}])
    summary: Sentence


class DeliveryOut(Model):
    """One loudspeaker's step on the ladder; `why` is the reason it gave, `at` when the newest word became true."""

    node: Id
    name: str = Field(examples=["Pác Rằng 1"])
    village: Id
    state: State
    why: str
    evidence: Evidence | None
    at: Moment


class VillageOut(Model):
    """One village of the ledger."""

    village: Id
    name: str = Field(examples=["Pác Rằng"])
    commune: str = Field(description="the name of what it stands in", examples=["Xã Quảng Uyên"])
    nodes: list[DeliveryOut]


class LedgerOut(Model):
    """An airing whole."""

    airing: AiringOut
    villages: list[VillageOut]


class ChangeOut(Model):
    """What moved since the last event: the airing's line, and the loudspeakers that stand elsewhere now."""

    airing: AiringOut
    nodes: list[DeliveryOut]


class EventOut(Model):
    """An event of the stream, by its `event`: `ledger` (data: Ledger) first, then `change` (data: Change)."""

    event: Literal["ledger", "change"]


def airing_out(said: Summary | Report) -> AiringOut:
    """An airing's line; a whole report also names who was silent."""
    airing, tally = said.airing, said.tally
    said_in = headlines(said, names_of(said) if isinstance(said, Report) else None)
    return AiringOut(
        id=airing.id,
        bulletin=airing.bulletin,
        title=said.title,
        mode=airing.mode,
        rev=airing.rev,
        units=list(airing.units),
        start=moment(airing.start_ms),
        grace_ms=airing.grace_ms,
        duration_ms=airing.duration_ms,
        klass=airing.klass,
        language=airing.language,
        gain=airing.gain,
        sha256=airing.sha256,
        created=moment(airing.created_ms),
        cancelled=moment(airing.cancelled_ms) if airing.cancelled_ms is not None else None,
        repeats=airing.repeats,
        settles=moment(airing.settles_ms),
        total=tally.total,
        good=tally.good,
        open=tally.open,
        ended=tally.open == 0,
        counts=by_state(tally),
        summary=Sentence(vi=said_in["vi"], en=said_in["en"]),
    )


def ledger_out(report: Report) -> LedgerOut:
    """A whole report."""
    villages = [
        VillageOut(
            village=each.village,
            name=each.name,
            commune=each.commune,
            nodes=[delivery_out(row) for row in sorted(each.nodes, key=lambda row: name_order(row.name))],
        )
        for each in by_name(report.villages)
    ]
    return LedgerOut(airing=airing_out(report), villages=villages)


def delivery_out(row: NodeReport) -> DeliveryOut:
    """One loudspeaker."""
    delivery: Delivery = row.delivery
    return DeliveryOut(
        node=row.node,
        name=row.name,
        village=delivery.village,
        state=delivery.state,
        why=delivery.why,
        evidence=delivery.evidence,
        at=moment(delivery.at_ms),
    )
