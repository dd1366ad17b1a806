"""Decoders are total: whatever the bytes, a valid message or DecodeError. And what is encoded is decoded again."""

from __future__ import annotations

import json
import re
import sys
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.inspect import BoolType, EnumType, IntType, NoneType, StrType, StructType, Type, UnionType, VarTupleType, type_info

from controller.domain.airing import Klass
from controller.protocol import codec
from controller.protocol.codec import TYP_OF, TYPES, DecodeError, decode, encode
from controller.protocol.messages import Ask, Health, Kind, Order, PlanBody, PlanItem, Receipt, Receipts, ReceiptState
from tests.vectors import known
from tests.vectors.messages import SAMPLES

KINDS: dict[str, type[msgspec.Struct]] = {**TYPES, "plan-body": PlanBody}
GOLDEN = [json.dumps(message).encode() for message in known.FULL.values()]
ITEM = PlanItem(
    airing="a", rev=1, start=1, grace=0, duration=1, klass=Klass.NORMAL, rank=1, sha256="0" * 64, size=1
)  # fmt: skip


def decode_or_refuse(kind: type[msgspec.Struct], data: bytes) -> msgspec.Struct | str:
    try:
        return decode(kind, data)
    except DecodeError as error:
        if error.code == "malformed" or error.code.startswith("rule."):
            return error.code
        raise


def order(**changes: Any) -> Order:
    fields: dict[str, Any] = {
        "iss": "c", "aud": "u", "iat": 1_000, "exp": 2_000, "id": "o", "airing": "a", "rev": 1, "kind": Kind.PLAY, "start": 1_500,
        "grace": 10, "duration": 20, "sha256": "0" * 64, "size": 9,
    }  # fmt: skip
    return Order(**{**fields, **changes})


def texts(pattern: str) -> list[str]:
    """Texts that a pattern allows, the longest and shortest among them."""
    return sorted({text for some in SAMPLES.values() for text in ("", *some) if re.fullmatch(pattern.removesuffix(r"\Z"), text)})


def valid(kind: Type) -> st.SearchStrategy[Any]:
    """Any value within the limits of a field."""
    match kind:
        case IntType():
            return st.integers(kind.ge, kind.le)
        case StrType():
            return st.sampled_from(texts(kind.pattern or ""))
        case EnumType():
            return st.sampled_from(list(kind.cls))
        case BoolType():
            return st.booleans()
        case NoneType():
            return st.none()
        case UnionType():
            return st.one_of([valid(each) for each in kind.types])
        case VarTupleType():
            high = min(kind.max_length or 0, 3)
            return st.lists(valid(kind.item_type), min_size=kind.min_length or 0, max_size=high).map(tuple)
        case StructType():
            return st.builds(kind.cls, **{field.name: valid(field.type) for field in kind.fields})
    raise AssertionError(kind)


STRATEGIES = {name: valid(type_info(kind)) for name, kind in KINDS.items()}
ANY = st.sampled_from(sorted(STRATEGIES)).flatmap(STRATEGIES.__getitem__)


# ── total ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@given(st.binary(max_size=400))
@pytest.mark.wire(27)
def test_random_bytes_end_in_a_refusal(data: bytes) -> None:
    for kind in KINDS.values():
        assert isinstance(decode_or_refuse(kind, data), str)


@given(st.sampled_from(GOLDEN), st.data())
@pytest.mark.wire(27)
def test_a_good_message_with_bytes_changed_ends_in_a_message_or_a_refusal(golden: bytes, data: st.DataObject) -> None:
    mutable = bytearray(golden)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(mutable) - 1))
        mutable[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    for kind in KINDS.values():
        decode_or_refuse(kind, bytes(mutable))


@given(
    st.sampled_from(sorted(known.FULL)),
    st.data(),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
        max_leaves=6,
    ),
)
def test_a_good_message_with_anything_for_a_field_ends_in_a_message_or_a_refusal(
    typ: str, data: st.DataObject, value: Any
) -> None:
    whole = known.FULL[typ]
    name = data.draw(st.sampled_from(sorted(whole)))
    after = decode_or_refuse(KINDS[typ], json.dumps(whole | {name: value}).encode())
    if isinstance(after, msgspec.Struct):
        assert decode(KINDS[typ], encode(after)) == after


@given(ANY)
def test_what_is_encoded_is_decoded_again_unless_a_rule_forbids_it(message: msgspec.Struct) -> None:
    after = decode_or_refuse(type(message), encode(message))
    assert after == message or (isinstance(after, str) and after.startswith("rule."))


@pytest.mark.parametrize("opening", [b"[", b'{"later":', b'{"later":[{"a":'])
@pytest.mark.wire(27)
def test_deep_nesting_is_refused_at_any_depth_of_our_own_stack(opening: bytes) -> None:
    def deeper(frames: int) -> None:
        if frames:
            deeper(frames - 1)
        else:
            assert decode_or_refuse(Ask, opening * 100_000) == "malformed"

    deeper(sys.getrecursionlimit() // 2)


def test_a_plan_that_is_as_big_as_it_may_be_is_read_and_one_item_more_is_refused() -> None:
    items = [ITEM.__class__(**{**fields(ITEM), "airing": f"a-{number}"}) for number in range(2_001)]
    body = PlanBody(village="v", version=1, valid_until=2, items=tuple(items[:2_000]))
    assert decode(PlanBody, encode(body)) == body
    assert decode_or_refuse(PlanBody, encode(PlanBody(village="v", version=1, valid_until=2, items=tuple(items)))) == "malformed"


def fields(struct: msgspec.Struct) -> dict[str, Any]:
    return {name: getattr(struct, name) for name in struct.__struct_fields__}


# ── on the wire ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_type_has_one_class_and_every_class_one_type() -> None:
    assert {typ: TYP_OF[kind] for typ, kind in TYPES.items()} == {typ: typ for typ in TYPES}
    assert set(known.FULL) == set(KINDS)


@pytest.mark.parametrize("typ", sorted(known.FULL))
def test_a_whole_message_comes_back_with_the_documents_names(typ: str) -> None:
    whole = {name: value for name, value in known.FULL[typ].items() if (name, value) != ("class", "normal")}  # its default
    assert json.loads(encode(decode(KINDS[typ], json.dumps(known.FULL[typ]).encode()))) == whole


def test_names_that_python_keeps_for_itself_are_class_and_from_on_the_wire() -> None:
    assert json.loads(encode(order(klass=Klass.PRIORITY)))["class"] == "priority"
    said = Receipts(
        node="n", generation=1, life="0" * 16, t=0, u=-1, from_seq=3,
        items=(Receipt(seq=3, airing="a", rev=1, state=ReceiptState.CUT, at=0),),
    )  # fmt: skip
    assert json.loads(encode(said))["from"] == 3


def test_what_equals_its_default_is_not_sent() -> None:
    sparse = json.loads(encode(order(kind=Kind.STOP, start=0, grace=0, duration=0, sha256=None, size=0)))
    assert sparse.keys() == {"iss", "aud", "iat", "exp", "id", "airing", "rev", "kind"}


def test_messages_are_frozen_slotted_and_take_no_positions() -> None:
    health = Health(node="n", generation=1, life="0" * 16, t=0, u=0, uptime_s=1)
    with pytest.raises(AttributeError):
        health.uptime_s = 2  # type: ignore[misc]
    with pytest.raises(AttributeError):
        health.extra = 2  # type: ignore[attr-defined]
    with pytest.raises(TypeError):
        Health("n")  # type: ignore[misc,call-arg]


def test_a_refusal_carries_a_stable_code_and_a_detail_for_a_log() -> None:
    with pytest.raises(DecodeError) as caught:
        decode(Ask, b'{"node":1}')
    assert caught.value.code == "malformed"
    assert "$.node" in caught.value.detail


# ── rules ────────────────────────────────────────────────────────────────────────────────────────────────────────────

MIN = 60_000


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, "ok"),
        ({"exp": 1_000}, "ok"),
        ({"exp": 999}, "rule.expires-before-issued"),
        ({"sha256": None}, "rule.play-needs-a-clip"),
        ({"size": 0}, "rule.play-needs-a-clip"),
        ({"duration": 0}, "rule.play-needs-a-clip"),
        ({"kind": Kind.STOP, "sha256": None, "size": 0, "duration": 0}, "ok"),
        ({"kind": Kind.LIVE}, "rule.live-needs-a-session"),
        ({"klass": Klass.EMERGENCY, "exp": 1_000 + 15 * MIN, "duration": 10 * MIN}, "ok"),
        ({"klass": Klass.EMERGENCY, "exp": 1_001 + 15 * MIN}, "rule.emergency-lives-too-long"),
        ({"klass": Klass.EMERGENCY, "duration": 10 * MIN + 1}, "rule.emergency-sounds-too-long"),
        ({"klass": Klass.EMERGENCY, "kind": Kind.STOP, "exp": 1_001 + 15 * MIN}, "rule.emergency-lives-too-long"),
        ({"klass": Klass.PRIORITY, "exp": 1_001 + 15 * MIN, "duration": 10 * MIN + 1}, "ok"),
    ],
)
@pytest.mark.wire(26)
def test_an_orders_rules(changes: dict[str, Any], verdict: str) -> None:
    message = order(**changes)
    after = decode_or_refuse(Order, encode(message))
    assert after == (message if verdict == "ok" else verdict)


@pytest.mark.parametrize(
    ("airings", "klass", "verdict"),
    [
        (("a", "b"), Klass.PRIORITY, None),
        (("a", "b"), Klass.EMERGENCY, "rule.plan-carries-an-emergency"),
        (("a", "b", "a"), Klass.NORMAL, "rule.plan-names-an-airing-twice"),
    ],
)
@pytest.mark.wire(26, 62)
def test_a_plans_rules(airings: tuple[str, ...], klass: Klass, verdict: str | None) -> None:
    items = tuple(PlanItem(**{**fields(ITEM), "airing": airing, "klass": klass}) for airing in airings)
    body = PlanBody(village="v", version=1, valid_until=2, items=items)
    assert decode_or_refuse(PlanBody, encode(body)) == (verdict or body)


@pytest.mark.parametrize(
    ("oldest", "seqs", "is_good"),
    [(1, [1], True), (1, [5], True), (5, [5, 6, 9], True), (6, [5, 6], False), (1, [2, 2], False), (1, [3, 2], False)],
)
@pytest.mark.wire(26)
def test_receipts_rise_from_the_oldest_that_is_held(oldest: int, seqs: list[int], is_good: bool) -> None:
    items = tuple(Receipt(seq=seq, airing="a", rev=1, state=ReceiptState.MISSED, at=0) for seq in seqs)
    batch = Receipts(node="n", generation=1, life="0" * 16, t=0, u=-1, from_seq=oldest, items=items)
    assert decode_or_refuse(Receipts, encode(batch)) == (batch if is_good else "rule.receipts-out-of-order")


def test_the_emergency_limits_are_a_quarter_of_an_hour_and_ten_minutes() -> None:
    assert (codec.MAX_EMERGENCY_VALID_MS, codec.MAX_EMERGENCY_SOUND_MS) == (15 * MIN, 10 * MIN)
