"""What it keeps, fetches and remembers through a power cut: ledger, larder, errands, awakening, memory, engine."""

from __future__ import annotations

from tests.mutation.guard import guard

LEDGER, LARDER, ERRANDS = "firmware_bridge/ledger", "firmware_bridge/larder", "firmware_bridge/errands"
AWAKENING, MEMORY, ENGINE = "firmware_bridge/awakening", "firmware_bridge/memory", "firmware_bridge/engine"

KEPT = (
    guard(LEDGER, "if upto < self.from_seq:\n            return", "pass", "an_older_upto_uncovers_nothing"),
    guard(
        LEDGER,
        "if upto >= self.next_seq:",
        "if False:",
        "a_copied_disk_shows_itself_by_its_numbers_and_loses_no_word",
        "a_rolled_back_disk_gives_its_receipts_new_numbers",
    ),
    guard(LEDGER, "if seq <= upto]", "]", "what_is_covered_in_part_is_kept_in_part"),
    guard(
        LEDGER,
        "self._tries = 0\n        self._restart(now_ms)\n\n    def publish",
        "self._tries = 0\n\n    def publish",
        "receipts_that_a_broker_acknowledged_and_dropped_are_said_again_as_they_were",
    ),
    guard(
        LEDGER,
        "end = min(self.next_seq, self.from_seq + IN_FLIGHT)",
        "end = self.next_seq",
        "a_months_receipts_do_not_pour_out_in_one_second",
    ),
    guard(
        LEDGER,
        'out.append(Keep(key=f"receipt/{seq}", value=encode(receipt)))',
        "pass",
        "a_word_that_was_kept_is_said_after_the_power_came_back",
    ),
    guard(
        LEDGER,
        'out.append(keep_number("from", self.from_seq))',
        "pass",
        "numbers_go_on_after_everything_was_covered_and_the_power_went",
    ),
    guard(LARDER, "if not bases:", "if False:", "without_a_base_nothing_is_fetched"),
    guard(LARDER, "if urgent or not self.fetching:", "if True:", "clips_are_fetched_one_at_a_time_soonest_first"),
    guard(
        LARDER,
        "return tries + 1 < TRIES_AN_HOUR",
        "return True",
        "a_failed_fetch_is_tried_again_and_after_eight_times_it_is_a_failure",
    ),
    guard(
        LARDER,
        "(trouble[0] < TRIES_AN_HOUR or now_ms - trouble[1] >= HOUR_MS)",
        "True",
        "a_file_that_failed_eight_times_rests_whatever_else_is_fetched",
    ),
    guard(LARDER, "if want[0] not in self.held and", "if", "held_clips_are_kept_and_fetched_and_idle_ones_leave_beyond_a_number"),
    guard(ERRANDS, "if not may_class(key, item.klass):", "if False:", "a_plan_key_with_a_class_carries_no_other"),
    guard(ERRANDS, "elif item.start >= body.valid_until:", "elif False:", "an_item_beyond_its_plans_last_day_is_refused"),
    guard(
        ERRANDS,
        "if pending is not None and event.sha256 == pending[2].sha256:",
        "if pending is not None:",
        "a_body_that_nobody_waits_for_is_no_plan",
    ),
    guard(
        ERRANDS,
        "key = self._door.ring.keys.get(kid) if self._door.ring else None\n        if body is None or key is None:",
        "key = next(iter(self._door.ring.keys.values()))\n        if body is None:",
        "a_body_that_comes_after_its_key_was_left_out_is_no_plan",
    ),
    guard(
        ERRANDS,
        "{want[0] for want in self._wanted()} | sounding",
        "{want[0] for want in self._wanted()}",
        "a_clip_that_sounds_is_not_dropped",
    ),
    guard(
        AWAKENING,
        "isinstance(config[1], Config) and door.key_of(config[0], config[1], config[1].path, node)",
        "isinstance(config[1], Config)",
        "a_config_on_disk_is_held_to_its_key_again_at_boot",
    ),
    guard(
        AWAKENING,
        " or door.key_of(kid, head, papers.path, node) is None",
        "",
        "what_the_disk_holds_is_held_to_the_keys_scope_again_at_boot",
    ),
    guard(
        AWAKENING,
        " or door.key_of(*opened, papers.path, node) is None",
        "",
        "what_the_disk_holds_is_held_to_the_keys_scope_again_at_boot",
    ),
    guard(
        AWAKENING,
        'playlist.say(out, now_ms, airing, ReceiptState.CUT, "power")',
        "pass",
        "a_power_cut_in_the_middle_of_the_sound_is_its_end",
    ),
    guard(AWAKENING, " and not airing.is_kept", "", "an_order_that_was_accepted_has_an_end_however_long_the_power_was_away"),
    guard(
        AWAKENING,
        "elif airing.item is not None and sure_ms > last_begin_ms(airing.item):",
        "elif False:",
        "an_emergency_that_was_accepted_before_the_power_went_for_an_hour_is_missed",
    ),
    guard(AWAKENING, "not _wins(item, known)", "item.rev < known.rev", "an_emergency_on_disk_wins_over_a_plan_that_names_it"),
    guard(
        AWAKENING,
        "known.phase is not Phase.WAITING or not",
        "not",
        "a_power_cut_anywhere_in_an_order_plays_at_most_once_and_tells_the_end",
    ),
    guard(MEMORY, " and name == str(receipt.seq)", "", "a_word_under_anothers_number_is_damaged_and_not_said"),
    guard(
        MEMORY,
        "UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)",
        "UNREADABLE = (msgspec.DecodeError, RecursionError)",
        "any_memory_boots_and_what_it_still_knows_as_spent_stays_spent",
    ),
    guard(
        MEMORY,
        "UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)",
        "UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError)",
        "any_memory_boots_and_what_it_still_knows_as_spent_stays_spent",
    ),
    guard(
        MEMORY,
        "airing.phase = Phase.SOUNDING if record.state is ReceiptState.STARTED else Phase.ENDED",
        "airing.phase = Phase.ENDED",
        "a_power_cut_in_the_middle_of_the_sound_is_its_end",
    ),
    guard(
        MEMORY,
        "if receipt.state is ReceiptState.REFUSED and receipt.why in UNWRITTEN:",
        "if False:",
        "a_refusal_for_trust_can_not_bar_the_real_order",
    ),
    guard(
        MEMORY,
        "if receipt.state not in ENDS or (airing is not None and airing.phase is Phase.ENDED):",
        "if True:",
        "a_cancel_before_the_sound_is_silence_wherever_the_power_goes",
        "a_power_cut_anywhere_in_a_stop_never_sounds_after_cancelled_was_said",
    ),
    guard(MEMORY, "if seq < remembered.from_seq:", "if False:", "a_power_cut_anywhere_in_a_cover_brings_no_covered_word_back"),
    guard(
        ENGINE,
        "self._papers.floors, self._papers.born_ms = remembered.floors, remembered.born_ms",
        "pass",
        "floors_outlive_a_power_cut",
    ),
    guard(ENGINE, "remembered.life or self._random(8).hex()", "self._random(8).hex()", "boots_are_counted_on_disk"),
    guard(ENGINE, "self.boot += 1", "pass", "boots_are_counted_on_disk", "a_stale_will_after_a_new_birth_changes_nothing"),
)
