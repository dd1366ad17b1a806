// A rule as a sentence: "Thứ hai đến thứ bảy, 05:00 và 17:00".

import { date, lower, upper, weekdayName } from "./calendar_words.js";
import { lang, say } from "./words.js";

const joined = new Intl.ListFormat(lang, { type: "conjunction" });

function weekdays(days) {
  const sorted = [...days].sort();
  if (sorted.length === 7) return say("rule-day");
  const isRun = sorted.length > 2 && sorted.at(-1) - sorted[0] === sorted.length - 1;
  if (isRun) return say("rule-run", { from: weekdayName(sorted[0]), to: lower(weekdayName(sorted.at(-1))) });
  return upper(joined.format(sorted.map((each) => lower(weekdayName(each)))));
}

const NTH = { "-1": "rule-nth-last", 1: "rule-nth-first" };

function months({ monthdays, nth, weekdays: days }) {
  if (monthdays.length) return say("rule-monthdays", { days: joined.format(monthdays.map((each) => (each === -1 ? say("last-day") : String(each)))) });
  return say(NTH[nth] ?? "rule-nth", { nth, weekday: upper(joined.format(days.map((each) => lower(weekdayName(each))))) });
}

const KINDS = {
  once: (rule) => say("rule-once", { day: date(rule.first, true) }),
  day: () => say("rule-day"),
  week: (rule) => weekdays(rule.weekdays),
  month: months,
  year: (rule) => say("rule-year", { day: date(rule.first) }),
};

// "" while something is still missing.
export function ruleSentence(rule) {
  if (!rule.at.length || !rule.first) return "";
  if (rule.every === "week" && !rule.weekdays.length) return "";
  if (rule.every === "month" && !rule.monthdays.length && !rule.weekdays.length) return "";
  const parts = [KINDS[rule.every](rule), joined.format([...rule.at].sort())];
  if (rule.interval > 1) parts.push(say(`rule-every-${rule.every}`, { number: rule.interval }));
  if (rule.every !== "once") parts.push(say("rule-from", { day: date(rule.first, true) }));
  if (rule.last && rule.every !== "once") parts.push(say("rule-to", { day: date(rule.last, true) }));
  if (rule.holidays !== "keep") parts.push(say(`rule-holidays-${rule.holidays}`));
  return `${parts.join(", ")}.`;
}
