"""Topics: made and parsed here only (their spelling is held against the document in test_vectors and test_wire)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.protocol import topics
from controller.protocol.codec import TYPES
from controller.protocol.topics import NodeTopic, parse_node_topic, said

IDS = st.from_regex(r"[a-z0-9-]{1,36}", fullmatch=True)


@given(IDS, st.sampled_from(sorted(topics.FROM_NODE)))
def test_what_a_node_says_is_heard_as_its_own(node: str, leaf: str) -> None:
    assert parse_node_topic(said(node, leaf)) == NodeTopic(node=node, leaf=leaf)


@given(
    st.text(max_size=60) | st.lists(st.sampled_from(["tl", "1", "node", "a", "state", "", "+", "#"]), max_size=7).map("/".join)
)
def test_any_other_topic_is_none(topic: str) -> None:
    parsed = parse_node_topic(topic)
    assert parsed is None or said(parsed.node, parsed.leaf) == topic


@given(IDS)
def test_what_the_controller_says_is_never_taken_for_a_nodes_word(name: str) -> None:
    for topic in (topics.inbox(name), topics.unit_order(name), topics.village_plan(name), topics.live(name)):
        assert parse_node_topic(topic) is None


def test_the_controller_listens_to_every_leaf_and_each_carries_a_known_type() -> None:
    assert tuple(f"tl/1/node/+/{leaf}" for leaf in ("state", "receipt", "health", "ask")) == topics.SUBSCRIPTIONS
    assert set(topics.FROM_NODE.values()) <= set(TYPES)


@pytest.mark.parametrize(
    ("path", "listens"),
    [
        ((), ["tl/1/node/n/inbox"]),
        (("v",), ["tl/1/node/n/inbox", "tl/1/unit/v/order", "tl/1/unit/v/plan"]),
        (("p", "v"), ["tl/1/node/n/inbox", "tl/1/unit/p/order", "tl/1/unit/v/order", "tl/1/unit/v/plan"]),
    ],
)
def test_a_node_listens_to_its_inbox_the_orders_above_it_and_its_villages_plan(path: tuple[str, ...], listens: list[str]) -> None:
    assert list(topics.subscriptions_of("n", path)) == listens
