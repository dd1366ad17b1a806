"""The vectors of tests/vectors/, written from docs/wire.md by a program that knows nothing of our code, through our codec."""

from __future__ import annotations

import ast
import hashlib
import json
import re
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from controller.protocol import keys, seal, topics
from controller.protocol.codec import TYPES, DecodeError, decode
from controller.protocol.messages import PlanBody, PlanHead
from tests.unit.house.tree import imports
from tests.vectors import make
from tests.vectors.known import NODE

KINDS = {**TYPES, "plan-body": PlanBody}


FROM_NODE = {topics.said(NODE, leaf) for leaf in topics.FROM_NODE}
EXAMPLE = re.compile(
    r"^    topic    (\S+)\n    header   .*\"kid\":\"([^\"]+)\",\"typ\":\"([^\"]+)\"\}\n"
    r"    payload\n((?:      .*\n)+)    token\n((?:      .*\n)+)",
    re.MULTILINE,
)
"""(topic, kid, typ, payload, token) of a message in the document's section 16, the last two in their broken lines."""


def joined(lines: str) -> str:
    return "".join(line[6:] for line in lines.splitlines())


def load(name: str) -> Any:
    return json.loads((make.HERE / name).read_text())


def judged(row: dict[str, Any]) -> str:
    payload = bytes.fromhex(row["payload_hex"]) if "payload_hex" in row else row["payload"].encode()
    try:
        decode(KINDS[row["typ"]], payload)
    except DecodeError as error:
        return error.code
    return "ok"


def opened(row: dict[str, Any]) -> tuple[str, ...]:
    token = bytes.fromhex(row["token_hex"]) if "token_hex" in row else row["token"].encode()
    known = load("keys.json")
    try:
        if row["way"] == "controller":
            public = {key["kid"]: keys.public_key(key["public"]) for key in known["signing"]}
            kid, payload = seal.open_signed(token, row["typ"], public.get)
        else:
            secret = {key["kid"]: keys.from_text(key["key"]) for key in known["nodes"]}
            kid, payload = seal.open_mac(token, row["typ"], secret.get)
    except seal.SealError as error:
        return (error.code,)
    return "ok", kid, payload.decode()


@pytest.mark.parametrize("path", sorted(make.files()), ids=lambda path: path.name)
def test_the_committed_files_are_what_the_program_writes(path: Any) -> None:
    assert path.read_text() == make.files()[path], "run: python -m tests.vectors.make"


@pytest.mark.wire(25, 26)
def test_every_message_is_taken_or_refused_as_the_document_says() -> None:
    rows = load("messages.json")
    assert len(rows) > 1_000
    wrong = {row["name"]: (row["verdict"], said) for row in rows if (said := judged(row)) != row["verdict"] != "total"}
    assert wrong == {}


def test_messages_on_which_decoders_may_differ_still_end_in_a_message_or_a_refusal() -> None:
    rows = [row for row in load("messages.json") if row["verdict"] == "total"]
    assert rows
    assert {judged(row) for row in rows} <= {"ok", "malformed"}


@pytest.mark.wire(9, 10, 11, 12)
def test_every_token_is_opened_or_refused_as_the_document_says() -> None:
    rows = load("seals.json")
    wrong = {}
    for row in rows:
        wanted = ("ok", row["kid"], row["payload"]) if row["verdict"] == "ok" else (row["verdict"],)
        if opened(row) != wanted:
            wrong[row["name"]] = (wanted[0], opened(row)[0])
    assert wrong == {}


def test_every_token_of_the_worked_example_opens_to_the_payload_shown_above_it() -> None:
    shown = EXAMPLE.findall(make.WIRE.read_text())
    assert {typ for _, _, typ, _, _ in shown} == TYPES.keys()
    for topic, kid, typ, payload, token in shown:
        row = {"way": "node" if topic in FROM_NODE else "controller", "typ": typ, "token": joined(token)}
        assert opened(row) == ("ok", kid, joined(payload)), (topic, typ)
        assert judged({"typ": typ, "payload": joined(payload)}) == "ok", (topic, typ)


def test_the_plan_body_of_the_worked_example_is_the_one_that_its_head_names() -> None:
    text = make.WIRE.read_text()
    [head] = [decode(PlanHead, joined(payload).encode()) for _, _, typ, payload, _ in EXAMPLE.findall(text) if typ == "tl-plan"]
    [body] = [joined(lines).encode() for lines in re.findall(r"^    body\n((?:      .*\n)+)", text, re.MULTILINE)]
    assert (head.sha256, head.size) == (hashlib.sha256(body).hexdigest(), len(body))
    assert decode(PlanBody, body).version == head.version


def test_the_vectors_know_every_fault_that_a_seal_can_have() -> None:
    assert {row["verdict"] for row in load("seals.json")} == {
        "ok",
        *(f"seal.{fault}" for fault in ("size", "form", "header", "alg", "typ", "key", "signature")),
    }
    assert {row["way"] for row in load("seals.json")} == {"controller", "node"}


def test_the_keys_are_the_ones_that_seeds_and_master_give() -> None:
    known = load("keys.json")
    for key in known["signing"]:
        private = Ed25519PrivateKey.from_private_bytes(keys.from_text(key["seed"]))
        assert keys.to_text(private.public_key().public_bytes_raw()) == key["public"]
    for key in known["nodes"]:
        assert keys.node_kid(key["node"], key["generation"]) == key["kid"]
        assert keys.to_text(keys.node_key(keys.from_text(known["master"]), key["node"], key["generation"])) == key["key"]


def test_topics_are_heard_and_listened_to_as_the_document_says() -> None:
    known = load("topics.json")
    for row in known["from_node"]:
        assert topics.parse_node_topic(row["topic"]) == topics.NodeTopic(node=row["node"], leaf=row["leaf"])
        assert topics.said(row["node"], row["leaf"]) == row["topic"]
        assert topics.FROM_NODE[row["leaf"]] == row["typ"]
    assert [topic for topic in known["not_from_node"] if topics.parse_node_topic(topic)] == []
    for path, listens in known["node_listens_by_path"].items():
        units = () if path == "none" else tuple(path.split(","))
        assert list(topics.subscriptions_of(known["node"], units)) == listens


def test_the_program_that_writes_them_imports_nothing_of_ours() -> None:
    ours = ("audio", "controller", "firmware_bridge", "scheduler", "simulator")
    for path in make.HERE.glob("*.py"):
        imported = {name.split(".")[0] for name in imports(ast.parse(path.read_bytes()))}
        assert imported.isdisjoint(ours), path.name
