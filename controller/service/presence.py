"""Who is there: births, wills and telemetry. An older word about itself never replaces a newer one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from controller.domain.node import Presence
from controller.protocol.codec import encode
from controller.protocol.messages import Ask, Health, NodeState
from controller.service.alarms import Raised, raise_alarms
from controller.service.ports import Status, Transaction

STANDING = ("", "clock", "floors")
"""What a node may have as its reason day by day: it is well, or waits for us. Any other is an alarm, also one we don't know."""

NEWBORN = "memory.new"
"""No alarm in the first word that we ever hear of a node: a new board's memory is empty."""


def states(tx: Transaction, said: Sequence[tuple[NodeState, int]]) -> None:
    """Take births, changes and wills, each with our clock when it came."""
    known = tx.nodes.statuses({state.node for state, _ in said})
    newer: dict[str, Status] = {}
    raised: list[Raised] = []
    for state, received_ms in said:
        before = newer.get(state.node) or known.get(state.node)
        if before is None or _follows(state, before):
            newer[state.node] = _status(state, received_ms)
            if _alarms(state, before):
                raised.append(Raised(code=f"node.{state.reason}", node=state.node, at_ms=received_ms))
    tx.nodes.set_statuses(list(newer.values()))
    raise_alarms(tx, raised)


def asks(tx: Transaction, said: Sequence[tuple[Ask, int]]) -> None:
    """An ask tells which documents its node holds, and how sure it is of the time."""
    known: Mapping[str, Status] = tx.nodes.statuses({ask.node for ask, _ in said})
    newer: dict[str, Status] = {}
    for ask, received_ms in said:
        before = newer.get(ask.node) or known.get(ask.node)
        if before is not None and before.life == ask.life:
            newer[ask.node] = Status(
                node=ask.node,
                life=ask.life,
                boot=before.boot,
                connection=before.connection,
                counter=before.counter,
                online=True,
                seen_ms=received_ms,
                clock_u_ms=ask.u,
                trust=ask.versions.trust,
                config=ask.versions.config,
                plan=ask.versions.plan,
            )
    tx.nodes.set_statuses(list(newer.values()))


def health(tx: Transaction, said: Sequence[tuple[Health, int]]) -> None:
    """Keep each node's newest telemetry."""
    if said:
        newest = {each.node: (encode(each).decode(), each.u) for each, _ in said}
        tx.nodes.set_health(newest, max(received_ms for _, received_ms in said))


def _alarms(state: NodeState, before: Status | None) -> bool:
    """Is its reason one that somebody must look at? A will's was written when its connection began, and was said then."""
    return state.online and state.reason not in STANDING and not (before is None and state.reason == NEWBORN)


def _follows(state: NodeState, before: Status) -> bool:
    """A new life follows any old one; within a life (boot, connection, counter) must rise."""
    if state.life != before.life:
        return state.online  # a will of another life is a hint about nothing we know
    mine = Presence(boot=state.boot, connection=state.connection, counter=state.counter)
    return mine > Presence(boot=before.boot, connection=before.connection, counter=before.counter)


def _status(state: NodeState, received_ms: int) -> Status:
    return Status(
        node=state.node,
        life=state.life,
        boot=state.boot,
        connection=state.connection,
        counter=state.counter,
        online=state.online,
        seen_ms=received_ms,
        clock_u_ms=state.u,
        trust=state.versions.trust,
        config=state.versions.config,
        plan=state.versions.plan,
    )
