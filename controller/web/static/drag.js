// Moves a block to another time: by mouse, by a finger on its grip, or by keys. Nothing is changed: where it lands is told.

import { element } from "./build.js";
import { fullDay } from "./calendar_words.js";
import { clock, snap, step } from "./week_layout.js";
import { say } from "./words.js";

const $ = (id) => document.getElementById(id);
const SLACK = 6; // pixels: a click that trembles is a click

export class Drag {
  #on = null;
  #pressed = null;

  constructor(week, dropped) {
    this.week = week;
    this.dropped = dropped; // (turn, {day, minute}, {day, minute})
    week.root.addEventListener("pointerdown", (event) => this.#press(event));
    week.root.addEventListener("keydown", (event) => this.#key(event));
    week.root.addEventListener("click", (event) => this.#click(event), true);
    week.root.addEventListener("focusout", (event) => { if (this.#on?.keys && event.target.matches(".turn-grip")) this.#end(false); });
    addEventListener("pointermove", (event) => this.#move(event));
    addEventListener("pointerup", () => this.#up());
    addEventListener("pointercancel", () => { this.#pressed = null; this.#end(false); });
  }

  get isOn() { return this.#on !== null; }

  #find(target) {
    const block = target.closest(".turn");
    if (!block?.querySelector(".turn-grip")) return null;
    const { day } = block.closest(".day").dataset;
    const turn = this.week.days.find((each) => each.day === day).turns.find((each) => each.id === block.dataset.turn);
    return { block, day, turn };
  }

  #press(event) {
    const found = event.button === 0 ? this.#find(event.target) : null;
    if (!found || (event.pointerType === "touch" && !event.target.closest(".turn-grip"))) return;
    if (event.pointerType === "mouse") event.preventDefault(); // no text is selected
    this.#pressed = { ...found, x: event.clientX, y: event.clientY, offset: event.clientY - found.block.getBoundingClientRect().top };
  }

  #move(event) {
    const pressed = this.#pressed;
    if (!pressed) return;
    if (!this.#on && Math.hypot(event.clientX - pressed.x, event.clientY - pressed.y) < SLACK) return;
    if (!this.#on) this.#begin(pressed, false);
    const columns = [...this.week.root.querySelectorAll(".day")].filter((each) => each.offsetWidth);
    const over = columns.find((each) => { const { left, right } = each.getBoundingClientRect(); return event.clientX >= left && event.clientX < right; });
    if (over) this.#on.to.day = over.dataset.day;
    const column = this.week.column(this.#on.to.day).getBoundingClientRect();
    this.#on.to.minute = snap(this.week.scale.minute(event.clientY - pressed.offset - column.top));
    this.#show();
  }

  #up() {
    if (!this.#pressed) return;
    this.#pressed = null;
    if (this.#on) {
      this.swallow = true; // the click that follows is the end of the drag
      setTimeout(() => { this.swallow = false; });
      this.#end(true);
    }
  }

  #click(event) {
    const grip = event.target.closest(".turn-grip");
    if (this.swallow || (grip && this.#on)) { event.stopPropagation(); event.preventDefault(); }
    else if (grip && event.detail === 0) this.#grab(grip); // Enter or Space, or a screen reader
  }

  #grab(grip) {
    this.#begin(this.#find(grip), true);
    this.#show();
  }

  #key(event) {
    if (event.key === "Escape" && this.#on) { this.#pressed = null; this.#end(false); return; }
    if (!this.#on?.keys) return;
    if (event.key === "Enter" || event.key === " ") { event.preventDefault(); this.#end(true); return; }
    const days = this.week.days.map((each) => each.day);
    const next = step(event.key, this.#on.to.minute, days.indexOf(this.#on.to.day), days.length);
    if (!next) return;
    event.preventDefault();
    this.#on.to = { day: days[next.day], minute: next.minute };
    this.#show();
  }

  #begin({ block, day, turn }, keys) {
    const from = { day, minute: Math.round(turn.planned) };
    const shade = element("div", "landing", element("strong"));
    shade.style.height = `${block.offsetHeight}px`;
    block.classList.add("lifted");
    this.#on = { block, turn, from, to: { ...from }, keys, shade };
  }

  #show() {
    const { to, shade } = this.#on;
    const column = this.week.column(to.day);
    if (shade.parentElement !== column) column.append(shade);
    shade.style.top = `${this.week.scale.y(to.minute)}px`;
    shade.firstChild.textContent = clock(to.minute);
    $("live").textContent = say(this.#on.keys ? "moving-keys" : "moving", { time: clock(to.minute), day: fullDay(to.day) });
  }

  #end(drops) {
    const on = this.#on;
    if (!on) return;
    this.#on = null;
    on.shade.remove();
    on.block.classList.remove("lifted");
    $("live").textContent = drops ? "" : say("given-up");
    if (drops && (on.to.day !== on.from.day || on.to.minute !== on.from.minute)) this.dropped(on.turn, on.from, on.to);
  }
}
