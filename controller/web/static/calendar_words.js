// How the calendar says days, lengths and places.

import { lang, say } from "./words.js";
import { weekday } from "./week_layout.js";

const names = say("weekdays").split("|");
const short = say("weekdays-short").split("|");

export const dayName = (day) => names[weekday(day) - 1];
export const dayShort = (day) => short[weekday(day) - 1];
export const weekdayName = (number) => names[number - 1];

// "2026-11-24" -> "24/11", with the year when it is asked for.
export function date(day, year = false) {
  const [y, m, d] = day.split("-");
  return year ? `${d}/${m}/${y}` : `${d}/${m}`;
}

const iso = new Intl.DateTimeFormat("sv-SE", { timeZone: "Asia/Ho_Chi_Minh", year: "numeric", month: "2-digit", day: "2-digit" });
export const todayHere = () => iso.format(new Date());

export const upper = (text) => text.charAt(0).toLocaleUpperCase(lang) + text.slice(1);
export const lower = (text) => (lang === "vi" ? text.charAt(0).toLocaleLowerCase(lang) + text.slice(1) : text);

// As it stands within a sentence: "thứ ba 24/11".
export const fullDay = (day) => `${lower(dayName(day))} ${date(day)}`;

export function minutes(ms) {
  if (ms < 60_000) return say("seconds", { number: Math.max(1, Math.round(ms / 1000)) });
  return say("minutes", { number: new Intl.NumberFormat(lang === "vi" ? "vi-VN" : "en", { maximumFractionDigits: ms < 600_000 ? 1 : 0 }).format(ms / 60_000) });
}

// Places by name, a handful of them.
export function villages(list, all) {
  if (list.length === all) return say("all-villages", { number: all });
  const named = list.slice(0, 5).map((village) => village.name).join(", ");
  return list.length > 5 ? say("and-more", { names: named, number: list.length - 5 }) : named;
}
