// The week: a column a day, a block a turn. A phone shows one day of it. Drawing only; what a block does is asked of `deeds`.

import { button, element, icon } from "./build.js";
import { date, dayName, dayShort, minutes } from "./calendar_words.js";
import { turnsOf } from "./day_turns.js";
import { clock, kindsOf, lay, openOn, quietOn, Scale, weekday } from "./week_layout.js";
import { say, time } from "./words.js";

const SIGNS = { normal: "repeat", priority: "alert-triangle", emergency: "urgent" };
const LEAST = matchMedia("(pointer: coarse)").matches ? 44 : 27; // pixels: a finger, a line of text
const GAP = 2;

export class Week {
  constructor(root, hours, deeds) {
    this.root = root;
    this.hours = hours;
    this.deeds = deeds; // {open(turn, day), mayMove(turn)}
    this.days = [];
    this.scale = null;
  }

  draw(days, shown, today) {
    const drawn = days.map((day) => ({ day: day.day, turns: turnsOf(day), villages: day.groups.length }));
    const open = days.flatMap(({ day }) => openOn(this.hours, weekday(day)));
    const blocks = drawn.flatMap(({ turns }) => turns.flatMap(({ start, whole, planned }) => [{ start, end: whole }, { start: planned, end: planned }]));
    this.scale = new Scale(kindsOf(blocks, open));
    this.days = drawn;
    const scroll = element("div", "week-scroll");
    scroll.append(this.#axis(), ...drawn.map((each) => this.#column(each, shown, today)));
    this.root.replaceChildren(this.#heads(drawn, shown, today), scroll);
  }

  // Which of the days a phone shows.
  show(day) {
    for (const part of this.root.querySelectorAll("[data-day]")) part.classList.toggle("shown", part.dataset.day === day);
  }

  column(day) { return this.root.querySelector(`.day[data-day="${day}"]`); }

  #heads(days, shown, today) {
    const row = element("div", "week-heads");
    row.append(element("span", "axis"));
    for (const { day, turns } of days) {
      const head = element("div", "day-head");
      head.dataset.day = day;
      head.classList.toggle("shown", day === shown);
      head.classList.toggle("today", day === today);
      head.append(element("span", "day-name", element("span", "day-long", dayName(day)), element("span", "day-short", dayShort(day))), element("strong", "", date(day)));
      if (day === today) head.append(element("span", "tag-today", say("today")));
      const broken = turns.filter((turn) => turn.troubles.length).length;
      if (broken) head.append(element("span", "day-broken", icon("alert-triangle"), say("broken", { number: broken })));
      row.append(head);
    }
    return row;
  }

  #axis() {
    const axis = element("div", "axis");
    axis.style.height = `${this.scale.height}px`;
    for (let hour = 0; hour < 24; hour += 1) {
      if (!this.scale.label(hour)) continue;
      const mark = element("span", "hour", clock(hour * 60));
      mark.style.top = `${this.scale.y(hour * 60)}px`;
      axis.append(mark);
    }
    return axis;
  }

  #column({ day, turns }, shown, today) {
    const column = element("section", "day");
    column.dataset.day = day;
    column.setAttribute("aria-label", `${dayName(day)} ${date(day)}`);
    column.classList.toggle("shown", day === shown);
    column.classList.toggle("past", day < today);
    column.style.height = `${this.scale.height}px`;
    for (let hour = 1; hour < 24; hour += 1) if (this.scale.label(hour)) column.append(this.#strip("line", hour * 60, hour * 60));
    for (const [from, to] of quietOn(this.hours, weekday(day))) column.append(this.#quiet(from, to));
    for (const block of lay(turns.map((turn) => this.#extent(turn)))) column.append(this.#block(block, day));
    if (day === today) column.append(this.#strip("now", ...Array(2).fill(this.#now())));
    if (!turns.length) column.append(element("p", "day-empty", say("nothing")));
    return column;
  }

  #now() {
    const [hours, mins] = time(new Date().toISOString()).slice(0, 5).split(":").map(Number);
    return hours * 60 + mins;
  }

  #strip(name, from, to) {
    const strip = element("span", name);
    strip.setAttribute("aria-hidden", "true");
    strip.style.top = `${this.scale.y(from)}px`;
    if (to > from) strip.style.height = `${this.scale.y(to) - this.scale.y(from)}px`;
    return strip;
  }

  #quiet(from, to) {
    const strip = this.#strip("quiet", from, to);
    strip.title = say("quiet", { from: clock(from), to: clock(to) });
    return strip;
  }

  #extent(turn) {
    const top = this.scale.y(turn.start);
    const end = this.scale.y(turn.end);
    const bottom = Math.max(top + LEAST, this.scale.y(turn.whole), end + (turn.troubles.length && !turn.isGhost ? 18 : 0));
    return { turn, top, end: Math.max(end, turn.isGhost ? 0 : top + Math.min(LEAST, bottom - top)), bottom: bottom + GAP };
  }

  #block({ turn, top, end, bottom, lane, lanes }, day) {
    const height = bottom - top - GAP;
    const block = element("div", `turn k-${turn.klass}${turn.isGhost ? " ghost" : ""}${turn.troubles.length ? " broken" : ""}`);
    block.dataset.turn = turn.id;
    Object.assign(block.style, { top: `${top}px`, height: `${height}px`, left: `${(lane * 100) / lanes}%`, width: `${100 / lanes}%` });
    const opens = button("turn-open", this.#text(turn, height, end - top));
    opens.setAttribute("aria-label", this.label(turn));
    opens.addEventListener("click", () => this.deeds.open(turn, day));
    block.append(opens);
    if (!turn.isGhost && turn.troubles.length) block.append(this.#tail(turn, end - top, height));
    if (this.deeds.mayMove(turn, day)) block.append(this.#grip(turn, day));
    return block;
  }

  // The cut rest of a turn, hatched.
  #tail(turn, from, height) {
    const tail = element("span", "turn-tail", turn.troubles.length ? element("span", "", turn.troubles[0].text[document.documentElement.lang]) : "");
    tail.setAttribute("aria-hidden", "true");
    Object.assign(tail.style, { top: `${Math.min(from, height - 18)}px`, height: `${Math.max(height - from, 18)}px` });
    return tail;
  }

  #grip(turn, day) {
    const grip = button("turn-grip", icon("grip-vertical"));
    grip.setAttribute("aria-label", say("move-turn", { title: turn.title, time: clock(turn.start) }));
    grip.dataset.day = day;
    return grip;
  }

  label(turn) {
    const parts = [clock(turn.start), turn.title, turn.isGhost ? say("silent-turn") : minutes((turn.end - turn.start) * 60_000)];
    if (turn.heard && turn.heard < turn.all) parts.push(say("some", { heard: turn.heard, all: turn.all }));
    return [...parts, ...turn.troubles.map((reason) => reason.text[document.documentElement.lang])].join(", ");
  }

  #text(turn, height, sounding) {
    const text = element("span", "turn-text");
    const sign = turn.isGhost ? "calendar-off" : turn.airing ? "checks" : turn.klass === "normal" && !turn.isProgramme ? "speakerphone" : SIGNS[turn.klass];
    text.append(element("span", "turn-head", icon(sign), element("span", "turn-time", clock(turn.isGhost ? turn.planned : turn.start)), element("span", "turn-title", turn.title)));
    if (turn.isGhost && height > 34) text.append(element("span", "turn-why", turn.troubles[0]?.text[document.documentElement.lang] ?? ""));
    if (turn.isGhost) return text;
    if (sounding > 44) text.append(element("span", "turn-long", minutes((turn.end - turn.start) * 60_000)));
    if (turn.heard < turn.all && sounding > 60) text.append(element("span", "turn-some", icon("alert-triangle"), say("some", { heard: turn.heard, all: turn.all })));
    if (turn.isLate && sounding > 60) text.append(element("span", "turn-some", icon("clock"), say("late", { time: clock(turn.planned) })));
    if (sounding > 92) text.append(element("span", "turn-sounds", turn.lines.map((line) => line.title).join(" · ")));
    return text;
  }
}
