"""Units: the tree of places, and the clips that the loudspeakers under one keep always."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path

from controller.web.schemas import Id, ImportIn, UnitIn, UnitOut
from controller.web.services import TheServices
from controller.web.session import Person

router = APIRouter(prefix="/units", tags=["units"])

Sha256 = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")]


@router.get("")
def tree(services: TheServices, user: Person) -> list[UnitOut]:
    """Every unit, parents before children."""
    return [UnitOut.of(unit) for unit in services.units.tree(by=user)]


@router.post("", status_code=201)
def add(said: UnitIn, services: TheServices, user: Person) -> UnitOut:
    """Add a village to a commune; the same name there again is the same village."""
    return UnitOut.of(services.units.add(said.parent, said.name, by=user))


@router.post("/import", status_code=201)
def import_commune(said: ImportIn, services: TheServices, user: Person) -> UnitOut:
    """Add an official commune with its province; importing twice changes nothing."""
    return UnitOut.of(services.units.import_commune(said.code, by=user))


@router.put("/{unit}/held/{sha256}", status_code=204)
def hold(unit: Id, sha256: Sha256, services: TheServices, user: Person) -> None:
    """Let every loudspeaker under the unit keep a clip always."""
    services.nodes.hold(unit, sha256, on=True, by=user)


@router.delete("/{unit}/held/{sha256}", status_code=204)
def release(unit: Id, sha256: Sha256, services: TheServices, user: Person) -> None:
    """Let them keep it no longer."""
    services.nodes.hold(unit, sha256, on=False, by=user)
