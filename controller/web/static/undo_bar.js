// The bar at the bottom: what was done last in this tab, and the way back. It stays until the next change.

import { call } from "./api.js";
import { say, time } from "./words.js";

const KEY = "tienglang-calendar-undo";
const $ = (id) => document.getElementById(id);

// A conflict in words: who was first, and when.
export function trouble(problem) {
  if (!problem.message || problem instanceof Error) throw problem;
  return problem.code === "programme.changed" ? `${problem.message} (${time(new Date(problem.fields.at_ms).toISOString())})` : problem.message;
}

export class UndoBar {
  #busy = false;

  constructor(undone) {
    this.undone = undone;
    $("undo-do").addEventListener("click", () => this.#undo());
    $("undo-close").addEventListener("click", () => this.#set(null));
    this.#draw();
  }

  // `way`: {text, method, path, body} of the call that puts the earlier version back.
  offer(way) { this.#set(way); }

  #set(way) {
    if (way) sessionStorage.setItem(KEY, JSON.stringify(way));
    else sessionStorage.removeItem(KEY);
    this.#draw();
  }

  #draw() {
    const way = JSON.parse(sessionStorage.getItem(KEY) ?? "null");
    $("undo").hidden = !way;
    $("undo-do").hidden = !way?.method;
    $("undo-text").textContent = way?.text ?? "";
  }

  async #undo() {
    const way = JSON.parse(sessionStorage.getItem(KEY) ?? "null");
    if (this.#busy || !way) return;
    this.#busy = true;
    try {
      await call(way.method, way.path, way.body);
      this.#set({ text: say("undone") });
      await this.undone();
    } catch (problem) {
      $("undo-text").textContent = trouble(problem);
      $("undo-do").hidden = true;
    } finally {
      this.#busy = false;
    }
  }
}
