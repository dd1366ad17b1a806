"""A policy as the API takes and gives it. Times of day are local, "05:00"; lengths whole ms, gains 0.1 dB."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from pydantic import Field

from controller.domain.airing import Klass
from controller.domain.rights import Role
from controller.service.consent import Consent, Freedom
from controller.service.kept import HORIZON_H, KeptPolicy, Ruling
from controller.service.policies import MAX_HORIZON_H, Effective
from controller.web.programme_schemas import MAX_LISTED, minute_of
from controller.web.schemas import Id, Model, Moment
from scheduler.clock import moment
from scheduler.limits import ALL_DAYS, Loudness, Policy, Window, clock_of
from scheduler.special import Special

EndClock = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$", examples=["21:00"])]
Language = Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$", examples=["nut"])]


class WindowBody(Model):
    """Local times [from, to) in which sound is allowed, on ISO weekdays. A `to` that is not after `from` is on the next day."""

    begin: EndClock = Field(validation_alias="from", serialization_alias="from", examples=["05:00"])
    end: EndClock = Field(validation_alias="to", serialization_alias="to")
    days: list[int] = Field(default=list(ALL_DAYS), max_length=MAX_LISTED, examples=[[1, 2, 3, 4, 5, 6]])


def windows_said(hours: Iterable[Window]) -> list[WindowBody]:
    """Windows as the API says them."""
    return [WindowBody(begin=clock_of(each.from_minute), end=clock_of(each.to_minute), days=list(each.days)) for each in hours]


def windows_of(hours: Iterable[WindowBody]) -> tuple[Window, ...]:
    """Windows as the scheduler has them."""
    return tuple(
        Window(from_minute=minute_of(each.begin), to_minute=minute_of(each.end), days=tuple(each.days)) for each in hours
    )


class CeilingBody(Model):
    """The loudest gain (0.1 dB) in local times [from, to) of every day."""

    begin: EndClock = Field(validation_alias="from", serialization_alias="from", examples=["21:00"])
    end: EndClock = Field(validation_alias="to", serialization_alias="to", examples=["06:00"])
    gain: int = Field(ge=-600, le=120, examples=[-150])


class Limits(Model):
    """What is allowed. No `hours`: at any time; no `languages`: every one; null: no limit."""

    utc_offset: int = Field(default=420, description="minutes")
    hours: list[WindowBody] = Field(default=[], max_length=MAX_LISTED)
    ceilings: list[CeilingBody] = Field(default=[], max_length=MAX_LISTED)
    item_ms: int | None = Field(default=None, description="the longest single sound", examples=[None])
    session_ms: int | None = Field(
        default=None, description="the longest sound without a pause of ten minutes", examples=[2_700_000]
    )
    sessions: int | None = Field(default=None, description="how often a day sound may begin anew", examples=[2])
    languages: list[Language] = Field(default=[], max_length=MAX_LISTED, examples=[["vi", "nut"]])

    @staticmethod
    def said(policy: Policy) -> dict[str, object]:
        """The members, of a policy."""
        return {
            "utc_offset": policy.utc_offset,
            "hours": windows_said(policy.hours),
            "ceilings": [
                CeilingBody(begin=clock_of(each.from_minute), end=clock_of(each.to_minute), gain=each.gain)
                for each in policy.ceilings
            ],
            "item_ms": policy.item_ms,
            "session_ms": policy.session_ms,
            "sessions": policy.sessions,
            "languages": list(policy.languages),
        }

    def policy(self) -> Policy:
        """The limits as the scheduler has them."""
        return Policy(
            utc_offset=self.utc_offset,
            hours=windows_of(self.hours),
            ceilings=tuple(
                Loudness(from_minute=minute_of(each.begin), to_minute=minute_of(each.end), gain=each.gain)
                for each in self.ceilings
            ),
            item_ms=self.item_ms,
            session_ms=self.session_ms,
            sessions=self.sessions,
            languages=tuple(self.languages),
        )


class FreedomBody(Model):
    """What a role may say without a yes: up to this class, at most so long, wholly within local hours (none: at any time)."""

    role: Role = Field(examples=["head"])
    klass: Klass = Field(default=Klass.NORMAL, validation_alias="class", serialization_alias="class", examples=["normal"])
    longest_ms: int | None = Field(default=None, examples=[180_000])
    hours: list[WindowBody] = Field(default=[], max_length=MAX_LISTED)


class ConsentBody(Model):
    """What needs a yes: all that is in no freedom. `two`: nobody approves their own, whoever they are."""

    free: list[FreedomBody] = Field(default=[], max_length=MAX_LISTED)
    two: bool = False

    @classmethod
    def of(cls, consent: Consent) -> ConsentBody:
        """The consent as the API says it."""
        free = [
            FreedomBody(role=each.role, klass=each.klass, longest_ms=each.longest_ms, hours=windows_said(each.hours))
            for each in consent.free
        ]
        return cls(free=free, two=consent.two)

    def consent(self) -> Consent:
        """The consent as the use case takes it."""
        free = (
            Freedom(role=each.role, klass=each.klass, longest_ms=each.longest_ms, hours=windows_of(each.hours))
            for each in self.free
        )
        return Consent(free=tuple(free), two=self.two)


class RulingBody(Limits):
    """What a unit decides. `horizon_h`: how far ahead its villages are planned; `places`: the special places it is beside.

    `consent`: what needs somebody's yes before it is said; null: nothing does.
    """

    horizon_h: int = Field(default=HORIZON_H, description=f"{HORIZON_H} to {MAX_HORIZON_H}")
    places: list[str] = Field(default=[], max_length=MAX_LISTED, examples=[["school"]])
    consent: ConsentBody | None = None

    def ruling(self) -> Ruling:
        """The ruling as the use case takes it."""
        return Ruling(
            policy=self.policy(),
            horizon_h=self.horizon_h,
            places=tuple(dict.fromkeys(self.places)),
            consent=self.consent.consent() if self.consent else None,
        )


class PolicyIn(Model):
    """What shall hold, in place of the version that was looked at (0: none). Another one there: 409, and `fields.differences`."""

    version: int = Field(ge=0, examples=[0])
    policy: RulingBody


class PolicyOut(Model):
    """A unit's own policy. `version` 0: it has none."""

    unit: Id
    version: int = Field(examples=[3])
    changed: Moment | None
    changed_by: str = Field(examples=["canbo"])
    policy: RulingBody

    @classmethod
    def of(cls, kept: KeptPolicy) -> PolicyOut:
        """The policy as the API says it."""
        ruling = kept.ruling
        said = Limits.said(ruling.policy) | {"horizon_h": ruling.horizon_h, "places": list(ruling.places)}
        said["consent"] = ConsentBody.of(ruling.consent) if ruling.consent else None
        return cls(
            unit=kept.unit,
            version=kept.version,
            changed=moment(kept.changed_ms) if kept.version else None,
            changed_by=kept.changed_by,
            policy=RulingBody.model_validate(said),
        )


class EffectiveOut(Model):
    """What binds a unit, and the units whose policies it comes from, the uppermost first."""

    unit: Id
    by: list[Id] = Field(examples=[["x01654"]])
    horizon_h: int = Field(examples=[HORIZON_H])
    policy: Limits

    @classmethod
    def of(cls, effective: Effective) -> EffectiveOut:
        """The whole as the API says it."""
        return cls(
            unit=effective.unit.id,
            by=[unit.id for unit in effective.by],
            horizon_h=effective.horizon_h,
            policy=Limits.model_validate(Limits.said(effective.policy)),
        )


class SpecialOut(Model):
    """A kind of special place, what it allows, and which rule says so."""

    name: str = Field(examples=["school"])
    vi: str = Field(examples=["trường học"])
    en: str = Field(examples=["school"])
    source: str = Field(examples=["QCVN 26:2010/BTNMT"])
    policy: Limits

    @classmethod
    def of(cls, name: str, special: Special) -> SpecialOut:
        """The place as the API says it."""
        limits = Limits.model_validate(Limits.said(special.policy))
        return cls(name=name, vi=special.vi, en=special.en, source=special.source, policy=limits)
