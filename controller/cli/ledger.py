"""An airing's ledger on the command line: what the server says of it, what moved, and the lines a person reads. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from controller import places
from controller.cli.sentences import text
from controller.domain.delivery import ENDS, Evidence, State, is_good
from controller.web.sentences import Language, why_sentence


class AiringLine(msgspec.Struct, frozen=True, kw_only=True):
    """An airing in one line, as the API says it; what is not shown here is not read."""

    id: str
    title: str
    start: str
    total: int
    good: int
    open: int
    ended: bool
    summary: dict[str, str]
    cancelled: str | None = None


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One loudspeaker's step on the ladder."""

    node: str
    name: str
    village: str
    state: State
    why: str
    evidence: Evidence | None

    @property
    def is_good(self) -> bool:
        """Did people hear it, as far as anybody can tell?"""
        return is_good(self.state, self.evidence)


class _Village(msgspec.Struct, frozen=True, kw_only=True):
    village: str
    name: str
    nodes: list[Row]


class _Whole(msgspec.Struct, frozen=True, kw_only=True):
    airing: AiringLine
    villages: list[_Village]


class _Change(msgspec.Struct, frozen=True, kw_only=True):
    airing: AiringLine
    nodes: list[Row]


@dataclass(slots=True, kw_only=True)
class Ledger:
    """An airing whole, kept up by its changes. `villages` is their names."""

    airing: AiringLine
    villages: dict[str, str]
    rows: dict[str, Row]

    @property
    def all_good(self) -> bool:
        """Has every loudspeaker finished, and none measured silent? Nobody at all is not everybody."""
        return bool(self.rows) and all(row.is_good for row in self.rows.values())

    def unheard(self) -> list[Row]:
        """Who was not heard (yet), by village and name."""
        rows = (row for row in self.rows.values() if not row.is_good)
        return sorted(rows, key=self._place)

    def by_village(self) -> list[tuple[str, Row]]:
        """Everybody with the name of the village, in the order in which people read names."""
        return [(self.villages.get(row.village, row.village), row) for row in sorted(self.rows.values(), key=self._place)]

    def _place(self, row: Row) -> tuple[list[tuple[int, str]], list[tuple[int, str]]]:
        return name_order(self.villages.get(row.village, row.village)), name_order(row.name)

    def change(self, data: str) -> None:
        """Take in a `change` event; msgspec.DecodeError if it is none."""
        moved = msgspec.json.decode(data, type=_Change)
        self.airing = moved.airing
        self.rows.update((row.node, row) for row in moved.nodes)


def ledger_of(data: str | bytes) -> Ledger:
    """The ledger in a `ledger` event or the API's answer; msgspec.DecodeError if it is none."""
    whole = msgspec.json.decode(data, type=_Whole)
    return Ledger(
        airing=whole.airing,
        villages={village.village: village.name for village in whole.villages},
        rows={row.node: row for village in whole.villages for row in village.nodes},
    )


def ladder_line(ledger: Ledger, lang: Language) -> str:
    """How many stand on each rung: "38/40 cụm loa · đang phát 1 · hỏng 1"."""
    counts: dict[str, int] = {}
    for row in ledger.rows.values():
        if not row.is_good:
            counts[_standing(row)] = counts.get(_standing(row), 0) + 1
    order = [*(state.value for state in State), "silent"]
    good = sum(row.is_good for row in ledger.rows.values())
    parts = [text("ladder-total", lang, {"good": good, "total": len(ledger.rows)})]
    parts += [f"{text(f'state-{standing}', lang, {})} {counts[standing]}" for standing in order if standing in counts]
    return " · ".join(parts)


def unheard_lines(ledger: Ledger, lang: Language) -> Iterator[str]:
    """Who was not heard: village, loudspeaker, where it stands, and the reason it gave."""
    for row in ledger.unheard():
        yield text(
            "unheard",
            lang,
            {
                "village": ledger.villages.get(row.village, row.village),
                "name": row.name,
                "node": row.node,
                "state": text(f"state-{_standing(row)}", lang, {}),
                "why": why_sentence(row.why, lang).rstrip("."),
            },
        )


def village_rows(ledger: Ledger, lang: Language) -> list[tuple[str, str, str]]:
    """The ledger as a table: village, loudspeaker, where it stands with its reason."""
    return [(village, row.name, _standing_text(row, lang)) for village, row in ledger.by_village()]


def as_json(ledger: Ledger) -> dict[str, object]:
    """The outcome for machines: the counts, and everybody not heard."""
    unheard = [msgspec.to_builtins(row) | {"village_name": ledger.villages.get(row.village)} for row in ledger.unheard()]
    return {
        "airing": ledger.airing.id,
        "total": len(ledger.rows),
        "good": sum(row.is_good for row in ledger.rows.values()),
        "open": sum(row.state not in ENDS for row in ledger.rows.values()),
        "all_good": ledger.all_good,
        "unheard": unheard,
    }


def name_order(name: str) -> list[tuple[int, str]]:
    """A key to sort names by: accents and capitals do not count (Đ beside D), numbers do (2 before 10)."""
    pieces = re.split(r"(\d{1,9})", places.fold(name))
    return [(int(piece), "") if piece.isdecimal() else (-1, piece) for piece in pieces if piece]


def _standing(row: Row) -> str:
    return "silent" if row.state is State.FINISHED and row.evidence is Evidence.SILENT else row.state.value


def _standing_text(row: Row, lang: Language) -> str:
    why = why_sentence(row.why, lang).rstrip(".")
    return text(f"state-{_standing(row)}", lang, {}) + (f": {why}" if why else "")
