// The sound of a bulletin, whichever way it came: recorded, from a file, or recorded while a text is read.

import { PIECE_MS, Recorder } from "./recorder.js";
import { MAX_KEPT } from "./shelf.js";
import { Trim } from "./trim.js";
import { lang, length, say, time } from "./words.js";

const $ = (id) => document.getElementById(id);

export class Sound {
  #url = "";
  file = null;
  kept = false; // it is on the shelf, and outlives the page
  settled = Promise.resolve(); // once its length and its part are known
  about = null; // { kind: "file" or "recording", name, type, ms, at }

  // `changed()`: something of it is other than before; `told(words)`: what is wrong with it.
  constructor(shelf, { changed, told, named }) {
    Object.assign(this, { shelf, changed, told, named });
    this.trim = new Trim(changed);
    this.recorder = new Recorder(shelf, { began: (type) => this.#began(type), ended: (type, ms) => this.#ended(type, ms), told });
    $("file").addEventListener("change", () => $("file").files[0] && this.#chose($("file").files[0]));
    for (const radio of document.querySelectorAll("[name=how]")) radio.addEventListener("change", () => this.show());
    this.#drop();
  }

  get how() { return document.querySelector("[name=how]:checked").value; }
  set how(how) { document.querySelector(`[name=how][value=${how}]`).checked = true; this.show(); }
  get recording() { return this.recorder.on; }

  show() {
    $("panel-file").hidden = this.how !== "file";
    $("panel-text").hidden = this.how !== "text";
    $("panel-record").hidden = this.how === "file";
    const prompting = this.recording && this.how === "text" && $("text").value.trim() !== "";
    $("prompter").hidden = !prompting;
    $("prompter").textContent = $("text").value;
    $("text").hidden = prompting;
    this.changed();
  }

  #drop() {
    const drop = $("drop");
    for (const name of ["dragenter", "dragover"]) drop.addEventListener(name, (event) => { event.preventDefault(); drop.classList.add("over"); });
    for (const name of ["dragleave", "drop"]) drop.addEventListener(name, () => drop.classList.remove("over"));
    drop.addEventListener("drop", (event) => {
      event.preventDefault();
      if (event.dataTransfer.files.length) this.#chose(event.dataTransfer.files[0]);
    });
  }

  // A file that was chosen before we were ready to hear of it, on a slow link.
  early() {
    const [file] = $("file").files;
    if (file) this.#chose(file);
  }

  #chose(file) {
    $("draft").hidden = true;
    this.recorder.discard();
    this.how = "file";
    this.kept = file.size <= MAX_KEPT; // until it is known
    const kept = this.kept ? this.shelf.put(0, file, file.name) : this.shelf.forgetSound().then(() => false);
    this.set(file, { kind: "file", name: file.name, type: file.type, ms: 0, at: Date.now() });
    kept.then((on) => {
      if (this.file !== file) return;
      this.kept = on;
      if (!on) this.shelf.forgetSound();
      this.#tell();
    });
    this.named(file.name.replace(/\.[^.]*$/, "").replaceAll(/[_-]+/g, " "));
  }

  #began(type) {
    $("draft").hidden = true; // what it told of is replaced now
    this.clear();
    this.about = { kind: "recording", name: "", type, ms: 0, at: Date.now() };
    this.told("");
    this.show();
  }

  async #ended(type, ms) {
    const { memory } = this.recorder;
    const file = new File(memory, `ghi-am.${type.split("/")[1]}`, { type });
    await this.recorder.keeping;
    if (this.recording || this.recorder.memory !== memory || this.about?.kind !== "recording") return; // another sound has come meanwhile
    this.kept = this.recorder.kept;
    this.show();
    if (!file.size) return this.clear();
    this.set(file, { ...this.about, name: file.name, ms });
    this.named(say("notice-at", { time: time(new Date(this.about.at)) }));
  }

  // What was kept by an earlier visit.
  async restore(about, part) {
    const file = await this.shelf.sound(about.name || "ghi-am", about.type);
    if (file && about.kind === "recording") about.ms ||= file.pieces * PIECE_MS; // it was not ended
    this.kept = file !== null;
    if (file) this.set(file, about, part);
    return file !== null;
  }

  set(file, about, part = null) {
    this.file = file;
    this.about = about;
    const known = this.#listen(file);
    this.#tell();
    this.told("");
    this.trim.clear();
    // A long sound must not be decoded, so its length comes first.
    this.settled = known.then(() => this.file === file && this.trim.load(file, about.ms, part)).then(() => {
      if (this.file !== file) return;
      if (this.trim.ms) about.ms = this.trim.ms;
      $("file-player").hidden = this.trim.ms > 0 || $("file-player").error !== null;
      this.#tell();
      this.changed();
    });
    this.recorder.again(about.kind === "recording");
    this.changed();
  }

  clear() {
    this.file = this.about = null;
    this.kept = false;
    $("file").value = "";
    URL.revokeObjectURL(this.#url);
    $("file-player").removeAttribute("src");
    this.trim.clear();
    $("drop").classList.remove("full");
    $("sound").hidden = $("file-player").hidden = $("drop-again").hidden = true;
    $("file-name").textContent = $("file-name").dataset.empty;
    this.recorder.again(false);
    this.changed();
  }

  #listen(file) {
    const player = $("file-player");
    URL.revokeObjectURL(this.#url);
    this.#url = player.src = URL.createObjectURL(file);
    const about = this.about;
    player.hidden = true;
    $("sound").hidden = false;
    return new Promise((resolve) => {
      player.onloadedmetadata = () => {
        if (!about.ms && Number.isFinite(player.duration)) about.ms = player.duration * 1000;
        this.#tell();
        resolve();
      };
      player.onerror = () => { player.hidden = true; resolve(); }; // amr and the like: the server reads what a browser can't
    });
  }

  #tell() {
    if (!this.file) return;
    const { kind, ms, at, name } = this.about;
    const small = this.file.size < 1_000_000;
    const size = new Intl.NumberFormat(lang === "vi" ? "vi-VN" : "en", { maximumFractionDigits: small ? 0 : 1 }).format(this.file.size / (small ? 1_000 : 1_000_000));
    const unkept = this.kept ? "" : this.file.size > MAX_KEPT ? say("too-big-to-keep") : say("not-kept");
    const about = [ms ? length(ms) : "", `${size} ${small ? "kB" : "MB"}`, unkept].filter(Boolean).join(" · ");
    const recorded = kind === "recording";
    $("sound-name").hidden = !recorded;
    $("sound-name").textContent = recorded ? `${say("recorded", { time: time(new Date(at)) })} · ${about}` : "";
    $("drop").classList.toggle("full", !recorded);
    $("drop-again").hidden = recorded;
    $("file-name").textContent = recorded ? $("file-name").dataset.empty : name;
    if (!recorded) $("file-about").textContent = about;
  }
}
