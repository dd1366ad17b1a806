// Make or edit a programme from plain choices. It is looked at before it is saved; whatever goes wrong, what was filled in stays.

import { call } from "./api.js";
import { drawPreview } from "./preview_view.js";
import { ruleSentence } from "./rule_words.js";
import { SegmentRows } from "./segment_rows.js";
import { trouble } from "./undo_bar.js";
import { say } from "./words.js";

const $ = (id) => document.getElementById(id);
const MINUTE = 60_000;
const LOOK_D = 8; // days shown before it is saved: a week, and today
const FIELDS = [["programme.title", "title"], ["programme.reach", "units"], ["programme.hours", "rule"], ["programme.length", "segments"], ["programme.segments", "segments"], ["rule.", "rule"], ["segment.", "segments"], ["bulletin.", "segments"], ["airing.", "units"]];
const checked = (name) => [...document.querySelectorAll(`[name=${name}]:checked`)].map((box) => box.value);
const choose = (name, values) => { for (const box of document.querySelectorAll(`[name=${name}]`)) box.checked = values.includes(box.value); };

export class ProgrammeForm {
  #kept = null;
  #looked = null;
  #busy = false;
  #asked = 0;

  constructor(data, deeds) {
    this.data = data;
    this.deeds = deeds; // {knows(series), save(kept, body) -> promise}
    this.segments = new SegmentRows(data.bulletins);
    $("programme-form").addEventListener("submit", (event) => { event.preventDefault(); this.#submit(); });
    $("programme-form").addEventListener("input", () => this.#changed());
    $("owner").addEventListener("change", () => this.#villages([]));
    $("time-add").addEventListener("click", () => { this.#time("").focus(); });
  }

  open(kept) {
    this.#kept = kept;
    $("programme-title").textContent = say(kept ? "edit-title" : "new-title");
    this.#fill(kept?.programme ?? this.#blank());
    this.#tell("");
    this.#changed();
    $("programme").showModal();
  }

  #blank() {
    const owner = this.data.edits.includes(this.data.unit) ? this.data.unit : this.data.edits[0];
    const rule = { first: this.data.today, at: ["17:00"], every: "week", interval: 1, weekdays: [1, 2, 3, 4, 5, 6], nth: null, monthdays: [], last: null, skips: [], pauses: [], holidays: "keep" };
    return { owner, units: [owner], title: "", rule, segments: [], class: "normal", order: 0, length_ms: null, resume: "resume", changes: [] };
  }

  #fill(body) {
    const { rule } = body;
    $("title").value = body.title;
    $("owner").value = body.owner;
    this.#villages(body.units);
    choose("every", [rule.every]);
    choose("weekday", rule.weekdays.map(String));
    $("monthday").value = rule.monthdays.length ? String(rule.monthdays[0]) : "nth";
    $("nth").value = String(rule.nth ?? 1);
    $("nth-weekday").value = String(rule.weekdays[0] ?? 1);
    $("first").value = rule.first;
    $("last").value = rule.last ?? "";
    $("holidays").value = rule.holidays;
    $("klass").value = body.class;
    $("most").value = body.length_ms ? String(body.length_ms / MINUTE) : "";
    $("time-rows").replaceChildren();
    for (const at of rule.at) this.#time(at);
    this.segments.fill(body.segments);
  }

  #time(at) {
    const row = $("time-row").content.firstElementChild.cloneNode(true);
    const field = row.querySelector("input");
    field.value = at;
    row.querySelector("button").addEventListener("click", () => { row.remove(); $("time-add").focus(); this.#changed(); });
    $("time-rows").append(row);
    return field;
  }

  // Where it is heard: everywhere under its owner, or in some villages.
  #villages(units) {
    const owner = $("owner").value;
    const below = this.data.units.filter((unit) => unit.parent === owner);
    $("village-rows").replaceChildren(...below.map(({ id, name }) => {
      const row = $("village-row").content.firstElementChild.cloneNode(true);
      const box = row.querySelector("input");
      box.value = id;
      box.checked = units.includes(id);
      row.querySelector("span").textContent = name;
      return row;
    }));
    $("where").hidden = !below.length;
    choose("reach", [below.some(({ id }) => units.includes(id)) ? "some" : "all"]);
  }

  #rule() {
    const before = (this.#kept?.programme ?? this.#blank()).rule;
    const every = checked("every")[0];
    const rule = { ...before, every, first: $("first").value, last: $("last").value || null, holidays: $("holidays").value, weekdays: [], monthdays: [], nth: null };
    rule.interval = every === before.every ? before.interval : 1;
    rule.at = [...new Set([...document.querySelectorAll("#time-rows input")].map((field) => field.value).filter(Boolean))].sort();
    if (every === "week") rule.weekdays = checked("weekday").map(Number);
    if (every === "month" && $("monthday").value !== "nth") rule.monthdays = this.#monthdays(before);
    else if (every === "month") Object.assign(rule, { nth: Number($("nth").value), weekdays: [Number($("nth-weekday").value)] });
    return rule;
  }

  // A rule of several days of the month, made elsewhere, keeps them while its first is not changed.
  #monthdays(before) {
    const chosen = Number($("monthday").value);
    return before.monthdays[0] === chosen ? before.monthdays : [chosen];
  }

  #read() {
    const rule = this.#rule();
    const title = $("title").value.trim();
    if (!title) throw { field: "title", message: say("need-title") };
    const some = !$("where").hidden && checked("reach")[0] === "some";
    const units = some ? checked("village") : [$("owner").value];
    if (!units.length) throw { field: "units", message: say("need-villages") };
    if (!ruleSentence(rule)) throw { field: "rule", message: say("need-rule") };
    const most = Number($("most").value.replace(",", "."));
    const before = this.#kept?.programme ?? this.#blank();
    return { ...before, title, owner: $("owner").value, units, rule, segments: this.segments.read(), class: $("klass").value, length_ms: most > 0 ? Math.round(most * MINUTE) : null };
  }

  #changed() {
    this.#looked = null;
    this.#asked += 1;
    $("programme-preview").replaceChildren();
    $("programme-save").lastElementChild.textContent = say("preview");
    const every = checked("every")[0];
    for (const part of document.querySelectorAll("[data-every]")) part.hidden = !part.dataset.every.split(" ").includes(every);
    $("nth-part").hidden = $("monthday").value !== "nth";
    $("some-villages").hidden = checked("reach")[0] !== "some";
    $("rule-sentence").textContent = ruleSentence(this.#rule());
  }

  #tell(message, field = "") {
    for (const part of document.querySelectorAll("#programme-form .field")) part.classList.toggle("wrong", part.id === `field-${field}`);
    const place = field ? $(`field-${field}`).querySelector(".field-wrong") : $("programme-problem");
    for (const each of document.querySelectorAll("#programme-form .field-wrong")) each.textContent = "";
    $("programme-problem").hidden = !message || Boolean(field);
    place.textContent = message;
    if (message && field) $(`field-${field}`).querySelector("input, select, button").focus();
  }

  async #submit() {
    if (this.#busy) return;
    this.#busy = true;
    $("programme-save").disabled = true;
    try {
      if (this.#looked) await this.#save();
      else await this.#look();
    } catch (problem) {
      const field = problem.field ?? FIELDS.find(([code]) => problem.code?.startsWith(code))?.[1];
      this.#tell(trouble(problem), field);
    } finally {
      this.#busy = false;
      $("programme-save").disabled = false;
    }
  }

  async #look() {
    const body = this.#read();
    const asked = this.#asked;
    const kept = this.#kept;
    const said = await (kept ? call("POST", `/programmes/${kept.id}/preview?days=${LOOK_D}`, { programme: body }) : call("POST", `/programmes/preview?days=${LOOK_D}`, body));
    if (asked !== this.#asked) return; // it was changed meanwhile
    this.#tell("");
    const broken = drawPreview($("programme-preview"), said, (series) => (kept ? series === kept.id : !this.deeds.knows(series)));
    this.#looked = body;
    $("programme-save").lastElementChild.textContent = say(broken ? "save-anyway" : "save");
    $("programme-preview").scrollIntoView({ block: "nearest" });
  }

  async #save() {
    await this.deeds.save(this.#kept, this.#looked);
    $("programme").close();
  }
}
