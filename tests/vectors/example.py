"""The worked example of docs/wire.md, section 16: the story, written out. Imports nothing of ours."""

from __future__ import annotations

from collections.abc import Iterator

from tests.vectors.known import GENERATION, KID, MASTER, NODE, NODE_KEYS, PUBLIC, b64, dumped, secret
from tests.vectors.story import STORY, Step

BEGIN, END = "<!-- example: written by tests/vectors/make.py -->\n", "<!-- /example -->"
WIDTH = 120
"""Characters of a line, so that the example is no longer than it must be and still fits a page's width."""

OPENING = f"""\
One morning: Thursday, 2026-01-01, 07:00 in Viet Nam. A node with an empty memory is switched on in village `x01480-1` of
commune `x01480` of province `p04`. Lines are broken at {WIDTH} characters; on the wire there is no break. The test keys are
known to everybody (`tests/vectors/keys.json` has them with all others):
"""


def example() -> str:
    return "\n".join([OPENING, *_block(_keys()), *(line for step in enumerate(STORY, 1) for line in _step(*step))])


def with_example(text: str) -> str:
    """The document with the worked example as it is now."""
    before, _, rest = text.partition(BEGIN)
    return f"{before}{BEGIN}{example()}\n{END}{rest.partition(END)[2]}"


def _keys() -> Iterator[str]:
    yield f"{'kid':13} {'private':43} public"
    for label in ("root", "plan", "order", "config", "answer"):
        kid = "root" if label == "root" else f"{label}-2026"
        yield f"{kid:13} {b64(secret(label))} {b64(PUBLIC[kid])}"
    yield f"{'master':13} {b64(MASTER)}"
    yield f"{KID:13} {b64(NODE_KEYS[KID])} HKDF, info tl/1/node/{NODE}/{GENERATION}"


def _step(number: int, step: Step) -> Iterator[str]:
    yield from ("", f"**{number} {step.title}.** {step.text}", "")
    yield from _block(_lines(step))


def _lines(step: Step) -> Iterator[str]:
    yield f"topic    {step.topic}"
    yield f"header   {step.head.decode()}"
    yield from ("payload", *_broken(step.payload.decode()))
    yield from ("token", *_broken(step.token))
    if step.body is not None:
        yield from ("body", *_broken(dumped(step.body).decode()))


def _block(lines: Iterator[str]) -> Iterator[str]:
    return ("    " + line for line in lines)


def _broken(text: str) -> Iterator[str]:
    return ("  " + text[at : at + WIDTH] for at in range(0, len(text), WIDTH))
