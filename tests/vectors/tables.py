"""The tables of docs/wire.md, read: what each message's fields are, as a stranger would know them. Imports nothing of ours."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from pathlib import Path

WIRE = Path(__file__).parents[2] / "docs" / "wire.md"
REQUIRED = "required"
ABSENT = "absent"
OPENS_WITH = {
    **dict.fromkeys(("tl-order", "tl-plan", "tl-config", "tl-trust", "tl-answer"), "claims"),
    **dict.fromkeys(("tl-state", "tl-receipts", "tl-health", "tl-ask"), "said"),
}
MESSAGES = (*OPENS_WITH, "plan-body")


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One row. `kind` is integer, boolean, one of, object, list, or a named text; `item` is what a list holds."""

    name: str
    kind: str
    low: int | None = None
    high: int | None = None
    words: tuple[str, ...] = ()
    table: str = ""
    item: Field | None = None
    default: str = REQUIRED  # or ABSENT, or JSON
    unit: str = ""
    meaning: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """One row of section 2: who says what to whom, where."""

    address: str
    sender: str
    receiver: str
    typs: tuple[str, ...]


def read(text: str) -> tuple[dict[str, tuple[Field, ...]], dict[str, str]]:
    """(the tables by name, each with the fields it opens with; the patterns of texts by type)."""
    own: dict[str, tuple[Field, ...]] = {}
    name = ""
    for line in text.splitlines():
        if line.startswith("#"):
            heading = re.fullmatch(r"### .*: `([a-z-]+)`", line)
            name = heading[1] if heading else ""
        elif name and re.match(r"\| `", line):
            cells = _cells(line)
            if len(cells) == 6:
                own[name] = (*own.get(name, ()), _field(cells))
    whole = {table: (*own.get(OPENS_WITH.get(table, ""), ()), *fields) for table, fields in own.items()}
    return whole, _patterns(text)


def topics(text: str) -> tuple[Topic, ...]:
    """The topics of section 2."""
    rows = map(_cells, _table(text, "| topic | from | to |"))
    return tuple(
        Topic(address=address.strip("`"), sender=sender, receiver=receiver, typs=tuple(re.findall(r"`(tl-[a-z]+)`", carries)))
        for address, sender, receiver, carries in rows
    )


def titles(text: str) -> dict[str, tuple[str, str]]:
    """Of each table its title, and what the document says of it before its duties and fields."""
    found = re.findall(r"^### (.*): `([a-z-]+)`\n\n(?:((?:(?!- \[|\| ).+\n)+))?", text, re.MULTILINE)
    return {name: (title, plain(" ".join(said.split()))) for title, name, said in found}


def refusals(text: str) -> dict[str, dict[str, str]]:
    """Of each table its rules: code -> refused unless."""
    found: dict[str, dict[str, str]] = {}
    name = ""
    for line in text.splitlines():
        if heading := re.fullmatch(r"### .*: `([a-z-]+)`", line):
            name = heading[1]
        elif rule := re.fullmatch(r"\| `(rule\.[a-z-]+)` \| (.*) \|", line):
            found.setdefault(name, {})[rule[1]] = plain(rule[2])
    return found


def plain(markdown: str) -> str:
    """Without links, which lead nowhere outside the document."""
    return re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", markdown)


def rules(text: str) -> set[str]:
    """The codes of all rules in the document."""
    return set(re.findall(r"`(rule\.[a-z-]+)`", text))


def grid(text: str) -> dict[str, dict[str, str]]:
    """The delivery's table of section 13: state -> word -> state."""
    lines = [_cells(line) for line in text[text.index("| state | publish |") :].split("\n\n")[0].splitlines()]
    words = lines[0][1:]
    return {row[0]: {word: cell for word, cell in zip(words, row[1:], strict=True) if cell} for row in lines[2:]}


def _patterns(text: str) -> dict[str, str]:
    return {cells[0]: cells[1].strip("`") for cells in map(_cells, _table(text, "| type | pattern |"))}


def _table(text: str, head: str) -> list[str]:
    """The rows of the table that begins with `head`, without its head."""
    return text[text.index(head) :].split("\n\n")[0].splitlines()[2:]


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")] if line.count("|") > 2 else []


def _field(cells: list[str]) -> Field:
    name, kind, limits, unit, default, meaning = cells
    said = {"name": name.strip("`"), "default": _default(default), "unit": unit, "meaning": plain(meaning)}
    return replace(_typed(kind, limits), **said)


def _typed(kind: str, limits: str) -> Field:
    if kind.startswith("list of "):
        low, high = _limits(limits)
        inner = kind.removeprefix("list of ")
        if inner.startswith("integer "):
            item = _typed("integer", inner.removeprefix("integer "))
        elif inner.startswith("one of "):
            item = _typed("one of", inner.removeprefix("one of "))
        else:
            item = _typed(f"object {inner}" if inner.startswith("`") else inner, "")
        return Field(name="", kind="list", low=low, high=high, item=item)
    if kind.startswith("object "):
        return Field(name="", kind="object", table=kind.removeprefix("object ").strip("`"))
    if kind == "one of":
        return Field(name="", kind=kind, words=tuple(re.findall(r"`([a-z_]+)`", limits)))
    if kind == "integer":
        low, high = _limits(limits)
        return Field(name="", kind=kind, low=low, high=high)
    return Field(name="", kind=kind)


def _limits(text: str) -> tuple[int, int]:
    low, high = text.split("..")
    return _number(low), _number(high)


def _number(text: str) -> int:
    power = re.fullmatch(r"2\^(\d+)-1", text)
    return 2 ** int(power[1]) - 1 if power else int(text)


def _default(text: str) -> str:
    if text in (REQUIRED, ABSENT):
        return text
    json.loads(text.strip("`"))  # it is JSON, or the document is wrong
    return text.strip("`")
