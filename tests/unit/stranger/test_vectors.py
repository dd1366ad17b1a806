"""The stranger against every row of tests/vectors: it refuses what it must, and no more."""

from __future__ import annotations

import json
from typing import Any

from tests.stranger.node import TYP
from tests.stranger.wire import Wrong, decode, open_seal, unb64
from tests.support.yard import KEYS, NODE, VECTORS, Yard

HELD = {
    "controller": {key["kid"]: unb64(key["public"]) for key in KEYS["signing"]},
    "node": {key["kid"]: unb64(key["key"]) for key in KEYS["nodes"]},
}
ALG = {"controller": "Ed25519", "node": "HS256"}
EITHER = {"seal.form", "seal.header"}


def rows(name: str) -> Any:
    return json.loads((VECTORS / name).read_text())


def payload(row: dict[str, str]) -> bytes:
    return row["payload"].encode("utf-8", "surrogatepass") if "payload" in row else bytes.fromhex(row["payload_hex"])


def verdict_on_message(row: dict[str, str]) -> str:
    try:
        decode(row["typ"], payload(row))
    except Wrong as wrong:
        return str(wrong)
    return "ok"


def verdict_on_seal(row: dict[str, str]) -> str:
    token = row["token"].encode() if "token" in row else bytes.fromhex(row["token_hex"])
    try:
        kid, typ, opened = open_seal(token, ALG[row["way"]], [row["typ"]], HELD[row["way"]], lambda _: True)
    except Wrong as wrong:
        return str(wrong)
    right = (kid, typ, opened) == (row.get("kid"), row["typ"], row.get("payload", "").encode())
    return "ok" if right else "something else was read"


def test_every_message_gets_its_verdict() -> None:
    told = [(row["name"], row["verdict"], verdict_on_message(row)) for row in rows("messages.json")]
    assert len(told) > 1_000
    assert [one for one in told if one[1] != one[2] and not (one[1] == "total" and one[2] in ("ok", "malformed"))] == []


def test_every_seal_gets_its_verdict() -> None:
    told = [(row["name"], row["verdict"], verdict_on_seal(row)) for row in rows("seals.json")]
    assert len(told) > 100
    assert [one for one in told if one[1] != one[2] and not {one[1], one[2]} <= EITHER] == []


def test_it_speaks_on_a_nodes_topics_only(tmp_path: Any) -> None:
    topics = rows("topics.json")
    ours = {f"tl/1/node/{NODE['node']}/{leaf}": typ for leaf, typ in TYP.items()}
    assert ours == {row["topic"]: row["typ"] for row in topics["from_node"] if row["node"] == NODE["node"]}
    assert ours.keys().isdisjoint(topics["not_from_node"])


def test_it_listens_as_its_path_says(tmp_path: Any) -> None:
    yard, wanted = Yard(tmp_path), rows("topics.json")["node_listens_by_path"]
    assert yard.node.client.topics == set(wanted.pop("none"))
    yard.trust()
    yard.answer()
    for path, topics in wanted.items():
        yard.config(path=path.split(","))
        assert yard.node.client.topics == set(topics)
