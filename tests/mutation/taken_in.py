"""What is taken in and what is not, once a seal was found true: intake, reception, papers; and the controller's presence."""

from __future__ import annotations

from tests.mutation.guard import guard

INTAKE, PAPERS, RECEPTION = "firmware_bridge/intake", "firmware_bridge/papers", "firmware_bridge/reception"
PRESENCE = "controller/service/presence"

TAKEN_IN = (
    guard(
        INTAKE,
        "return self._clock.is_trusted and self._papers.is_ready",
        "return self._papers.is_ready",
        "an_answer_that_was_delayed_by_5_s_sets_no_clock",
        "orders_wait_for_the_time_and_say_clock_when_it_comes_too_late",
    ),
    guard(
        INTAKE,
        "return self._clock.is_trusted and self._papers.is_ready",
        "return self._clock.is_trusted",
        "what_waited_in_vain_for_the_floors_says_so",
        "a_wiped_disk_obeys_no_old_plan_and_no_old_order",
    ),
    guard(INTAKE, "if len(self._held) < MAX_HELD:", "if True:", "what_is_held_for_the_time_is_bounded"),
    guard(
        RECEPTION,
        "self._intake.hold(sealed)",
        "pass",
        "what_begins_after_a_wiped_node_heard_the_floors_sounds_once",
        "an_emergency_that_waited_an_hour_for_a_node_without_power_and_clock_is_missed",
    ),
    guard(
        INTAKE,
        "order.aud in config.path and ",
        "",
        "what_is_for_others_is_dropped_without_a_word",
        "a_moved_node_hears_its_old_villages_order_and_stays_silent",
        "a_path_of_the_network_is_no_proof_of_anything",
    ),
    guard(
        INTAKE,
        " and order.iat > config.since",
        "",
        "what_the_commune_said_before_the_move_is_not_for_those_who_came_later",
        quick=True,
    ),
    guard(
        INTAKE,
        "if key is None or not key.nbf - u <= utc < key.exp + u:",
        "if key is None:",
        "a_key_outside_its_days_seals_nothing",
    ),
    guard(
        INTAKE,
        "known.phase is not Phase.WAITING or item.rev <= known.rev",
        "known.phase is Phase.WAITING and item.rev <= known.rev",
        "one_airing_by_three_orders_and_a_plan_sounds_once_wherever_the_power_goes",
        "a_node_without_a_clock_takes_what_it_is_told_and_still_sounds_nothing_twice",
        "a_cancel_in_the_middle_cuts_and_nothing_starts_it_again",
        quick=True,
    ),
    guard(INTAKE, "item.rev <= known.rev", "item.rev < known.rev", "a_newer_plan_cancels_what_vanished_and_accepts_what_is_new"),
    guard(
        INTAKE,
        "if known is not None and known.klass is Klass.EMERGENCY and item.klass is not Klass.EMERGENCY:",
        "if False:",
        "nobody_without_the_emergency_key_stops_or_replaces_an_emergency",
        "only_an_emergency_replaces_a_waiting_emergency",
    ),
    guard(
        INTAKE,
        "elif airing.klass is Klass.EMERGENCY and order.klass is not Klass.EMERGENCY:",
        "elif False:",
        "nobody_without_the_emergency_key_stops_or_replaces_an_emergency",
        "only_an_emergency_key_silences_an_emergency",
    ),
    guard(
        INTAKE,
        "if known is None and not self._list.has_room(item.klass, out, now_ms):",
        "if False:",
        "of_ten_emergencies_one_sounds_eight_wait_and_one_is_refused",
        "a_full_table_refuses_and_never_forgets",
    ),
    guard(
        INTAKE,
        "if not self._list.has_room(Klass.NORMAL, out, now_ms):",
        "if False:",
        "a_stop_that_finds_no_room_for_its_tombstone_is_refused",
    ),
    guard(
        INTAKE,
        'self._list.say(out, now_ms, airing, _R.CANCELLED, "stop")',
        "pass",
        "a_cancel_that_overtakes_its_order_is_silence",
        "a_stop_that_comes_first_is_a_tombstone",
    ),
    guard(
        INTAKE,
        "elif airing.phase is Phase.ENDED or order.rev < airing.rev:",
        "elif airing.phase is Phase.ENDED:",
        "a_stop_of_an_older_revision_stops_nothing",
    ),
    guard(INTAKE, "self._ledger.speaks_of(airing.id) or ", "", "a_cancel_to_a_node_out_of_reach_tells_what_it_came_to"),
    guard(
        INTAKE,
        "if airing in self._answered or len(self._answered) >= MAX_ANSWERED:",
        "if False:",
        "who_replays_hears_how_it_stands_once_a_connection_though_all_is_covered",
    ),
    guard(INTAKE, " and not self._ledger.is_full", "", "a_full_ledger_takes_no_refusal_either"),
    guard(
        RECEPTION,
        "if isinstance(message, Answer) and message.life != self._door.life:",
        "if False:",
        "an_answer_to_the_memory_that_was_lost_gives_no_floors",
        "an_answer_to_another_life_or_another_node_covers_nothing",
    ),
    guard(
        RECEPTION,
        "and self._clock.has_asked(message.nonce)",
        "and message.nonce is not None",
        "a_nonce_that_is_not_ours_does_not_excuse_an_old_answer",
    ),
    guard(
        RECEPTION,
        "not is_in_time(message, utc, u)",
        "False",
        "what_has_expired_is_not_taken_whatever_it_is",
        "what_was_made_ahead_of_our_time_is_not_taken_whatever_it_is",
    ),
    guard(
        RECEPTION,
        "if path and self._door.key_of(kid, message, path, self._node) is None:",
        "if False:",
        "a_config_key_of_one_commune_takes_no_node_out_of_another",
    ),
    guard(
        RECEPTION,
        "or (message.aud != self._node and not isinstance(message, PlanHead))",
        "",
        "an_answer_to_another_life_or_another_node_covers_nothing",
    ),
    guard(
        RECEPTION,
        "or proves_itself or key.nbf - u <= utc < key.exp + u",
        "or True",
        "a_config_key_outside_its_days_seals_no_config",
    ),
    guard(
        PAPERS,
        "or floors is None:\n            return False",
        "or False:\n            return False\n        floors = floors or Floors(trust=0, config=0, plan=0)",
        "a_wiped_disk_obeys_no_old_plan_and_no_old_order",
    ),
    guard(PAPERS, "ring.version >= floors.trust and ", "", "a_trust_below_the_floor_is_nothing"),
    guard(
        PAPERS,
        " and config.version >= floors.config",
        "",
        "documents_older_than_the_floors_make_it_silent",
        "floors_outlive_a_power_cut",
    ),
    guard(
        PAPERS,
        "trust.version <= held or ",
        "",
        "yesterdays_trust_config_and_plan_bring_nothing_back",
        "an_older_trust_is_not_put_back",
    ),
    guard(PAPERS, "trust.version < floor or ", "", "floors_that_are_replayed_do_not_fall", "a_trust_below_the_floor_is_nothing"),
    guard(PAPERS, " or not ours", "", "a_trust_for_another_node_is_nothing"),
    guard(
        PAPERS, "if config.version < floor or (", "if (", "floors_outlive_a_power_cut", "a_config_below_the_floor_is_not_taken"
    ),
    guard(
        PAPERS,
        " or (self.config is not None and config.version <= self.config.version)",
        "",
        "yesterdays_trust_config_and_plan_bring_nothing_back",
        "an_older_or_equal_config_changes_nothing",
    ),
    guard(
        PAPERS,
        "if item.aud not in (self._node, *config.path) if isinstance(item, Order) else moves:",
        "if False:",
        "what_waited_from_the_old_village_is_cancelled_and_its_plan_is_not_fetched_again",
    ),
    guard(PAPERS, "trust=max(old.trust, floors.trust)", "trust=floors.trust", "floors_that_are_replayed_do_not_fall"),
    guard(
        PAPERS,
        "head.version <= newest or ",
        "",
        "yesterdays_trust_config_and_plan_bring_nothing_back",
        "an_older_plan_and_one_below_the_floor_are_nothing",
    ),
    guard(
        PAPERS,
        "head.version < floor or ",
        "",
        "a_plan_below_the_floor_is_refused_by_a_node_that_never_heard_a_newer_one",
    ),
    guard(
        PAPERS,
        "not self.path or head.aud != self.path[-1]:\n            return False",
        "not self.path:\n            return False",
        "a_plan_for_the_commune_is_no_plan_of_our_village",
    ),
    guard(
        PAPERS,
        "or head.aud != self.path[-1]:\n            return ()",
        "or False:\n            return ()",
        "a_power_cut_anywhere_in_a_move_leaves_no_plan_of_the_old_village",
    ),
    guard(
        PAPERS,
        "(body.village, body.version) == (head.aud, head.version)",
        "True",
        "a_plan_that_does_not_match_its_head_is_an_alarm",
    ),
    guard(PAPERS, "len(data) == head.size and ", "", "a_plan_that_is_longer_than_its_head_says_is_an_alarm"),
    guard(
        PAPERS,
        "if self.plan_kid in trust.revoked:",
        "if False:",
        "a_plan_of_a_revoked_key_is_void_until_another_key_brings_it",
    ),
    guard(
        PAPERS,
        "if airing.kid in trust.revoked:",
        "if False:",
        "a_revoked_key_is_silent_and_voids_what_waits",
    ),
    guard(
        INTAKE,
        "elif item.start < self._papers.born_ms:",
        "elif False:",
        "what_the_lost_memory_may_have_spent_is_not_begun_again",
    ),
    guard(
        PAPERS,
        'out.append(keep_number("born", said_ms))',
        "pass",
        "what_the_lost_memory_may_have_spent_is_not_begun_again",
    ),
    guard(
        PRESENCE, "return mine > Presence(", "return True or mine > Presence(", "a_stale_will_after_a_new_birth_changes_nothing"
    ),
)
