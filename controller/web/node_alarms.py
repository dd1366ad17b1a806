"""An alarm beside the name of its loudspeaker: the sentence without the name before it."""

from __future__ import annotations

from controller.service.alarms import AlarmView
from controller.service.ports import Alarm
from controller.web.alarm_sentences import alarm_sentence
from controller.web.sentences import Language


def alarm_line(alarm: Alarm, language: Language) -> str:
    """What is the matter, in one sentence."""
    said = alarm_sentence(AlarmView(alarm=alarm, name="", village=""), language).removeprefix(f"{alarm.node}: ")
    return said[:1].upper() + said[1:]
