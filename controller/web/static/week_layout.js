// Where things come to lie in a week: minutes of the local day <-> pixels, lanes for what overlaps, steps, quiet hours. Pure.

export const DAY = 1440;
export const STEP = 5;
const HOURS = { tall: 132, low: 38, shut: 13 }; // pixels: something sounds in it, something may, nothing may

// An hour in which something sounds takes more room than one in which nothing does: a village is silent most of the day.
export class Scale {
  #tops = [0];

  constructor(kinds) {
    for (const kind of kinds) this.#tops.push(this.#tops.at(-1) + HOURS[kind]);
  }

  get height() { return this.#tops.at(-1); }

  y(minute) {
    const within = Math.min(Math.max(minute, 0), DAY);
    const hour = Math.min(23, Math.floor(within / 60));
    return this.#tops[hour] + (within / 60 - hour) * (this.#tops[hour + 1] - this.#tops[hour]);
  }

  minute(y) {
    const within = Math.min(Math.max(y, 0), this.height);
    const hour = Math.max(0, Math.min(23, this.#tops.findIndex((top) => top > within) - 1));
    const at = this.#tops.at(-1) <= within ? 23 : hour;
    return (at + (within - this.#tops[at]) / (this.#tops[at + 1] - this.#tops[at])) * 60;
  }

  label(hour) { return this.#tops[hour + 1] - this.#tops[hour] > HOURS.shut; }
}

// `blocks`: {start, end} in minutes; `open`: stretches in which something may sound, of all days shown.
export function kindsOf(blocks, open) {
  return Array.from({ length: 24 }, (_, hour) => {
    const [from, to] = [hour * 60, hour * 60 + 60];
    if (blocks.some((block) => block.start < to && Math.max(block.end, block.start + 1) > from)) return "tall";
    return open.some(([begin, end]) => begin < to && end > from) ? "low" : "shut";
  });
}

// Stretches of a weekday (1 is Monday) in which something may sound. No window at all: always. One may pass midnight.
export function openOn(windows, weekday) {
  if (!windows.length) return [[0, DAY]];
  const before = weekday === 1 ? 7 : weekday - 1;
  const found = windows.flatMap(({ from, to, days }) => {
    const passes = to <= from;
    return [
      ...(days.includes(weekday) ? [[from, passes ? DAY : to]] : []),
      ...(passes && days.includes(before) ? [[0, to]] : []),
    ];
  });
  return found.filter(([begin, end]) => begin < end).sort((one, other) => one[0] - other[0]);
}

// What lies between the open stretches.
export function quietOn(windows, weekday) {
  const quiet = [];
  let at = 0;
  for (const [begin, end] of openOn(windows, weekday)) {
    if (begin > at) quiet.push([at, begin]);
    at = Math.max(at, end);
  }
  return at < DAY ? [...quiet, [at, DAY]] : quiet;
}

// Gives each of {top, bottom} its `lane` and, in `lanes`, how many stand beside each other there.
export function lay(blocks) {
  const sorted = [...blocks].sort((one, other) => one.top - other.top || other.bottom - one.bottom);
  let cluster = [];
  let bottom = -1;
  const close = () => { for (const block of cluster) block.lanes = 1 + Math.max(...cluster.map((each) => each.lane)); cluster = []; };
  for (const block of sorted) {
    if (block.top >= bottom) { close(); bottom = -1; }
    const taken = new Set(cluster.filter((each) => each.bottom > block.top).map((each) => each.lane));
    block.lane = 0;
    while (taken.has(block.lane)) block.lane += 1;
    cluster.push(block);
    bottom = Math.max(bottom, block.bottom);
  }
  close();
  return sorted;
}

export function snap(minute) {
  return Math.min(Math.max(Math.round(minute / STEP) * STEP, 0), DAY - STEP);
}

// One press of an arrow key: minutes up and down, days left and right. Other keys: null.
export function step(key, minute, day, days) {
  const moves = { ArrowUp: [-STEP, 0], ArrowDown: [STEP, 0], PageUp: [-60, 0], PageDown: [60, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
  if (!(key in moves)) return null;
  const [minutes, along] = moves[key];
  return { minute: snap(minute + minutes), day: Math.min(Math.max(day + along, 0), days - 1) };
}

export function clock(minute) {
  const whole = Math.floor(minute);
  return `${String(Math.floor(whole / 60)).padStart(2, "0")}:${String(whole % 60).padStart(2, "0")}`;
}

export function minuteOf(text) {
  const [hours, minutes] = text.split(":").map(Number);
  return hours * 60 + minutes;
}

// Local days as text, "2026-11-24": arithmetic in UTC, so that no clock of the machine plays a part.
export function addDays(day, number) {
  return new Date(Date.parse(`${day}T00:00Z`) + number * 86_400_000).toISOString().slice(0, 10);
}

export function weekday(day) {
  return new Date(`${day}T00:00Z`).getUTCDay() || 7;
}

export const monday = (day) => addDays(day, 1 - weekday(day));
