"""Nodes: loudspeaker clusters, added to a village and given their identity."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from controller.web.schemas import Id, NodeOut, NodesIn, ProvisionIn, ProvisionOut
from controller.web.services import TheServices
from controller.web.session import Person

router = APIRouter(prefix="/nodes", tags=["nodes"])


@router.get("")
def nodes(services: TheServices, _: Person, unit: Annotated[Id | None, Query()] = None) -> list[NodeOut]:
    """The clusters under a unit, or all."""
    return [NodeOut.of(view) for view in services.nodes.list(unit)]


@router.post("", status_code=201)
def add(said: NodesIn, services: TheServices, _: Person) -> list[NodeOut]:
    """Add clusters to a village by name; a name that stands there already is that cluster."""
    added = {node.id for node in services.nodes.add(said.village, said.names)}
    return [NodeOut.of(view) for view in services.nodes.list(said.village) if view.node.id in added]


@router.post("/provision")
def provision(said: ProvisionIn, services: TheServices, _: Person) -> list[ProvisionOut]:
    """What the clusters under a unit are given at set-up. It holds their secret keys."""
    return [ProvisionOut.of(given) for given in services.nodes.provision(said.unit)]
