// The parts of a programme in their order: what is said, and for how long at most. What a row does not show, it keeps.

import { say } from "./words.js";

const $ = (id) => document.getElementById(id);
const MINUTE = 60_000;

export class SegmentRows {
  constructor(bulletins) {
    this.bulletins = bulletins;
    $("segment-add").addEventListener("click", () => { this.#add({ take: "pieces", bulletins: [] }).querySelector("select").focus(); this.#changed(); });
  }

  fill(segments) {
    $("segment-rows").replaceChildren();
    for (const segment of segments) this.#add(segment);
  }

  // The segments; throws [field, word] for what is missing.
  read() {
    const rows = [...$("segment-rows").children];
    if (!rows.length) throw { field: "segments", message: say("need-segments") };
    return rows.map((row) => {
      const part = (name) => row.querySelector(`[data-part=${name}]`).value.trim();
      const take = part("take");
      const minutes = Number(part("minutes").replace(",", "."));
      const segment = { ...row.segment, take, bulletins: [], source: null, kinds: [], length_ms: minutes > 0 ? Math.round(minutes * MINUTE) : null };
      if (take === "pieces") {
        if (!part("bulletin")) throw { field: "segments", message: say("need-bulletin") };
        segment.bulletins = part("bulletin") === "*" ? row.segment.bulletins : [part("bulletin")];
      } else if (take === "relay") {
        if (!part("station") || !segment.length_ms) throw { field: "segments", message: say("need-station") };
        segment.source = part("station");
      } else {
        segment.kinds = part("kinds").split(/[\s,;]+/).filter(Boolean);
      }
      return segment;
    });
  }

  #changed() { $("segment-rows").dispatchEvent(new Event("input", { bubbles: true })); }

  #add(segment) {
    const row = $("segment-row").content.firstElementChild.cloneNode(true);
    const part = (name) => row.querySelector(`[data-part=${name}]`);
    row.segment = segment;
    part("take").value = segment.take;
    part("station").value = segment.source ?? "";
    part("kinds").value = (segment.kinds ?? []).join(", ");
    part("minutes").value = segment.length_ms ? String(segment.length_ms / MINUTE) : "";
    this.#bulletins(part("bulletin"), segment.bulletins ?? []);
    part("take").addEventListener("change", () => this.#kind(row));
    for (const [name, act] of [["up", () => row.previousElementSibling?.before(row)], ["down", () => row.nextElementSibling?.after(row)], ["remove", () => row.remove()]]) {
      part(name).addEventListener("click", () => { act(); if (row.isConnected) part(name).focus(); else $("segment-add").focus(); this.#changed(); });
    }
    this.#kind(row);
    $("segment-rows").append(row);
    return row;
  }

  // Several in one part were put together elsewhere: they stay as they are, or one takes their place.
  #bulletins(select, chosen) {
    const known = new Map(this.bulletins.map((each) => [each.id, each.title]));
    const options = [["", say("choose-bulletin")], ...known];
    if (chosen.length > 1) options.push(["*", chosen.map((each) => known.get(each) ?? each).join(", ")]);
    else if (chosen[0] && !known.has(chosen[0])) options.push([chosen[0], chosen[0]]);
    select.replaceChildren(...options.map(([value, text]) => new Option(text, value)));
    select.value = chosen.length > 1 ? "*" : chosen[0] ?? "";
  }

  #kind(row) {
    const take = row.querySelector("[data-part=take]").value;
    for (const field of row.querySelectorAll("[data-for]")) field.hidden = !field.dataset.for.split(" ").includes(take);
  }
}
