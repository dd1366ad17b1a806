"""`tienglang-sim world`: a month of a province in minutes. docs/mo-phong.md tells how to write a scenario."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import msgspec

from simulator.world import report
from simulator.world.run import World
from simulator.world.scenario import ScenarioError, read

FAILED = 1
"""The exit code when a bar does not hold."""


@click.command("world", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("scenario", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--nodes", type=click.IntRange(1, 20_000), help="Instead of the scenario's.")
@click.option("--days", type=click.IntRange(1, 400), help="Instead of the scenario's.")
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), help="Instead of the scenario's. The same seed, the same report.")
@click.option("--json", "as_json", is_flag=True, help="One line of JSON instead of a table.")
@click.pass_context
def world(ctx: click.Context, /, scenario: Path, as_json: bool, **instead: Any) -> None:
    """Cho các cụm loa thật sống trong thời gian ảo theo kịch bản. / Let the real loudspeaker minds live through SCENARIO.

    \b
    Exit code 0: every bar holds; 1: one does not; 2: the scenario is none.
    tienglang-sim world simulator/scenarios/month.toml --nodes 500 --days 7
    """
    try:
        wanted = read(scenario)
    except ScenarioError as error:
        raise click.UsageError(report.sentence(error)) from None
    wanted = msgspec.structs.replace(wanted, **{name: value for name, value in instead.items() if value is not None})
    it = World(wanted)
    tally = it.run(_tell)
    click.echo(report.for_machines(tally, wanted) if as_json else report.for_people(tally, wanted, it.witness.faults))
    ctx.exit(0 if all(bar.holds for bar in report.bars(tally, wanted)) else FAILED)


def _tell(past: int, villages: int) -> None:
    if past * 20 // villages != (past - 1) * 20 // villages:
        click.echo(f"{past * 100 // villages:3} %", err=True)
