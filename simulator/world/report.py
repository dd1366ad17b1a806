"""What a world came to, for people (the bars first) and for machines. Pure."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from simulator.world.scenario import Scenario, ScenarioError
from simulator.world.tally import Tally
from simulator.world.witness import Fault

SENTENCES = {
    "scenario.unreadable": "Không đọc được tệp kịch bản / The scenario can't be read",
    "scenario.syntax": "Tệp kịch bản không phải TOML / The scenario is no TOML",
    "scenario.field": "Sai trong kịch bản / Wrong in the scenario",
    "scenario.period": "Khoảng bị ngược / A period that ends before it begins",
    "scenario.hours": "Giờ được phát phải nằm trong một ngày / Hours must open before they close, within a day",
    "scenario.room": "Âm thanh quá dài / A sound that is too long for its quarter of an hour",
}
"""What each code of a ScenarioError means."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """Something that must hold: its name, whether it does, and the figure."""

    name: str
    holds: bool
    figure: str


def bars(tally: Tally, scenario: Scenario) -> tuple[Bar, ...]:
    """What a run is held to."""
    share = _share(tally.fair_on_time, tally.fair)
    return (
        Bar(
            name="đúng giờ trong 2 giây, có điện và đường truyền / on time within 2 s, of those with power and link",
            holds=share >= scenario.on_time,
            figure=f"{_percent(share)} (>= {_percent(scenario.on_time)})",
        ),
        _none("phát hai lần / played twice", tally.doubles),
        _none("phát ngoài giờ hẹn / begun outside its window", tally.lates),
        _none("phát trong giờ yên lặng / sounded in quiet hours", tally.breaches),
        _none("chưa có kết quả cuối / deliveries without an end", tally.unsettled),
    )


def for_people(tally: Tally, scenario: Scenario, faults: Iterable[Fault]) -> str:
    """The bars, then what else happened, as a table."""
    node_days = scenario.nodes * scenario.days
    lines = [f"{'ĐẠT ' if bar.holds else 'HỎNG'} {bar.figure:>24}  {bar.name}" for bar in bars(tally, scenario)]
    lines += [f"     {fault.kind}: node {fault.node}, {fault.airing}, {fault.at_ms}" for fault in faults]
    rows = (
        (f"{tally.pairs:,}", f"lượt x cụm loa / airings x nodes ({scenario.nodes:,} nodes, {scenario.days} days)"),
        (f"{tally.fair:,}", "có điện suốt, 10 phút đường truyền / with power throughout and ten minutes of link"),
        (_percent(_share(tally.on_time, tally.pairs)), "đúng giờ, trong tất cả / on time, of all"),
        (_percent(_share(tally.streamed, tally.pairs)), "nếu chỉ phát trực tuyến / what a node that only streams would reach"),
        (f"{tally.full_on_time:,} / {tally.full:,}", "đúng giờ khi đĩa đầy / on time, of those whose disk was full"),
        (f"{tally.forbidden:,}", "bị cấm theo giờ / forbidden by the hours"),
        (f"{tally.bytes_in // node_days:,}", "byte đến một cụm loa một ngày / bytes to a node a day, with its clips"),
        (f"{tally.bytes_out // node_days:,}", "byte đi từ một cụm loa một ngày / bytes from a node a day"),
    )
    lines += ["", *(f"{figure:>29}  {name}" for figure, name in rows)]
    lines += ["", "Kết quả / what became of all:", *_ladder(tally.words)]
    if tally.fair_words:
        lines += ["", "Không đúng giờ dù có điện và đường truyền / with power and link, and yet not on time:"]
        lines += _ladder(tally.fair_words)
    return "\n".join(lines)


def for_machines(tally: Tally, scenario: Scenario) -> str:
    """The same as one line of JSON."""
    node_days = scenario.nodes * scenario.days
    return json.dumps(
        {
            "good": all(bar.holds for bar in bars(tally, scenario)),
            "nodes": scenario.nodes,
            "days": scenario.days,
            "seed": scenario.seed,
            "pairs": tally.pairs,
            "on_time": tally.on_time,
            "fair": tally.fair,
            "fair_on_time": tally.fair_on_time,
            "full_disk": tally.full,
            "full_disk_on_time": tally.full_on_time,
            "streamed": tally.streamed,
            "forbidden": tally.forbidden,
            "doubles": tally.doubles,
            "lates": tally.lates,
            "breaches": tally.breaches,
            "unsettled": tally.unsettled,
            "bytes_in_a_node_day": tally.bytes_in // node_days,
            "bytes_out_a_node_day": tally.bytes_out // node_days,
            "words": dict(sorted(tally.words.items())),
            "fair_words": dict(sorted(tally.fair_words.items())),
        }
    )


def sentence(error: ScenarioError) -> str:
    """A ScenarioError in words."""
    return f"{SENTENCES[error.code]}: {error.detail} ({error.code})"


def _none(name: str, count: int) -> Bar:
    return Bar(name=name, holds=count == 0, figure=f"{count:,}")


def _ladder(words: Counter[str]) -> list[str]:
    return [f"{count:>29,}  {word}" for word, count in sorted(words.items(), key=lambda pair: (-pair[1], pair[0]))]


def _share(part: int, whole: int) -> float:
    """Of nothing, all."""
    return part / whole if whole else 1.0


def _percent(share: float) -> str:
    """Rounded down: 99.99 % is never said of less."""
    return f"{int(share * 1_000_000) / 10_000:.4f} %"
