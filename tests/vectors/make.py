"""Writes the vectors beside it, the worked example of docs/wire.md and docs/asyncapi.json: `python -m tests.vectors.make`.

It knows the contract from the document's tables and from what is written here, and imports nothing of the controller or the
node: what they agree on with it, they agree on with a stranger. The same run gives the same bytes.
"""

from __future__ import annotations

import json
from pathlib import Path

from tests.vectors import asyncapi, messages, seals
from tests.vectors.example import with_example
from tests.vectors.known import NODE, Json, keys_file
from tests.vectors.tables import WIRE

HERE = Path(__file__).parent


def topics() -> Json:
    leaves = ("state", "receipt", "health", "ask")
    typs = ("tl-state", "tl-receipts", "tl-health", "tl-ask")
    good = [
        {"topic": f"tl/1/node/{node}/{leaf}", "node": node, "leaf": leaf, "typ": typ}
        for node in (NODE, "a", "a" * 36)
        for leaf, typ in zip(leaves, typs, strict=True)
    ]
    bad = [
        "",
        "/",
        "tl/1",
        "tl/1/node",
        f"tl/1/node/{NODE}",
        f"tl/1/node/{NODE}/",
        f"tl/1/node/{NODE}/inbox",
        f"tl/1/node/{NODE}/state/",
        f"tl/1/node/{NODE}/state/x",
        f"/tl/1/node/{NODE}/state",
        f"tl/2/node/{NODE}/state",
        f"TL/1/node/{NODE}/state",
        f"tl/1/node/{NODE}/State",
        f"tl/1/node/{NODE}/receipts",
        "tl/1/node//state",
        f"tl/1/node/{'a' * 37}/state",
        "tl/1/node/A/state",
        "tl/1/node/+/state",
        "tl/1/node/#",
        "tl/1/node/a b/state",
        "tl/1/node/ă/state",
        "tl/1/node/a\u0000/state",
        f"tl/1/node/{NODE}/state\n",
        "tl/1/node/../state",
        f"tl/1/unit/{NODE}/order",
        "tl/1/unit/x01480-1/plan",
        "tl/1/live/ses-1",
        "$SYS/broker/uptime",
    ]
    listens = {
        "none": [f"tl/1/node/{NODE}/inbox"],
        "p04,x01480,x01480-1": [
            f"tl/1/node/{NODE}/inbox",
            "tl/1/unit/p04/order",
            "tl/1/unit/x01480/order",
            "tl/1/unit/x01480-1/order",
            "tl/1/unit/x01480-1/plan",
        ],
    }
    return {"from_node": good, "not_from_node": bad, "node": NODE, "node_listens_by_path": listens}


def files() -> dict[Path, str]:
    """Everything this program writes, by path."""
    return {
        HERE / "keys.json": json.dumps(keys_file(), indent=1, ensure_ascii=False) + "\n",
        HERE / "messages.json": _lines(messages.vectors()),
        HERE / "seals.json": _lines(seals.vectors()),
        HERE / "topics.json": json.dumps(topics(), indent=1, ensure_ascii=True) + "\n",
        asyncapi.PATH: asyncapi.document(),
        WIRE: with_example(WIRE.read_text()),
    }


def _lines(rows: list[Json]) -> str:
    names = [row["name"] for row in rows]
    assert len(set(names)) == len(names), [name for name in names if names.count(name) > 1][:5]
    return "[\n" + ",\n".join(json.dumps(row, ensure_ascii=True) for row in rows) + "\n]\n"


if __name__ == "__main__":
    for path, text in files().items():
        path.write_text(text)
