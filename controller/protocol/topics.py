"""Topics of the contract: made and parsed here only. `1` is the contract's major version."""

from __future__ import annotations

import re
from dataclasses import dataclass

PREFIX = "tl/1"

FROM_NODE = {"state": "tl-state", "receipt": "tl-receipts", "health": "tl-health", "ask": "tl-ask"}
"""The last level of a node's own topics -> the exact `typ` of what it carries."""

SUBSCRIPTIONS = tuple(f"{PREFIX}/node/+/{leaf}" for leaf in FROM_NODE)
"""What the controller listens to."""

_NODE_TOPIC = re.compile(PREFIX + r"/node/([a-z0-9-]{1,36})/(state|receipt|health|ask)", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeTopic:
    """Where a node speaks: its id and which of its four topics."""

    node: str
    leaf: str


def unit_order(unit: str) -> str:
    """To all nodes under the unit: a sealed order."""
    return f"{PREFIX}/unit/{unit}/order"


def village_plan(village: str) -> str:
    """To a village's nodes: a sealed plan head."""
    return f"{PREFIX}/unit/{village}/plan"


def inbox(node: str) -> str:
    """To one node: order, plan, config, trust or answer, told apart by their `typ`."""
    return f"{PREFIX}/node/{node}/inbox"


def said(node: str, leaf: str) -> str:
    """From one node: `leaf` is a key of FROM_NODE."""
    return f"{PREFIX}/node/{node}/{leaf}"


def live(session: str) -> str:
    """To joined nodes: sound packets."""
    return f"{PREFIX}/live/{session}"


def subscriptions_of(node: str, path: tuple[str, ...]) -> tuple[str, ...]:
    """What a node listens to: its inbox, the orders of every unit on its path, the plan of its village (the last)."""
    orders = tuple(unit_order(unit) for unit in path)
    return (inbox(node), *orders, village_plan(path[-1])) if path else (inbox(node),)


def parse_node_topic(topic: str) -> NodeTopic | None:
    """The node and leaf of a topic on which nodes speak; None for any other."""
    match = _NODE_TOPIC.fullmatch(topic)
    return NodeTopic(node=match[1], leaf=match[2]) if match else None
