"""When it sounds, how loud, and who goes first: clock, playlist, rules, lifecycle."""

from __future__ import annotations

from tests.mutation.guard import guard

PLAYLIST, RULES, CLOCK = "firmware_bridge/playlist", "firmware_bridge/rules", "firmware_bridge/timekeeper"
LIFECYCLE = "firmware_bridge/lifecycle"

TIME = (
    guard(
        CLOCK,
        'if asked_ms is None:\n            return "ignored"',
        "if asked_ms is None:\n            asked_ms = now_ms",
        "an_answer_that_is_replayed_turns_no_clock_back",
        "only_our_own_question_and_only_once_sets_the_clock",
        quick=True,
    ),
    guard(
        CLOCK,
        "tuple(pair for pair in self._pending if pair[0] != nonce)",
        "self._pending",
        "only_our_own_question_and_only_once_sets_the_clock",
    ),
    guard(
        CLOCK,
        "now_ms - asked_ms > ROUND_TRIP_MS or ",
        "",
        "an_answer_that_was_delayed_by_5_s_sets_no_clock",
        "a_round_trip_of_more_than_four_seconds_proves_nothing",
    ),
    guard(CLOCK, "t3 < t2 or ", "", "impossible_answers_are_ignored"),
    guard(CLOCK, " or way < 0", "", "impossible_answers_are_ignored"),
    guard(
        CLOCK,
        "if not self.is_trusted or self._offset is None:",
        "if self._offset is None:",
        "an_rtc_that_may_be_a_minute_wrong_is_set_by_the_first_answer",
    ),
    guard(
        CLOCK,
        "if off_ms > STEP_MS:",
        "if False:",
        "a_controller_two_hours_ahead_moves_a_trusted_clock_by_its_third_answer_and_with_an_alarm",
    ),
    guard(
        CLOCK,
        "self.is_confirmed = len(self._strangers) >= AGREEING",
        "self.is_confirmed = len(self._strangers) >= 2",
        "a_controller_that_is_two_hours_ahead_for_two_answers_moves_nothing",
    ),
    guard(
        CLOCK,
        "now_ms - at <= AGREE_WITHIN_MS and ",
        "",
        "answers_that_agree_but_not_within_ten_minutes_move_nothing",
        "strangers_ten_minutes_apart_do_not_add_up",
    ),
    guard(CLOCK, " and abs(their - offset) <= AGREE_MS + bound + u", "", "answers_that_disagree_move_nothing"),
    guard(
        CLOCK,
        "self._strangers = ()\n        self.is_confirmed = True",
        "self.is_confirmed = True",
        "a_controller_that_is_two_hours_ahead_for_two_answers_moves_nothing",
    ),
    guard(CLOCK, "if u <= self.error(now_ms):", "if True:", "the_surer_of_two_answers_stays_until_drift_has_eaten_it"),
    guard(
        CLOCK,
        "return self._u - (-(now_ms - self._stamp) * self._drift_ppm // 1_000_000)",
        "return self._u",
        "the_truth_lies_within_the_bound_however_the_way_splits",
    ),
    guard(CLOCK, "if u > LEARN_U_MS:", "if False:", "answers_that_are_not_sure_teach_nothing"),
    guard(CLOCK, "if passed_ms < LEARN_MS:", "if passed_ms < 1:", "an_hour_of_answers_teaches_nothing"),
    guard(CLOCK, "if abs(pace_ppb) > DRIFT_PPM * 1000:", "if False:", "a_pace_that_no_crystal_has_is_not_learned"),
    guard(
        CLOCK,
        "if off_ms > u + self.error(now_ms):",
        "if False:",
        "an_answer_that_contradicts_what_was_learned_makes_it_forgotten",
    ),
    guard(
        CLOCK,
        "WANDER_PPM - (-(u + first_u) * 1_000_000 // passed_ms)",
        "1",
        "the_truth_lies_within_the_bound_through_three_days_without_a_link",
    ),
    guard(
        CLOCK,
        "0 <= rtc_u_ms <= RTC_U_MS",
        "True",
        "an_rtc_that_may_be_a_minute_wrong_lets_nothing_sound_that_waits_on_disk",
        "a_real_time_clock_is_trusted_up_to_thirty_seconds",
    ),
    guard(
        LIFECYCLE,
        "return min(last, item.exp) if isinstance(item, Order) else last",
        "return last",
        "an_order_that_expired_while_the_clock_was_lost_stays_silent",
        "an_emergency_that_waited_an_hour_for_a_node_without_power_and_clock_is_missed",
    ),
)

HORN = (
    guard(
        PLAYLIST,
        "if not self._clock.is_trusted:\n            return\n        early_ms",
        "early_ms",
        "an_rtc_that_may_be_a_minute_wrong_lets_nothing_sound_that_waits_on_disk",
    ),
    guard(
        PLAYLIST, "if self.horn is not None and now_ms >= self._ends_ms:", "if False:", "the_node_cuts_a_player_that_does_not_end"
    ),
    guard(
        PLAYLIST,
        "return max(LEAD_IN_MS, self._clock.error(now_ms))",
        "return LEAD_IN_MS",
        "a_question_that_took_all_the_time_of_its_round_trip_makes_nothing_early",
    ),
    guard(
        PLAYLIST,
        "if at + u > last:",
        "if False:",
        "a_clock_that_is_too_unsure_for_the_grace_is_silent",
        "a_clip_that_comes_too_late_is_a_miss",
    ),
    guard(PLAYLIST, "blocked = self.is_mute or clip_of", "blocked = clip_of", "floors_that_come_without_a_question_hold_at_once"),
    guard(
        PLAYLIST,
        "self.is_mute or clip_of(item) not in self._larder.held",
        "self.is_mute",
        "a_clip_that_never_comes_has_an_end_with_its_reason",
    ),
    guard(
        PLAYLIST,
        "(self.horn is not None and not outranks(item, self.horn))",
        "False",
        "an_emergency_is_cut_only_by_a_strictly_higher_rank",
        "what_sounds_is_left_to_its_end_by_all_but_emergencies",
    ),
    guard(
        PLAYLIST,
        "why = refusal(self.config, item, at - lead)",
        'why = ""',
        "what_was_accepted_by_day_is_not_carried_into_the_night_by_a_clip_that_comes_late",
        "a_stricter_config_holds_for_what_was_accepted_before",
    ),
    guard(
        PLAYLIST,
        "airing.take(SPENT)\n        out.append(keep_airing(airing))",
        "airing.take(SPENT)",
        "a_power_cut_in_the_middle_of_the_sound_is_its_end",
        "one_airing_by_three_orders_and_a_plan_sounds_once_wherever_the_power_goes",
        quick=True,
    ),
    guard(
        PLAYLIST,
        "gain = allowed_gain(self.config, item, at)",
        "gain = item.gain",
        "by_night_even_an_emergency_is_no_louder_than_the_ceiling",
    ),
    guard(PLAYLIST, 'out.append(Keep(key=f"order/{name}", value=token))', "pass", "what_was_accepted_is_on_disk"),
    guard(
        PLAYLIST,
        "out.append(Silence(airing=airing.id))\n        began",
        "began",
        "a_cancel_in_the_middle_cuts_and_nothing_starts_it_again",
    ),
    guard(PLAYLIST, "_R.CUT if began else _R.CANCELLED", "_R.CUT", "a_stop_between_the_asking_and_the_first_sample_is_a_cancel"),
    guard(
        PLAYLIST,
        "out.append(Silence(airing=self.horn.id))\n            self.say(out, now_ms, self.horn, _R.CUT",
        "self.say(out, now_ms, self.horn, _R.CUT",
        "the_horn_is_silenced_before_an_emergency_takes_it",
    ),
    guard(
        PLAYLIST,
        "self.horn.id == name and not self._started",
        "self.horn.id == name",
        "a_player_that_says_started_twice_says_it_once",
    ),
    guard(
        PLAYLIST,
        "if self.horn is None or self.horn.id != name:",
        "if self.horn is None:",
        "the_end_of_another_sound_is_not_the_end_of_this",
    ),
    guard(
        PLAYLIST,
        "if len(self.airings) >= MAX_AIRINGS or self._ledger.is_full:\n            return False",
        "pass",
        "a_full_table_refuses_and_never_forgets",
        "when_no_more_receipts_fit_nothing_new_is_accepted",
    ),
    guard(PLAYLIST, " or self._ledger.is_full", "", "when_no_more_receipts_fit_nothing_new_is_accepted"),
    guard(
        PLAYLIST,
        "sum(one.klass is Klass.EMERGENCY for one in self._queue) < MAX_EMERGENCIES",
        "True",
        "of_ten_emergencies_one_sounds_eight_wait_and_one_is_refused",
    ),
    guard(PLAYLIST, " and one.until_ms < sure_ms", "", "tombstones_outlive_their_airing_by_a_day_and_no_more"),
    guard(PLAYLIST, " + REMEMBER_MS", "", "a_tombstone_of_a_plans_item_is_kept_for_a_day"),
    guard(
        PLAYLIST,
        "        if not self._clock.is_confirmed:\n            return\n        sure_ms",
        "        sure_ms",
        "an_untrusted_clock_forgets_no_tombstone",
        "an_rtc_that_jumped_ahead_makes_it_forget_nothing_and_sound_nothing_twice",
    ),
    guard(RULES, "if item.duration > policy.max_duration:", "if False:", "too_long_is_refused"),
    guard(
        RULES,
        'return "" if is_allowed(policy.hours, policy.utc_offset, begin_ms, begin_ms + item.duration) else "hours"',
        'return ""',
        "at_three_fifteen_it_is_silent_whoever_sealed_the_order_or_the_plan",
        "a_lax_config_that_another_key_sealed_opens_no_night",
        quick=True,
    ),
    guard(
        RULES,
        "begin_ms, begin_ms + item.duration) else",
        "begin_ms, begin_ms) else",
        "the_end_of_the_sound_must_be_within_hours_too",
    ),
    guard(RULES, "min(item.gain, ceiling)", "item.gain", "by_night_even_an_emergency_is_no_louder_than_the_ceiling"),
    guard(RULES, "(0, -item.rank,", "(0, 0,", "emergencies_that_wait_sound_by_rank_and_then_in_the_order_of_their_issue"),
    guard(
        RULES,
        "item.iat if isinstance(item, Order) else 0",
        "0",
        "emergencies_that_wait_sound_by_rank_and_then_in_the_order_of_their_issue",
    ),
    guard(
        RULES,
        "if item.klass is not Klass.EMERGENCY:\n        return False",
        "if False:\n        return False",
        "what_sounds_is_left_to_its_end_by_all_but_emergencies",
    ),
    guard(
        RULES,
        "item.rank > sounding.item.rank",
        "item.rank >= sounding.item.rank",
        "of_two_emergencies_at_once_the_higher_rank_cuts_and_the_other_waits_for_nobody_below_it",
        quick=True,
    ),
)
