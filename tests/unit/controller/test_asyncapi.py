"""docs/asyncapi.json: a true AsyncAPI 3.0 document, whose schemas take and refuse what the contract takes and refuses."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest
from jsonschema import Draft7Validator, ValidationError
from jsonschema.validators import extend

from controller.protocol import topics
from controller.protocol.codec import TYPES
from tests.vectors import asyncapi, make, story, tables

DOCUMENT = json.loads(asyncapi.PATH.read_text())
OFFICIAL = json.loads((Path(__file__).parents[2] / "data" / "asyncapi" / "3.0.0.json").read_text())


def ecma_pattern(_: Any, pattern: str, text: object, __: Any) -> Iterator[ValidationError]:
    """`pattern` as JSON Schema means it (ECMA 262): Python's `$` would let a line end pass."""
    if isinstance(text, str) and not re.search(pattern.replace("$", r"\Z"), text, re.ASCII):
        yield ValidationError(f"{text!r} is no {pattern}")


Validator = extend(Draft7Validator, {"pattern": ecma_pattern})


def validator(typ: str) -> Any:
    return Validator({"allOf": [{"$ref": f"#/components/schemas/{typ}"}], "components": DOCUMENT["components"]})


def no_number(name: str) -> NoReturn:
    raise ValueError(name)


def fits(row: dict[str, Any]) -> bool:
    """Whether a vector's payload is JSON at all, and its message's schema takes it."""
    payload = bytes.fromhex(row["payload_hex"]) if "payload_hex" in row else row["payload"].encode()
    try:
        message = json.loads(payload.decode(), parse_constant=no_number)
    except (ValueError, RecursionError):
        return False
    return bool(VALIDATORS[row["typ"]].is_valid(message))


def spells_a_whole_number_as_a_float(row: dict[str, Any]) -> bool:
    """What JSON Schema can't refuse: to it 1.0 and 12e0 are whole, and so is 2^53-1.5 once a float holds it."""
    floats: list[float] = []
    json.loads(row["payload"], parse_float=lambda text: floats.append(float(text)))
    return any(number.is_integer() for number in floats)


VALIDATORS = {typ: validator(typ) for typ in tables.MESSAGES}
ROWS = json.loads((make.HERE / "messages.json").read_text())


def referred(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref":
                yield value
            else:
                yield from referred(value)
    elif isinstance(node, list):
        for value in node:
            yield from referred(value)


def test_the_document_is_what_the_official_schema_of_asyncapi_3_asks_for() -> None:
    errors = [
        f"{'/'.join(map(str, error.path))}: {error.message[:200]}" for error in Draft7Validator(OFFICIAL).iter_errors(DOCUMENT)
    ]
    assert errors == []


def test_the_official_schema_refuses_a_document_that_is_wrong() -> None:
    operation = DOCUMENT["operations"]["sendNodeAsk"] | {"action": "shout"}
    assert not Draft7Validator(OFFICIAL).is_valid(DOCUMENT | {"operations": {"sendNodeAsk": operation}})


def test_every_reference_leads_somewhere() -> None:
    for reference in set(referred(DOCUMENT)):
        place = DOCUMENT
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]


@pytest.mark.parametrize("typ", tables.MESSAGES)
def test_every_schema_is_a_schema(typ: str) -> None:
    Draft7Validator.check_schema(DOCUMENT["components"]["schemas"][typ])


def test_every_good_message_of_the_vectors_fits_its_schema() -> None:
    rows = [row for row in ROWS if row["verdict"] == "ok"]
    assert len(rows) > 300
    assert [row["name"] for row in rows if not fits(row)] == []


def test_every_malformed_message_that_a_schema_can_refuse_does_not_fit() -> None:
    rows = [row for row in ROWS if row["verdict"] == "malformed"]
    assert len(rows) > 700
    assert [row["name"] for row in rows if fits(row) and not spells_a_whole_number_as_a_float(row)] == []


def test_every_rule_of_the_document_stands_beside_its_message() -> None:
    said = {code for message in DOCUMENT["components"]["messages"].values() for code in message.get("x-refused-unless", ())}
    assert {row["verdict"] for row in ROWS if row["verdict"].startswith("rule.")} <= said


def test_every_example_fits_its_message() -> None:
    for typ, message in DOCUMENT["components"]["messages"].items():
        assert message["examples"], typ
        assert [example for example in message["examples"] if not VALIDATORS[typ].is_valid(example["payload"])] == []


def test_the_node_listens_to_and_speaks_on_the_topics_of_our_code() -> None:
    addresses = {name: channel["address"] for name, channel in DOCUMENT["channels"].items()}
    used: dict[str, dict[str, list[str]]] = {"send": {}, "receive": {}}
    for operation in DOCUMENT["operations"].values():
        name = operation["channel"]["$ref"].removeprefix("#/channels/")
        used[operation["action"]][addresses[name]] = [each["$ref"].rsplit("/", 1)[1] for each in operation["messages"]]
    assert used["send"] == {topics.said("{node}", leaf): [typ] for leaf, typ in topics.FROM_NODE.items()}
    heard = {topics.inbox("{node}"), topics.unit_order("{unit}"), topics.village_plan("{village}")}
    assert used["receive"].keys() == heard
    assert {typ for typs in (*used["send"].values(), *used["receive"].values()) for typ in typs} == TYPES.keys()


def test_what_a_seal_must_be_is_what_the_worked_example_has() -> None:
    for step in story.STORY:
        seal = Validator(DOCUMENT["components"]["messages"][step.typ]["x-seal"]["protected"])
        header = json.loads(step.head)
        assert seal.is_valid(header), step.typ
        wrong = [header | change for change in ({"crit": []}, {"alg": "none"}, {"typ": "tl-x"}, {"kid": ""})]
        assert [each for each in wrong if seal.is_valid(each)] == []
