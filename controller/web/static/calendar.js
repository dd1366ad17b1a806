// The page: which days are shown, in which view; fetches them, and lets the week or the month draw.

import { call } from "./api.js";
import { Changes } from "./calendar_changes.js";
import { drawMonth } from "./calendar_month.js";
import { Week } from "./calendar_week.js";
import { date, fullDay, todayHere, upper } from "./calendar_words.js";
import { Drag } from "./drag.js";
import { openTurn } from "./turn_dialog.js";
import { addDays, monday } from "./week_layout.js";
import { say } from "./words.js";

const AGAIN_MS = 60_000;
const $ = (id) => document.getElementById(id);
const phone = matchMedia("(max-width: 48rem)");
const data = JSON.parse($("calendar-data").textContent);

class Calendar {
  #asked = 0;
  #shown = null; // the view and the day that stand there

  constructor() {
    this.view = data.view;
    this.day = data.day;
    this.changes = new Changes(data, () => this.load());
    this.week = new Week($("grid"), data.hours, {
      open: (turn, day) => openTurn(turn, day, this.changes.deeds(turn, day)),
      mayMove: (turn, day) => this.changes.mayMove(turn, day),
      isNews: (turn, day) => this.changes.isNews(turn, day),
      leftOut: (day) => this.changes.leftOut(day),
    });
    this.drag = new Drag(this.week, (turn, from, to) => this.changes.move(turn, from, to));
    $("before").addEventListener("click", () => this.#go(-1));
    $("after").addEventListener("click", () => this.#go(1));
    $("to-today").addEventListener("click", () => this.show(todayHere()));
    $("unit").addEventListener("change", () => $("unit").form.requestSubmit());
    for (const tab of document.querySelectorAll("[name=view-choice]")) tab.addEventListener("change", () => { this.view = tab.value; this.load(); });
    for (const dialog of document.querySelectorAll("dialog")) dialog.querySelector("[data-close]").addEventListener("click", () => dialog.close());
    phone.addEventListener("change", () => this.load());
    this.#swipe();
    setInterval(() => { if (!document.hidden && !this.drag.isOn && !document.querySelector("dialog[open]")) this.load(); }, AGAIN_MS);
    this.load();
  }

  get #span() {
    if (this.view === "week") return [monday(this.day), addDays(monday(this.day), 6)];
    const first = monday(`${this.day.slice(0, 7)}-01`);
    const last = addDays(monday(addDays(`${addDays(`${this.day.slice(0, 7)}-28`, 4).slice(0, 7)}-01`, -1)), 6);
    return [first, last];
  }

  show(day) {
    this.day = day;
    this.view = "week";
    this.load();
  }

  #go(way) {
    if (this.view === "month") {
      const there = way > 0 ? addDays(`${this.day.slice(0, 7)}-28`, 4) : addDays(`${this.day.slice(0, 7)}-01`, -1);
      this.day = `${there.slice(0, 7)}-01`;
    } else {
      this.day = addDays(this.day, phone.matches ? way : 7 * way);
    }
    this.load();
  }

  async load() {
    const [first, last] = this.#span;
    data.today = todayHere(); // a page stays open overnight
    const asked = (this.#asked += 1);
    const kept = document.activeElement?.closest?.(".turn")?.dataset.turn;
    try {
      const short = this.view === "month" ? "/short" : "";
      const [days] = await Promise.all([call("GET", `/units/${data.unit}/days${short}?first=${first}&last=${last}`), this.changes.load()]);
      if (asked !== this.#asked || this.drag.isOn) return;
      $("problem").hidden = true;
      this.#frame(first, last);
      if (short) drawMonth($("grid"), days, this.day.slice(0, 7), data.today, (day) => this.show(day));
      else this.week.draw(days, this.day, data.today);
      if (kept) document.querySelector(`[data-turn="${CSS.escape(kept)}"] .turn-open`)?.focus();
      $("grid").setAttribute("aria-busy", "false");
    } catch (problem) {
      if (!problem.message || problem instanceof Error) throw problem;
      if (asked !== this.#asked) return;
      this.#back();
      $("problem").textContent = problem.message;
      $("problem").hidden = false;
    }
  }

  // What could not be fetched is not shown: the days that stand there are the ones that the next step goes from.
  #back() {
    if (!this.#shown) return;
    Object.assign(this, this.#shown);
    this.#choice().checked = true;
  }

  #choice() { return document.querySelector(`[name=view-choice][value=${this.view}]`); }

  // What stands around the days.
  #frame(first, last) {
    this.#shown = { view: this.view, day: this.day };
    this.#choice().checked = true;
    $("grid").className = `grid-${this.view}`;
    const week = phone.matches ? upper(fullDay(this.day)) : `${date(first)} – ${date(last, true)}`;
    const period = this.view === "month" ? say("month", { month: Number(this.day.slice(5, 7)), year: this.day.slice(0, 4) }) : week;
    $("period").textContent = period;
    $("unit").form.elements.view.value = this.view;
    $("unit").form.elements.day.value = this.day;
    history.replaceState(null, "", `/calendar?unit=${data.unit}&view=${this.view}&day=${this.day}`);
  }

  #swipe() {
    let from = null;
    $("grid").addEventListener("touchstart", (event) => { from = event.touches.length === 1 && !event.target.closest(".turn-grip") ? [event.touches[0].clientX, event.touches[0].clientY] : null; }, { passive: true });
    $("grid").addEventListener("touchend", (event) => {
      if (!from || !phone.matches || this.drag.isOn) return;
      const [x, y] = [event.changedTouches[0].clientX - from[0], event.changedTouches[0].clientY - from[1]];
      if (Math.abs(x) > 60 && Math.abs(x) > 2 * Math.abs(y)) this.#go(x < 0 ? 1 : -1);
    }, { passive: true });
  }
}

new Calendar();
