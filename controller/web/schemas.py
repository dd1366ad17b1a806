"""What the API takes and gives, as OpenAPI shows it. Moments are RFC 3339 with an offset, lengths whole ms, gains 0.1 dB."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, PlainSerializer

from controller.domain.airing import DEFAULT_GRACE_MS, DEFAULT_LEAD_MS, MAX_DURATION_MS, MIN_GRACE_MS, Klass
from controller.domain.bulletin import BulletinState
from controller.domain.unit import Level, Unit
from controller.protocol.keys import Provision
from controller.service.asking import Wish
from controller.service.bulletins import BulletinView
from controller.service.nodes import NodeView
from controller.service.ports import ClipRow
from controller.web.errors import problem
from scheduler.clock import moment, to_ms

MAX_LEAD_MS = 600_000
"""Ten minutes: longer ahead is a time of its own."""


def _rfc3339(when: datetime) -> str:
    return when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


Moment = Annotated[AwareDatetime, PlainSerializer(_rfc3339, return_type=str)]
Id = Annotated[str, Field(pattern=r"^[a-z0-9-]{1,36}$", examples=["x01654-1"])]
Text = Annotated[str, Field(max_length=200)]


class Model(BaseModel):
    """Unknown members are refused: a typo is an error, not a silence."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class Problem(Model):
    """Any error. `code` is stable; the two sentences are for people."""

    code: str = Field(examples=["airing.no-units"])
    message_vi: str = Field(examples=["Chưa chọn thôn nào."])
    message_en: str = Field(examples=["No village is chosen."])
    fields: dict[str, Any] = Field(examples=[{}])


class UnitOut(Model):
    """A place in the tree."""

    id: Id
    parent: Id | None = Field(examples=["x01654"])
    level: Level = Field(examples=["village"])
    name: str = Field(examples=["Pác Rằng"])
    path: list[Id] = Field(examples=[["p04", "x01654", "x01654-1"]])

    @classmethod
    def of(cls, unit: Unit) -> UnitOut:
        """The unit as the API says it."""
        return cls(id=unit.id, parent=unit.parent, level=unit.level, name=unit.name, path=list(unit.path))


class UnitIn(Model):
    """A place to add below another."""

    parent: Id = Field(examples=["x01654"])
    name: Text = Field(examples=["Pác Rằng"])


class ImportIn(Model):
    """An official commune, by the code of the General Statistics Office; its province comes with it."""

    code: str = Field(pattern=r"^\d{5}$", examples=["01654"])


class NodeOut(Model):
    """A loudspeaker cluster. `seen` is when it last spoke, null when it never did; versions are of the documents it holds."""

    id: Id = Field(examples=["x01654-1-l1"])
    name: str = Field(examples=["Pác Rằng 1"])
    village: Id = Field(examples=["x01654-1"])
    village_name: str = Field(examples=["Pác Rằng"])
    online: bool
    seen: Moment | None
    clock_error_ms: int | None = Field(description="The error bound of its clock; null: not known, or it trusts none.")
    trust: int
    config: int
    plan: int

    @classmethod
    def of(cls, view: NodeView) -> NodeOut:
        """The node as the API says it."""
        status = view.status
        return cls(
            id=view.node.id,
            name=view.node.name,
            village=view.node.village,
            village_name=view.village,
            online=status is not None and status.online,
            seen=moment(status.seen_ms) if status else None,
            clock_error_ms=status.clock_u_ms if status and status.clock_u_ms >= 0 else None,
            trust=status.trust if status else 0,
            config=status.config if status else 0,
            plan=status.plan if status else 0,
        )


class NodesIn(Model):
    """Clusters to add to a village, by name."""

    village: Id
    names: list[Text] = Field(min_length=1, max_length=10_000, examples=[["Pác Rằng 1", "Pác Rằng 2"]])


class MoveIn(Model):
    """The village in which a cluster stands from now on."""

    to: Id = Field(examples=["x01654-2"])


class RetiredOut(Model):
    """A cluster that is ours no longer, and since when."""

    node: Id = Field(examples=["x01654-1-l1"])
    retired: Moment


class ProvisionIn(Model):
    """Whose nodes are set up; null is all."""

    unit: Id | None = None


class ProvisionOut(Model):
    """What one node is given at set-up. `key` is secret."""

    node: Id
    generation: int
    key: str
    root: str
    broker: str
    bases: list[str]

    @classmethod
    def of(cls, given: Provision) -> ProvisionOut:
        """The papers as the API says them."""
        return cls(
            node=given.node,
            generation=given.generation,
            key=given.key,
            root=given.root,
            broker=given.broker,
            bases=list(given.bases),
        )


class ClipOut(Model):
    """A prepared sound, to be fetched at `url`. `peaks`: base64 of one byte a column, 255 is full scale."""

    sha256: str
    url: str
    size: int
    duration_ms: int
    kind: str = Field(examples=["speech"])
    loudness_lufs: float = Field(examples=[-16.0])
    true_peak_dbtp: float = Field(examples=[-1.8])
    peaks: str

    @classmethod
    def of(cls, clip: ClipRow) -> ClipOut:
        """The clip as the API says it."""
        return cls(
            sha256=clip.sha256,
            url=f"/clips/{clip.sha256}",
            size=clip.size,
            duration_ms=clip.duration_ms,
            kind=clip.kind,
            loudness_lufs=clip.loudness_lufs,
            true_peak_dbtp=clip.true_peak_dbtp,
            peaks=b64encode(clip.peaks).decode(),
        )


class BulletinOut(Model):
    """A bulletin. While `preparing`, `progress` runs from 0 to 1; then it has a `clip` or an `error`, and maybe an `airing`.

    With a `kind` it is a notice: programmes that take that kind air it, `until` then.
    """

    id: Id
    title: str = Field(examples=["Họp thôn tối nay"])
    klass: Klass = Field(serialization_alias="class")
    language: str = Field(examples=["vi"])
    owner: Id
    state: BulletinState
    created: Moment
    text: str = Field(description="what is read out, if that was written", examples=[""])
    kind: str = Field(examples=["hop-thon"])
    until: Moment | None = Field(description="old news after that; null: a week after its approval")
    approved: Moment | None
    note: str = Field(description="with which it was returned", examples=[""])
    preparing: bool
    progress: float = Field(ge=0, le=1)
    error: Problem | None
    clip: ClipOut | None
    airing: Id | None

    @classmethod
    def of(cls, view: BulletinView) -> BulletinOut:
        """The bulletin as the API says it."""
        said = view.bulletin
        return cls(
            id=said.id,
            title=said.title,
            klass=said.klass,
            language=said.language,
            owner=said.owner,
            state=said.state,
            text=said.text,
            created=moment(said.created_ms),
            kind=said.kind,
            until=None if said.until_ms is None else moment(said.until_ms),
            approved=None if said.approved_ms is None else moment(said.approved_ms),
            note=said.note,
            preparing=view.preparing,
            progress=round(view.progress, 3),
            error=Problem(**problem(*view.error)) if view.error else None,
            clip=ClipOut.of(view.clip) if view.clip else None,
            airing=view.airing,
        )


class WishIn(Model):
    """Where and when. `at` null is now: nodes begin together `lead_ms` from now.

    If something is in its way at its time it waits, until `latest` at most; null: it is refused.
    """

    to: list[Id] = Field(min_length=1, max_length=200, examples=[["x01654-1", "x01654-2"]])
    at: Moment | None = Field(default=None, examples=["2026-11-22T17:30:00+07:00", None])
    latest: Moment | None = Field(default=None, examples=[None])
    lead_ms: int = Field(default=DEFAULT_LEAD_MS, ge=0, le=MAX_LEAD_MS)
    grace_ms: int = Field(default=DEFAULT_GRACE_MS, ge=MIN_GRACE_MS, le=MAX_DURATION_MS)
    gain: int = Field(default=0, ge=-600, le=120)
    if_clear: bool = Field(
        default=False, description="only if every village hears it at its time and nothing else is changed: else airing.not-clear"
    )

    def wish(self) -> Wish:
        """The wish as the use case takes it."""
        return Wish(
            to=tuple(self.to),
            at_ms=to_ms(self.at) if self.at else None,
            latest_ms=to_ms(self.latest) if self.latest else None,
            lead_ms=self.lead_ms,
            grace_ms=self.grace_ms,
            gain=self.gain,
            if_clear=self.if_clear,
        )


class AiringIn(WishIn):
    """An approved bulletin to be said."""

    bulletin: Id
