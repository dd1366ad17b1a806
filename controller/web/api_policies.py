"""Policies: when, how long, how often, how loud, in which languages a unit and all below it may sound."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from controller.web.policy_schemas import EffectiveOut, PolicyIn, PolicyOut, SpecialOut
from controller.web.schemas import Id
from controller.web.services import TheServices
from controller.web.session import Person
from scheduler.special import SPECIAL

router = APIRouter(prefix="/policies", tags=["policies"])
places = APIRouter(tags=["policies"])


@places.get("/special-places")
def special_places(user: Person) -> list[SpecialOut]:
    """The special places that a policy may name."""
    return [SpecialOut.of(name, special) for name, special in SPECIAL.items()]


@router.get("")
def policies(services: TheServices, user: Person) -> list[PolicyOut]:
    """Every policy that was set."""
    return [PolicyOut.of(kept) for kept in services.policies.all(by=user)]


@router.get("/{unit}")
def show(unit: Id, services: TheServices, user: Person) -> PolicyOut:
    """What a unit itself decided."""
    return PolicyOut.of(services.policies.get(unit, by=user))


@router.get("/{unit}/effective")
def effective(unit: Id, services: TheServices, user: Person) -> EffectiveOut:
    """What binds a unit: its own policy and all above it; the stricter wins."""
    return EffectiveOut.of(services.policies.effective(unit, by=user))


@router.put("/{unit}")
def put(unit: Id, said: PolicyIn, services: TheServices, user: Person) -> PolicyOut:
    """Let this hold for a unit and all below it. Every loudspeaker there is told, and keeps it by itself."""
    return PolicyOut.of(services.policies.set(unit, said.version, said.policy.ruling(), by=user))


@router.delete("/{unit}", status_code=204)
def remove(unit: Id, services: TheServices, user: Person, version: Annotated[int, Query(ge=0)]) -> None:
    """The unit itself decides nothing any more."""
    services.policies.remove(unit, version, by=user)
