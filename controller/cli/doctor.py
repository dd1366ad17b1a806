"""`tienglang doctor`: what is well, what should be done, what is wrong. Changes nothing; works when everything else does not."""

from __future__ import annotations

import logging
from collections.abc import Mapping

import click

from controller.cli.doctor_sentences import AREAS, FINDINGS, VERDICTS
from controller.cli.session import Session, with_session
from controller.cli.times import show_time
from controller.doctor.findings import Finding, in_trouble
from controller.web.sentences import LANGUAGES, Language, fill
from scheduler.clock import SystemClock

EXIT_TROUBLE = 1


@click.command()
@with_session
def doctor(session: Session) -> int:
    """Khám: khóa, đồng hồ, MQTT, ổ đĩa, cơ sở dữ liệu. / What is wrong with keys, clock, broker, disk, database.

    \b
    Không thay đổi gì. Kết thúc với 0 nếu không có gì hỏng, 1 nếu có.
    Changes nothing. Exit 0 if nothing is in trouble, 1 otherwise.
    """
    from controller.doctor.examine import examine  # SQLAlchemy and paho take a second that no other command should pay

    logging.getLogger("controller.mqtt.link").setLevel(logging.CRITICAL)  # what goes wrong there is a finding
    findings = examine(session.settings, SystemClock())
    session.give([as_json(finding) for finding in findings])
    if not session.as_json:
        for line in lines(findings, session.lang):
            click.echo(line)
    return EXIT_TROUBLE if in_trouble(findings) else 0


def lines(findings: list[Finding], lang: Language) -> list[str]:
    """Each finding as people read it: verdict, what was looked at, what it means; and below it what to do."""
    number = LANGUAGES.index(lang)
    width = max(len(words[number]) for words in VERDICTS.values()) + 2
    told: list[str] = []
    for finding in findings:
        means, do = sentences(finding, lang)
        verdict = f"[{VERDICTS[finding.verdict][number]}]".ljust(width)
        told.append(f"{verdict} {AREAS[finding.area][number]}: {means}")
        if do:
            told.append(f"{' ' * width} → {do}")
    return told


def sentences(finding: Finding, lang: Language) -> tuple[str, str]:
    """What a finding means, and what to do about it (empty: nothing)."""
    said, fields = FINDINGS[finding.code], _shown(finding.fields)
    means, do = (said.vi, said.do_vi) if lang == "vi" else (said.en, said.do_en)
    return fill(means, fields), fill(do, fields)


def as_json(finding: Finding) -> dict[str, object]:
    """A finding for machines, with its sentences in both languages."""
    (means_vi, do_vi), (means_en, do_en) = sentences(finding, "vi"), sentences(finding, "en")
    return {
        "area": finding.area,
        "verdict": finding.verdict,
        "code": finding.code,
        "means_vi": means_vi,
        "do_vi": do_vi,
        "means_en": means_en,
        "do_en": do_en,
        "fields": dict(finding.fields),
    }


def _shown(fields: Mapping[str, object]) -> dict[str, object]:
    """Moments (`*_ms`) as people read them, beside the fields themselves."""
    moments = {
        name.removesuffix("_ms"): show_time(value)
        for name, value in fields.items()
        if name.endswith("_ms") and isinstance(value, int)
    }
    return {**fields, **moments}
