"""Nodes: loudspeaker clusters, added to a village, given their identity, moved, retired and replaced."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from controller.web.schemas import Id, MoveIn, NodeOut, NodesIn, ProvisionIn, ProvisionOut, RetiredOut
from controller.web.services import TheServices
from controller.web.session import Person
from scheduler.clock import moment

router = APIRouter(prefix="/nodes", tags=["nodes"])


@router.get("")
def nodes(services: TheServices, user: Person, unit: Annotated[Id | None, Query()] = None) -> list[NodeOut]:
    """The clusters under a unit, or all."""
    return [NodeOut.of(view) for view in services.nodes.list(unit, by=user)]


@router.post("", status_code=201)
def add(said: NodesIn, services: TheServices, user: Person) -> list[NodeOut]:
    """Add clusters to a village by name; a name that stands there already is that cluster."""
    added = {node.id for node in services.nodes.add(said.village, said.names, by=user)}
    return [NodeOut.of(view) for view in services.nodes.list(said.village, by=user) if view.node.id in added]


@router.post("/provision")
def provision(said: ProvisionIn, services: TheServices, user: Person) -> list[ProvisionOut]:
    """What the clusters under a unit are given at set-up. It holds their secret keys."""
    return [ProvisionOut.of(given) for given in services.nodes.provision(said.unit, by=user)]


@router.post("/{node}/move")
def move(node: Id, said: MoveIn, services: TheServices, user: Person) -> NodeOut:
    """The cluster stands in another village from now on, and obeys nothing that was said to a unit before."""
    return NodeOut.of(services.nodes.move(node, said.to, by=user))


@router.post("/{node}/retire")
def retire(node: Id, services: TheServices, user: Person) -> RetiredOut:
    """The cluster is no longer ours: not believed, not answered, no part of what is said from now on. Twice is once."""
    return RetiredOut(node=node, retired=moment(services.nodes.retire(node, by=user)))


@router.post("/{node}/renew")
def renew(node: Id, services: TheServices, user: Person) -> ProvisionOut:
    """What a new board of this cluster is given at set-up; the old one is believed no longer. It holds its secret key."""
    return ProvisionOut.of(services.nodes.renew(node, by=user))
