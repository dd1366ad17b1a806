"""Whatever a disk gives back after a power cut, a brown-out or a thief's hands: it boots, and sounds nothing twice."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from firmware_bridge import events as ev
from tests.unit.firmware_bridge.harness import HOUR, OTHER_CLIP, Harness, ready


def whole_memory() -> tuple[Harness, bytes]:
    """A node with a record of every kind, and the order of what it has sounded."""
    node = ready()
    spent = node.order(grace=HOUR)
    node.send(spent)
    node.advance(60_000)
    node.say(airing="b1", start=node.utc + HOUR, sha256=OTHER_CLIP)
    node.plan(node.item(airing="p1", start=node.utc + 2 * HOUR))
    node.advance(1_000)
    return node, spent


NODE, SPENT = whole_memory()
KEYS = sorted(NODE.kept)
NAMES = st.sampled_from(KEYS) | st.sampled_from(["receipt/", "airing/", "order/", "x/"]).flatmap(
    lambda kind: st.text(max_size=9).map(kind.__add__)
)


@st.composite
def damages(draw: st.DrawFn) -> tuple[str, bytes | None]:
    """A record that is gone, is another's, is noise, or has some bytes changed."""
    key = draw(NAMES)
    value = draw(st.none() | st.binary(max_size=40) | st.sampled_from([NODE.kept[each] for each in KEYS]))
    if key in NODE.kept and draw(st.booleans()):
        changed = bytearray(NODE.kept[key])
        at = draw(st.integers(0, len(changed) - 1))
        changed[at : at + draw(st.integers(0, 3))] = draw(st.binary(max_size=3))
        return key, bytes(changed)
    return key, value


@given(st.lists(damages(), max_size=4))
@example(
    [
        ("receipt/1", b'{"seq":1,"airing":"\xff","rev":1,"state":"started","at":1}'),
        ("airing/a1", b'[1,"started","\xff",1,"normal"]'),
    ]
)
@example([("receipt/1", b'{"x":' + b"[" * 10_000), ("floors", b'{"x":' + b"[" * 10_000), ("airing/a1", b"[" * 10_000)])
@example([("receipt/1", NODE.kept["receipt/2"])])
def test_any_memory_boots_and_what_it_still_knows_as_spent_stays_spent(damaged: list[tuple[str, bytes | None]]) -> None:
    """With noise for any record: no error at boot or after; the airing is silent unless its very record is gone or another's."""
    node = Harness(version=100, now=NODE.now, windows=NODE.windows)
    node.kept = {**NODE.kept, **{key: value for key, value in damaged if value is not None}}
    for key, value in damaged:
        if value is None:
            node.kept.pop(key, None)
    record = node.kept.get("airing/a1")
    node.boot()
    node.settle_in()
    node.send(SPENT)
    node.advance(3 * HOUR)
    if record == NODE.kept["airing/a1"]:
        assert "a1" not in {play.airing for play in node.plays}


def test_a_word_under_anothers_number_is_damaged_and_not_said() -> None:
    """It would never be covered: what covers its number erases the other's record."""
    node = ready()
    node.say()
    node.advance(60_000)
    node.kept["receipt/9"] = node.kept["receipt/1"]
    assert ev.Alarm(code="memory.damaged") in node.boot()
    assert node.engine.outstanding == 3
    node.kept.pop("receipt/1")
    node.boot()
    assert node.engine.outstanding == 2
