// A change is looked at before it is saved: whoever opens the dialog composes it, the server says what would differ.

import { call } from "./api.js";
import { drawPreview } from "./preview_view.js";
import { trouble } from "./undo_bar.js";
import { say } from "./words.js";

const QUIET_MS = 250;
const FARTHEST_D = 75;
const $ = (id) => document.getElementById(id);

// Days from `today` to the last day that must be looked at, and one more.
export const reach = (today, day) => Math.min(Math.max(Math.ceil((Date.parse(day) - Date.parse(today)) / 86_400_000) + 2, 0), FARTHEST_D);

export class ChangeDialog {
  #task = null;
  #looked = null;
  #asked = 0;
  #timer = 0;
  #busy = false;

  constructor() {
    $("change-form").addEventListener("submit", (event) => { event.preventDefault(); this.#save(); });
    $("change-form").addEventListener("input", () => this.#later());
    $("change").addEventListener("close", () => { clearTimeout(this.#timer); this.#asked += 1; });
  }

  // `task`: {title, tell, part, compose() -> programme or null (its end), id, days() to look at, save(programme) -> promise}
  open(task) {
    this.#task = task;
    $("change-title").textContent = task.title;
    $("change-tell").textContent = task.tell;
    for (const part of ["when", "pause"]) $(`change-${part}`).hidden = task.part !== part;
    this.#tell("");
    $("preview").replaceChildren();
    $("change").showModal();
    this.#look();
  }

  #tell(message) {
    $("change-problem").textContent = message;
    $("change-problem").hidden = !message;
  }

  #later() {
    this.#looked = null;
    $("change-save").disabled = true;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#look(), QUIET_MS);
  }

  async #look() {
    const asked = (this.#asked += 1);
    const task = this.#task;
    this.#looked = null;
    $("change-save").disabled = true;
    $("preview").setAttribute("aria-busy", "true");
    try {
      const programme = task.compose();
      const said = await call("POST", `/programmes/${task.id}/preview?days=${task.days()}`, { programme });
      if (asked !== this.#asked) return;
      this.#tell("");
      const broken = drawPreview($("preview"), said, (series) => series === task.id);
      $("change-save").lastElementChild.textContent = say(broken ? "save-anyway" : "save");
      $("change-save").disabled = false;
      this.#looked = { programme };
    } catch (problem) {
      if (asked !== this.#asked) return;
      $("preview").replaceChildren();
      this.#tell(trouble(problem));
    } finally {
      if (asked === this.#asked) $("preview").setAttribute("aria-busy", "false");
    }
  }

  async #save() {
    if (!this.#looked || this.#busy) return;
    this.#busy = true;
    $("change-save").disabled = true;
    try {
      await this.#task.save(this.#looked.programme);
      $("change").close();
    } catch (problem) {
      this.#tell(trouble(problem));
      $("change-problem").focus();
    } finally {
      this.#busy = false;
    }
  }
}
