// Words come from the server with the page; moments are shown as people here read a clock.

const tables = JSON.parse(document.getElementById("words").textContent);
export const lang = document.documentElement.lang;
export const states = tables.states;

export function say(key, fields = {}) {
  return tables.words[key].replace(/\{(\w+)\}/g, (_, name) => fields[name]);
}

export function why(code) {
  return tables.why[code] ?? code;
}

const zone = "Asia/Ho_Chi_Minh";
const clock = new Intl.DateTimeFormat("vi-VN", { timeZone: zone, hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const exact = new Intl.DateTimeFormat("vi-VN", { timeZone: zone, hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const whole = new Intl.DateTimeFormat("vi-VN", { timeZone: zone, day: "2-digit", month: "2-digit", year: "numeric" });
const date = new Intl.DateTimeFormat("vi-VN", { timeZone: zone, day: "2-digit", month: "2-digit" });

export function time(text, seconds = false) {
  const when = new Date(text);
  const hour = (seconds ? exact : clock).format(when);
  return date.format(when) === date.format(new Date()) ? hour : `${hour} · ${date.format(when).replace("-", "/")}`;
}

// For paper and for years: "25/11/2026 17:30".
export function dated(text) {
  const when = new Date(text);
  return `${whole.format(when).replaceAll("-", "/")} ${clock.format(when)}`;
}

export function length(ms) {
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

// "Khào  Á" -> "khao a": people type without accents in a hurry.
export function fold(text) {
  return text.toLowerCase().replaceAll("đ", "d").normalize("NFD").replace(/\p{M}/gu, "").replace(/\s+/g, " ").trim();
}
