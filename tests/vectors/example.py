"""The worked example of docs/wire.md, section 16. Imports nothing of ours."""

from __future__ import annotations

from collections.abc import Callable

from tests.vectors.known import (
    FULL,
    GENERATION,
    KID,
    MASTER,
    NODE,
    NODE_KEYS,
    NOW,
    PUBLIC,
    SAID,
    b64,
    by,
    dumped,
    header,
    sealed,
    secret,
)


def example() -> str:
    order = {name: value for name, value in FULL["tl-order"].items() if name != "live"}
    receipts = SAID | {"from": 41, "items": [{"seq": 41, "airing": "air-1", "rev": 1, "state": "accepted", "at": NOW + 120}]}
    return "\n".join(
        [
            "Test keys, known to everybody (`tests/vectors/keys.json`). Written by `tests/vectors/make.py`.",
            "Long lines are broken here at 100 characters; on the wire there is no break.",
            "",
            "**An order** that the commune `x01480` shall play `air-1` at 2026-01-01T00:00:05Z. The key `order-2026`:",
            "",
            *_block("private  " + b64(secret("order")), "public   " + b64(PUBLIC["order-2026"])),
            "",
            *_steps("tl/1/unit/x01480/order", header("Ed25519", "order-2026", "tl-order"), dumped(order), by("order-2026")),
            "",
            f"**A receipt** by which the node `{NODE}`, generation {GENERATION}, says that it has taken it in;",
            "its key comes out of the controller's master:",
            "",
            *_block(
                "master   " + b64(MASTER),
                f"info     tl/1/node/{NODE}/{GENERATION}",
                "key      " + b64(NODE_KEYS[KID]),
            ),
            "",
            *_steps(f"tl/1/node/{NODE}/receipt", header("HS256", KID, "tl-receipts"), dumped(receipts), by(KID)),
            "",
            "**The answer** that lets it forget that receipt, by the key `answer-2026`:",
            "",
            *_steps(
                f"tl/1/node/{NODE}/inbox",
                header("Ed25519", "answer-2026", "tl-answer"),
                dumped({"iss": "coso", "aud": NODE, "iat": NOW + 900, "exp": NOW + 60_900, "life": SAID["life"], "upto": 41}),
                by("answer-2026"),
            ),
        ]
    )


def _steps(topic: str, head: bytes, payload: bytes, signer: Callable[[bytes], bytes]) -> list[str]:
    token = sealed(head, payload, signer)
    return _block(
        f"topic    {topic}", f"header   {head.decode()}", "payload", *_broken(payload.decode()), "token", *_broken(token)
    )


def _block(*lines: str) -> list[str]:
    return ["    " + line for line in lines]


def _broken(text: str) -> list[str]:
    return ["  " + text[at : at + 100] for at in range(0, len(text), 100)]


def with_example(text: str) -> str:
    """The document with the worked example as it is now."""
    before, _, rest = text.partition("<!-- example: written by tests/vectors/make.py -->\n")
    _, _, after = rest.partition("<!-- /example -->")
    return f"{before}<!-- example: written by tests/vectors/make.py -->\n{example()}\n<!-- /example -->{after}"
