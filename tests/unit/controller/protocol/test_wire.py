"""docs/wire.md and the classes say the same: every field's name, type, limits and default, every rule, the delivery's table."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.inspect import (
    BoolType,
    EnumType,
    Field,
    IntType,
    StrType,
    StructType,
    Type,
    UnionType,
    VarTupleType,
    type_info,
)

from controller.domain.delivery import TRANSITIONS
from controller.protocol import codec, messages, seal, topics
from firmware_bridge import doorman, errands
from tests.vectors import tables

ROOT = tables.WIRE.parents[1]
SAYING = {"say", "refuse", "_refuse_unwritten", "stop"}
JUDGING = {"refusal", "_doubt", "_why_missed"}
TEXT = tables.WIRE.read_text()
TABLES, PATTERNS = tables.read(TEXT)
CLASSES: dict[str, type[msgspec.Struct]] = {
    **codec.TYPES,
    "plan-body": messages.PlanBody,
    "claims": messages.Claims,
    "live": messages.LiveSession,
    "item": messages.PlanItem,
    "policy": messages.Policy,
    "hours": messages.Hours,
    "ceiling": messages.Ceiling,
    "held": messages.Held,
    "trust-key": messages.TrustKey,
    "floors": messages.Floors,
    "said": messages.Said,
    "versions": messages.Versions,
    "receipt": messages.Receipt,
}


def told(kind: Type) -> dict[str, Any]:
    """A class's field type in the document's terms."""
    match kind:
        case IntType():
            return {"kind": "integer", "low": kind.ge, "high": kind.le}
        case BoolType():
            return {"kind": "boolean"}
        case EnumType():
            return {"kind": "one of", "words": tuple(member.value for member in kind.cls)}
        case StructType():
            return {"kind": "object", "table": next(name for name, each in CLASSES.items() if each is kind.cls)}
        case VarTupleType():
            return {"kind": "list", "low": kind.min_length or 0, "high": kind.max_length, "item": told(kind.item_type)}
        case StrType():
            assert kind.pattern is not None
            assert re.fullmatch(r"\^.*\\Z", kind.pattern), "a pattern must cover the whole text: $ lets a line end pass"
            return {"kind": next(name for name, each in PATTERNS.items() if each == kind.pattern[1:-2])}
    raise AssertionError(kind)


def written(field: tables.Field) -> dict[str, Any]:
    """The document's row in the same terms."""
    said: dict[str, Any] = {"kind": field.kind}
    if field.kind in ("integer", "list"):
        said |= {"low": field.low, "high": field.high}
    if field.kind == "one of":
        said["words"] = field.words
    if field.kind == "object":
        said["table"] = field.table
    if field.item is not None:
        said["item"] = written(field.item)
    return said


def default_of(field: Field) -> Any:
    if field.required:
        return tables.REQUIRED
    if field.default is None:
        return tables.ABSENT
    return msgspec.to_builtins(field.default)


def meant(field: tables.Field) -> Any:
    return field.default if field.default in (tables.REQUIRED, tables.ABSENT) else json.loads(field.default)


@pytest.mark.parametrize("name", CLASSES)
def test_a_table_and_its_class_have_the_same_fields_with_the_same_limits_and_defaults(name: str) -> None:
    info = type_info(CLASSES[name])
    assert isinstance(info, StructType)
    rows = {row.name: row for row in TABLES[name]}
    fields = {field.encode_name: field for field in info.fields}
    assert list(rows) == list(fields)
    for wire_name, field in fields.items():
        kind = field.type
        if isinstance(kind, UnionType):
            (kind,) = (each for each in kind.types if not isinstance(each, msgspec.inspect.NoneType))
            assert field.default is None
        assert written(rows[wire_name]) == told(kind), wire_name
        default = default_of(field)
        assert meant(rows[wire_name]) == (list(default) if isinstance(default, tuple) else default), wire_name


def test_every_table_of_the_document_has_its_class() -> None:
    assert set(TABLES) == set(CLASSES)


def test_every_class_of_the_contract_has_its_table() -> None:
    public = {
        each
        for each in vars(messages).values()
        if isinstance(each, type) and issubclass(each, msgspec.Struct) and not each.__name__.startswith("_")
    }
    assert public - {msgspec.Struct} == set(CLASSES.values())


def test_what_opens_every_message_is_what_its_class_inherits() -> None:
    for name, opening in tables.OPENS_WITH.items():
        assert issubclass(CLASSES[name], CLASSES[opening])


def test_the_document_and_the_codec_know_the_same_rules() -> None:
    ours = set(re.findall(r'"(rule\.[a-z-]+)"', source(codec) + (ROOT / "controller/mqtt/inbox.py").read_text()))
    assert tables.rules(TEXT) == ours


def test_the_document_and_the_seal_know_the_same_codes() -> None:
    assert set(re.findall(r"^\| `(seal\.[a-z]+)` \|", TEXT, re.MULTILINE)) == set(re.findall(r'"(seal\.[a-z]+)"', source(seal)))


def test_every_reason_that_our_node_gives_is_in_the_document() -> None:
    section = TEXT[TEXT.index("## 15 Codes") : TEXT.index("## 16")]
    firsts = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    known = {why for cell in firsts for why in re.findall(r"`([a-z]+)`", cell)}
    given = {why for path in (ROOT / "firmware_bridge").glob("*.py") for why in reasons(ast.parse(path.read_bytes()))}
    assert {"hours", "late", "trust", "clock", "power"} <= given, "this test sees nothing"
    assert given | errands.REASONS <= known


def test_every_alarm_that_our_node_raises_is_in_the_document() -> None:
    section = TEXT[TEXT.index("| alarm | meaning |") : TEXT.index("## 16")]
    known = set(re.findall(r"^\| `([a-z.-]+)` \|", section, re.MULTILINE))
    raised = {
        code
        for path in (ROOT / "firmware_bridge").glob("*.py")
        for code in re.findall(r'Alarm\(code="([^"]+)"', path.read_text())
    }
    assert raised == known


def reasons(tree: ast.Module) -> Iterator[str]:
    """Words that a node gives as a reason: said with a step, or returned by who judges."""
    for node in ast.walk(tree):
        inner: list[ast.AST] = []
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in SAYING:
            inner = [*node.args, *(keyword.value for keyword in node.keywords)]
        elif isinstance(node, ast.FunctionDef) and node.name in JUDGING:
            inner = [each.value for each in ast.walk(node) if isinstance(each, ast.Return) and each.value is not None]
        parts = [part for each in inner for part in ((each.body, each.orelse) if isinstance(each, ast.IfExp) else (each,))]
        yield from (part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str) and part.value)


@pytest.mark.wire(90)
def test_the_delivery_table_of_the_document_is_the_one_in_force() -> None:
    grid = tables.grid(TEXT)
    assert grid == {state: dict(row) for state, row in TRANSITIONS.items()}


def test_every_topic_of_the_document_is_made_by_the_code() -> None:
    made = {
        topics.unit_order("{unit}"),
        topics.village_plan("{village}"),
        topics.inbox("{node}"),
        topics.live("{session}"),
        *(topics.said("{node}", leaf) for leaf in topics.FROM_NODE),
    }
    rows = re.findall(r"^\| `(tl/1/[^`]+)` \| .* \| ([^|]+) \|$", TEXT, re.MULTILINE)
    assert {topic for topic, _ in rows} == made
    carried = {topic: set(re.findall(r"`(tl-[a-z]+)`", typs)) for topic, typs in rows}
    assert set().union(*carried.values()) == set(codec.TYPES)
    assert all(carried[topics.said("{node}", leaf)] == {typ} for leaf, typ in topics.FROM_NODE.items())
    assert carried[topics.inbox("{node}")] == doorman.INBOX


def test_figures_in_the_text_are_those_in_the_code() -> None:
    assert "16 384" in TEXT
    assert codec.MAX_MESSAGE == 16_384
    assert (codec.MAX_EMERGENCY_VALID_MS, codec.MAX_EMERGENCY_SOUND_MS) == (900_000, 600_000)


def source(module: Any) -> str:
    return Path(module.__file__).read_text()
