// What whoever may edit does to a turn: move it, leave it out, pause, edit, end; each looked at first, each with its way back.

import { call } from "./api.js";
import { fullDay } from "./calendar_words.js";
import { ChangeDialog, reach } from "./change_dialog.js";
import { asUsual, canMoveAlways, exceptionOf, movedAlways, movedOnce, paused, skipped } from "./programme_edits.js";
import { ProgrammeForm } from "./programme_form.js";
import { UndoBar } from "./undo_bar.js";
import { addDays, clock, minuteOf } from "./week_layout.js";
import { lang, say } from "./words.js";

const SOON_MS = 30_000; // what begins within this time stands fast
const $ = (id) => document.getElementById(id);
const momentOf = (turn, day) => Date.parse(`${day}T00:00+07:00`) + turn.planned * 60_000;

function leftOut(series, title, { day, turn }) {
  const start = minuteOf(turn);
  return {
    id: `${series}/${day}/${start}`, series, day, turn: start, title, klass: "normal", owner: "", start, end: start, planned: start, whole: start + 8,
    lines: [], variants: [], heard: 0, all: 0, airing: null, isProgramme: true, isGhost: true, isLate: false, isLeftOut: true,
    troubles: [{ code: "left-out", text: { [lang]: say("left-out") } }],
  };
}

export class Changes {
  #kept = new Map();

  constructor(data, changed) {
    this.data = data;
    this.changed = changed;
    this.mayEdit = data.edits.length > 0;
    this.undo = new UndoBar(changed);
    if (!this.mayEdit) return;
    this.dialog = new ChangeDialog();
    this.form = new ProgrammeForm(data, { knows: (series) => this.#kept.has(series), save: (kept, body) => this.#saveForm(kept, body) });
    $("new-programme").addEventListener("click", () => this.form.open(null));
  }

  async load() {
    const kept = await call("GET", `/programmes?unit=${this.data.unit}`);
    this.#kept = new Map(kept.map((each) => [each.id, each]));
  }

  #editable(turn) {
    const kept = turn.isProgramme ? this.#kept.get(turn.series) : null;
    return kept && this.data.edits.includes(kept.programme.owner) ? kept : null;
  }

  mayMove(turn, day) {
    return Boolean(this.#editable(turn)) && !turn.airing && !turn.isLeftOut && momentOf(turn, day) > Date.now() + SOON_MS;
  }

  // A programme that was made, or changed, when its turn of that day was past has not missed it.
  isNews(turn, day) {
    const kept = this.#kept.get(turn.series);
    return !turn.isGhost || !turn.troubles.every((reason) => reason.code === "dropped.past") || !kept || Date.parse(kept.changed) < momentOf(turn, day);
  }

  // Turns that somebody left out on this day: shown, so that they can be put back.
  leftOut(day) {
    return [...this.#kept.values()].flatMap(({ programme, id }) => programme.changes.filter((change) => change.silent && change.turn && change.day === day).map((change) => leftOut(id, programme.title, change)));
  }

  // [icon, word, deed]
  deeds(turn, day) {
    const kept = this.#editable(turn);
    if (!kept) return [];
    if (turn.isLeftOut) return [["repeat", "deed-usual", () => this.#usual(kept, turn)], ["pencil", "deed-edit", () => this.form.open(kept)]];
    const own = exceptionOf(kept.programme, turn);
    const coming = this.mayMove(turn, day) ? [
      ["clock", "deed-move", () => this.move(turn, { day, minute: turn.planned }, { day, minute: turn.planned })],
      ["calendar-off", "deed-skip", () => this.#skip(kept, turn)],
      ...(own ? [["repeat", "deed-usual", () => this.#usual(kept, turn)]] : []),
    ] : [];
    return [...coming, ["hourglass", "deed-pause", () => this.#pause(kept, day)], ["pencil", "deed-edit", () => this.form.open(kept)], ["archive", "deed-end", () => this.#end(kept)]];
  }

  move(turn, from, to) {
    const kept = this.#editable(turn);
    if (!kept) return;
    $("change-day").value = to.day;
    $("change-time").value = clock(to.minute);
    $("change-once").checked = true;
    this.dialog.open({
      ...this.#common(kept),
      title: say("move-title", { title: kept.programme.title }),
      tell: say("move-from", { time: clock(from.minute), day: fullDay(from.day) }),
      part: "when",
      days: () => reach(this.data.today, $("change-day").value > turn.day ? $("change-day").value : turn.day),
      compose: () => this.#moved(kept, turn),
      save: (body) => this.#save(kept, body, say("did-move", { title: kept.programme.title, time: $("change-time").value, day: fullDay($("change-day").value) })),
    });
  }

  #moved(kept, turn) {
    const [day, time] = [$("change-day").value, $("change-time").value];
    if (!day || !time) throw { message: say("need-when") };
    const can = canMoveAlways(kept.programme, turn, day);
    $("change-always").disabled = !can;
    $("change-always-tell").textContent = can ? "" : say("always-not");
    if (!can) $("change-once").checked = true;
    return ($("change-always").checked ? movedAlways : movedOnce)(kept.programme, turn, day, minuteOf(time));
  }

  #skip(kept, turn) {
    const tell = { title: kept.programme.title, time: clock(turn.planned), day: fullDay(turn.day) };
    this.dialog.open({
      ...this.#common(kept, turn.day), title: say("skip-title", tell), tell: say("skip-tell", tell), part: "",
      compose: () => skipped(kept.programme, turn),
      save: (body) => this.#save(kept, body, say("did-skip", tell)),
    });
  }

  #usual(kept, turn) {
    const tell = { title: kept.programme.title, time: clock(turn.turn), day: fullDay(turn.day) };
    this.dialog.open({
      ...this.#common(kept, turn.day), title: say("usual-title", tell), tell: say("usual-tell", tell), part: "",
      compose: () => asUsual(kept.programme, turn),
      save: (body) => this.#save(kept, body, say("did-usual", tell)),
    });
  }

  #pause(kept, day) {
    const [from, to] = [$("pause-from"), $("pause-to")];
    from.value = day < this.data.today ? this.data.today : day;
    to.value = addDays(from.value, 6);
    this.dialog.open({
      ...this.#common(kept), title: say("pause-title", { title: kept.programme.title }), tell: say("pause-tell"), part: "pause",
      days: () => reach(this.data.today, to.value || from.value),
      compose: () => {
        if (!from.value || !to.value) throw { message: say("need-when") };
        return paused(kept.programme, from.value, to.value);
      },
      save: (body) => this.#save(kept, body, say("did-pause", { title: kept.programme.title, from: fullDay(from.value), to: fullDay(to.value) })),
    });
  }

  #end(kept) {
    this.dialog.open({
      ...this.#common(kept, addDays(this.data.today, 7)), title: say("end-title", { title: kept.programme.title }), tell: say("end-tell"), part: "",
      compose: () => null,
      save: async () => {
        const ended = await call("POST", `/programmes/${kept.id}/end`);
        this.undo.offer({ text: say("did-end", { title: kept.programme.title }), method: "POST", path: `/programmes/${kept.id}/reopen`, body: { version: ended.version } });
        await this.changed();
      },
    });
  }

  #common(kept, day = this.data.today) {
    return { id: kept.id, days: () => reach(this.data.today, day) };
  }

  async #save(kept, body, text) {
    try {
      const saved = await call("PUT", `/programmes/${kept.id}`, { version: kept.version, programme: body });
      this.undo.offer({ text, method: "PUT", path: `/programmes/${kept.id}`, body: { version: saved.version, programme: kept.programme } });
    } finally {
      await this.changed(); // of two who edit one, the second sees what the first did
    }
  }

  async #saveForm(kept, body) {
    if (kept) return this.#save(kept, body, say("did-edit", { title: body.title }));
    const made = await call("POST", "/programmes", body);
    this.undo.offer({ text: say("did-create", { title: body.title }), method: "POST", path: `/programmes/${made.id}/end` });
    await this.changed();
  }
}
