// A programme as the API has it -> the same with one thing changed. Pure: what is previewed is what is saved.

import { clock, weekday } from "./week_layout.js";

const fresh = (body) => structuredClone(body);
const isOf = (turn) => (change) => change.day === turn.day && change.turn === clock(turn.turn);

// What this turn has of its own on its day, if anything.
export const exceptionOf = (body, turn) => body.changes.find(isOf(turn)) ?? null;

function withChange(body, turn, change) {
  const next = fresh(body);
  const kept = next.changes.find(isOf(turn));
  next.changes = next.changes.filter((each) => !isOf(turn)(each));
  if (change) next.changes.push({ day: turn.day, turn: clock(turn.turn), at: null, onto: null, silent: false, segments: kept?.segments ?? null, ...change });
  next.changes.sort((one, other) => `${one.day}${one.turn ?? ""}`.localeCompare(`${other.day}${other.turn ?? ""}`));
  return next;
}

export const movedOnce = (body, turn, day, minute) => withChange(body, turn, { at: clock(minute), onto: day === turn.day ? null : day });
export const skipped = (body, turn) => withChange(body, turn, { silent: true });
export const asUsual = (body, turn) => withChange(body, turn, null);

export function paused(body, from, to) {
  const next = fresh(body);
  next.rule.pauses = [...next.rule.pauses.filter((pause) => pause.from !== from || pause.to !== to), { from, to }];
  return next;
}

// Can its rule say the other day? A week's can; of a day's, a month's or a year's turn only the time of day moves.
export function canMoveAlways(body, turn, day) {
  const { rule } = body;
  if (rule.every === "once") return rule.at.length === 1 || day === turn.day;
  return day === turn.day || (rule.every === "week" && weekday(day) === weekday(turn.day)) || (rule.every === "week" && rule.at.length === 1);
}

export function movedAlways(body, turn, day, minute) {
  const next = withChange(body, turn, null);
  const { rule } = next;
  rule.at = [...new Set(rule.at.map((at) => (at === clock(turn.turn) ? clock(minute) : at)))].sort();
  if (rule.every === "once") rule.first = day;
  else if (rule.every === "week") rule.weekdays = [...new Set(rule.weekdays.map((each) => (each === weekday(turn.day) ? weekday(day) : each)))].sort();
  return next;
}
