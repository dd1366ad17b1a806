// The week: a column a day, a block a turn. A phone shows one day of it. Drawing only; what a block does is asked of `deeds`.

import { button, element, icon } from "./build.js";
import { date, dayName, dayShort, minutes } from "./calendar_words.js";
import { turnsOf } from "./day_turns.js";
import { clock, kindsOf, lay, openOn, quietOn, Scale, weekday } from "./week_layout.js";
import { say, time } from "./words.js";

const SIGNS = { normal: "repeat", priority: "alert-triangle", emergency: "urgent" };
const LEAST = matchMedia("(pointer: coarse)").matches ? 44 : 27; // pixels: a finger, a line of text
const GAP = 2;
const TAIL = 18; // a line of small text
const isPhone = matchMedia("(max-width: 48rem)").matches; // its text is larger
const LINE = isPhone ? 23 : 19;
const TWO_LINES = isPhone ? 54 : 44;

export class Week {
  constructor(root, hours, deeds) {
    this.root = root;
    this.hours = hours;
    this.deeds = deeds; // {open(turn, day), mayMove(turn, day), isNews(turn, day), leftOut(day)}
    this.days = [];
    this.scale = null;
  }

  draw(days, shown, today) {
    const drawn = days.map((day) => ({ day: day.day, turns: [...turnsOf(day).filter((turn) => this.deeds.isNews(turn, day.day)), ...this.deeds.leftOut(day.day)] }));
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
      const broken = turns.filter((turn) => turn.isShort).length;
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

  // `head` and `tail`: pixels of what is not heard before it begins and after it ends.
  #extent(turn) {
    const isCut = turn.troubles.length > 0 && !turn.isGhost;
    const [begins, ends] = [this.scale.y(turn.start), this.scale.y(turn.end)];
    const top = isCut ? Math.min(begins, this.scale.y(turn.planned)) : begins;
    const head = begins - top < 4 ? 0 : begins - top;
    const missing = this.scale.y(turn.whole) - ends;
    const tail = isCut && (missing >= 4 || !head) ? Math.max(missing, TAIL) : 0;
    const sounding = Math.max(ends - begins, turn.isGhost ? missing : 0, LEAST);
    return { turn, top, head, tail, sounding, bottom: top + head + sounding + tail + GAP };
  }

  #block({ turn, top, head, tail, sounding, bottom, lane, lanes }, day) {
    const block = element("div", `turn k-${turn.klass}${turn.isGhost ? " ghost" : ""}${turn.isLeftOut ? " left-out" : turn.troubles.length ? " broken" : ""}`);
    block.dataset.turn = turn.id;
    Object.assign(block.style, { top: `${top}px`, height: `${bottom - top - GAP}px`, left: `${(lane * 100) / lanes}%`, width: `${100 / lanes}%` });
    const opens = button("turn-open", this.#text(turn, sounding));
    Object.assign(opens.style, { top: `${head}px`, bottom: `${tail}px` });
    opens.setAttribute("aria-label", this.label(turn));
    opens.addEventListener("click", () => this.deeds.open(turn, day));
    const why = turn.troubles[0]?.text[document.documentElement.lang] ?? "";
    if (head) block.append(this.#missing("turn-before", head, element("s", "", turn.title), ` ${why}`));
    block.append(opens);
    if (tail) block.append(this.#missing("turn-after", tail, head ? "" : why));
    if (this.deeds.mayMove(turn, day)) block.append(this.#grip(turn, day));
    return block;
  }

  // What of a turn is not heard, hatched.
  #missing(name, height, ...why) {
    const strip = element("span", `turn-missing ${name}`, ...why);
    strip.setAttribute("aria-hidden", "true");
    strip.style.height = `${height}px`;
    return strip;
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
    if (turn.elsewhere) parts.push(say("elsewhere", { number: turn.elsewhere }));
    return [...parts, ...turn.troubles.map((reason) => reason.text[document.documentElement.lang])].join(", ");
  }

  #text(turn, height) {
    const text = element("span", "turn-text");
    const sign = turn.isGhost ? "calendar-off" : turn.airing ? "checks" : turn.klass === "normal" && !turn.isProgramme ? "speakerphone" : SIGNS[turn.klass];
    const head = element("span", "turn-head", icon(sign), element("span", "turn-time", clock(turn.isGhost ? turn.planned : turn.start)));
    const title = element("span", "turn-title", turn.title);
    text.append(head);
    if (height < TWO_LINES) {
      head.append(title);
      if (turn.elsewhere) head.append(element("span", "turn-some", icon("alert-triangle")));
      return text;
    }
    if (!turn.isGhost) head.append(element("span", "turn-long", minutes((turn.end - turn.start) * 60_000)));
    text.append(title);
    const more = this.#more(turn);
    const lines = Math.floor((height - TWO_LINES) / LINE);
    title.classList.toggle("two-lines", lines > (turn.elsewhere ? 1 : 0)); // a name often differs at its end only
    for (let room = Math.max(lines - 1, turn.isGhost || turn.isLate || turn.elsewhere || turn.heard < turn.all ? lines : 0); room > 0 && more.length; room -= 1) text.append(more.shift());
    return text;
  }

  // What else there is to say, if there is room.
  #more(turn) {
    if (turn.isGhost) return turn.troubles.length ? [element("span", "turn-why", turn.troubles[0].text[document.documentElement.lang])] : [];
    return [
      ...(turn.elsewhere ? [element("span", "turn-some", icon("alert-triangle"), say("elsewhere", { number: turn.elsewhere }))] : []),
      ...(turn.heard < turn.all ? [element("span", "turn-some", icon("alert-triangle"), say("some", { heard: turn.heard, all: turn.all }))] : []),
      ...(turn.isLate ? [element("span", "turn-some", icon("clock"), say("late", { time: clock(turn.planned) }))] : []),
      element("span", "turn-sounds", turn.lines.map((line) => line.title).join(" · ")),
    ];
  }
}
