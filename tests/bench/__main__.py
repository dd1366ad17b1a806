"""Speed and memory, each as a ratio to a floor measured in the same run: `make bench [ONLY=ingest]`.

Every other module of this folder that has `run() -> list[dict]` is a bench; it repeats itself (best of 3) and returns

    {"name": "ingest", "value": 9100.0, "unit": "receipts/s", "floor": 21000.0, "ratio": 0.43, "bar": ">= 0.35", "holds": True}

`floor`, `ratio` and `bar` are None for a figure that is only printed. ONLY names a module, or one figure of any module.
Results are merged by name into var/bench.json. Exit 0 when every bar holds, 1 when one does not or a bench failed, 2 when
nothing matched.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

Figure = dict[str, Any]
FIELDS = ("name", "value", "unit", "floor", "ratio", "bar", "holds")
RESULTS = Path(__file__).parents[2] / "var" / "bench.json"


def main(only: str | None = None) -> int:
    """Run what `only` names (all if None), print the table, keep the figures."""
    if only and only.startswith("-"):
        print(__doc__)
        return 2
    figures: list[Figure] = []
    failed: list[str] = []
    for name, run in benches(only):
        print(f"bench {name} ...", flush=True)
        try:
            figures += [checked(figure) for figure in run()]
        except Exception:  # noqa: BLE001  one broken bench must not hide the others' figures
            traceback.print_exc()
            failed.append(name)
    if only and not any(name == only for name, _ in benches(None)):
        figures = [figure for figure in figures if figure["name"] == only]
    if not figures and not failed:
        print(f"no bench or figure is called {only!r}" if only else "there is no bench yet", file=sys.stderr)
        return 2
    print(table(figures))
    keep(figures, RESULTS)
    for name in failed:
        print(f"bench {name} failed", file=sys.stderr)
    return 1 if failed or not all(figure["holds"] for figure in figures) else 0


def benches(only: str | None) -> list[tuple[str, Callable[[], list[Figure]]]]:
    """The modules that have run(), by name. If `only` is no module's name it may be a figure's: then all of them."""
    names = sorted(info.name for info in pkgutil.iter_modules([str(Path(__file__).parent)]) if not info.name.startswith("_"))
    if only in names:
        names = [only]
    modules = [(name, importlib.import_module(f"tests.bench.{name}")) for name in names]
    return [(name, module.run) for name, module in modules if hasattr(module, "run")]


def checked(figure: Figure) -> Figure:
    """The figure with exactly FIELDS in order; ValueError when one is missing or unknown."""
    if set(figure) != set(FIELDS):
        raise ValueError(f"a figure has the fields {FIELDS}, not {tuple(figure)}")
    return {field: figure[field] for field in FIELDS}


def table(figures: list[Figure]) -> str:
    """The figures as aligned columns for people."""
    rows = [FIELDS, *(tuple(_words(figure[field]) for field in FIELDS) for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(FIELDS))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)


def keep(figures: list[Figure], path: Path) -> None:
    """Merge into the file by name: a run of one bench leaves the others' last figures."""
    try:
        kept = {figure["name"]: figure for figure in json.loads(path.read_text())}
    except (OSError, ValueError, TypeError, KeyError):
        kept = {}
    kept.update({figure["name"]: figure for figure in figures})
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(list(kept.values()), indent=2, ensure_ascii=False) + "\n")


def _words(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "NO"
    return (
        f"{value:,.3g}"
        if isinstance(value, float) and abs(value) < 1000
        else f"{value:,.0f}"
        if isinstance(value, float)
        else str(value)
    )


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
