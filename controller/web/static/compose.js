// The form: a sound, a title, places, a moment, one button. Whatever goes wrong, nothing that was filled in is lost.

import { Tree } from "./tree.js";
import { lang, length, say } from "./words.js";

const MAX_FILE = 300_000_000;
const $ = (id) => document.getElementById(id);

class Compose {
  #duration = "";
  #sending = false;

  constructor() {
    this.tree = new Tree(() => this.#label());
    $("compose").addEventListener("submit", (event) => { event.preventDefault(); this.#send(); });
    $("file").addEventListener("change", () => this.#chosen());
    for (const radio of document.querySelectorAll("[name=when]")) radio.addEventListener("change", () => this.#when());
    this.#drop();
    this.#usual();
    this.#when();
    if (this.#file) this.#chosen(); // a reload may have kept it
    $("say").disabled = false; // until now a press would have sent the form as browsers do, and lost it
    addEventListener("beforeunload", (event) => this.#sending && event.preventDefault());
  }

  get #file() { return $("file").files[0]; }
  get #later() { return document.querySelector("[name=when]:checked").value === "later"; }

  #label() {
    const nodes = this.tree?.nodes ?? 0;
    $("say-words").textContent = nodes ? say(this.#later ? "say-later" : "say-now", { nodes }) : say("say");
  }

  #when() {
    $("later").hidden = !this.#later;
    if (this.#later && !$("at").value) $("at").value = usualTimes()[0].value;
    this.#label();
  }

  #usual() {
    for (const { value, words } of usualTimes()) {
      const button = Object.assign(document.createElement("button"), { type: "button", className: "btn", textContent: words });
      button.addEventListener("click", () => { $("at").value = value; });
      $("usual").append(button);
    }
  }

  #drop() {
    const drop = $("drop");
    for (const name of ["dragenter", "dragover"]) drop.addEventListener(name, (event) => { event.preventDefault(); drop.classList.add("over"); });
    for (const name of ["dragleave", "drop"]) drop.addEventListener(name, () => drop.classList.remove("over"));
    drop.addEventListener("drop", (event) => {
      event.preventDefault();
      if (event.dataTransfer.files.length) { $("file").files = event.dataTransfer.files; this.#chosen(); }
    });
  }

  #chosen() {
    const file = this.#file;
    const player = $("file-player");
    URL.revokeObjectURL(player.src);
    if (!file) return;
    this.#duration = "";
    $("drop").classList.add("full");
    document.querySelector(".drop-again").hidden = false;
    $("file-name").textContent = file.name;
    player.src = URL.createObjectURL(file);
    player.hidden = false;
    player.onloadedmetadata = () => { this.#duration = Number.isFinite(player.duration) ? length(player.duration * 1000) : ""; this.#about(file); };
    player.onerror = () => { player.hidden = true; }; // amr and the like: the server reads what a browser can't
    this.#about(file);
    if (!$("title").value) $("title").value = file.name.replace(/\.[^.]*$/, "").replaceAll(/[_-]+/g, " ");
    this.#tell("");
  }

  #about(file) {
    const small = file.size < 1_000_000;
    const size = new Intl.NumberFormat(lang === "vi" ? "vi-VN" : "en", { maximumFractionDigits: small ? 0 : 1 }).format(file.size / (small ? 1_000 : 1_000_000));
    $("file-about").textContent = [this.#duration, `${size} ${small ? "kB" : "MB"}`].filter(Boolean).join(" · ");
  }

  #wrong() {
    if (!this.#file) return ["file", "need-file"];
    if (this.#file.size > MAX_FILE) return ["file", "too-big"];
    if (!$("title").value.trim()) return ["title", "need-title"];
    if (!this.tree.units.length) return ["units", "need-units"];
    if (this.#later && !$("at").value) return ["when", "need-time"];
    if (this.#later && new Date(`${$("at").value}:00+07:00`) < new Date()) return ["when", "past-time"];
    return null;
  }

  #tell(message, field = "", link = null) {
    for (const element of document.querySelectorAll(".field.wrong")) element.classList.remove("wrong");
    if (field) $(`field-${field}`).classList.add("wrong");
    $("problem").hidden = !message;
    $("problem").replaceChildren(message, ...(link ? [" ", link] : []));
    if (message) $("problem").focus();
  }

  async #send() {
    if (this.#sending) return;
    const wrong = this.#wrong();
    if (wrong) return this.#tell(say(wrong[1]), wrong[0]);
    this.#tell("");
    this.#busy(true);
    try {
      const bulletin = await this.#upload();
      await this.#follow(bulletin.id);
    } catch (problem) {
      this.#refused(problem);
    } finally {
      this.#busy(false);
    }
  }

  #busy(on) {
    this.#sending = on;
    $("say").disabled = on;
    $("sending").hidden = !on;
    if (on) this.#progress(say("sending"), 0);
  }

  #progress(words, share) {
    $("sending-say").textContent = words;
    $("sending-bar").value = share;
  }

  // XMLHttpRequest, because fetch tells nothing of an upload's progress.
  #upload() {
    const form = new FormData();
    form.append("title", $("title").value);
    form.append("language", "vi");
    for (const unit of this.tree.units) form.append("to", unit);
    if (this.#later) form.append("at", `${$("at").value}:00+07:00`);
    form.append("file", this.#file);
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      request.open("POST", "/api/v1/bulletins");
      request.responseType = "json";
      request.upload.onprogress = (event) => this.#progress(say("sending"), event.total ? event.loaded / event.total : 0);
      request.onload = () => (request.status === 202 ? resolve(request.response) : reject(request.response ?? {}));
      request.onerror = () => reject({ code: "no-link" });
      request.send(form);
    });
  }

  #follow(bulletin) {
    this.#progress(say("preparing"), 0);
    return new Promise((resolve, reject) => {
      const events = new EventSource(`/api/v1/bulletins/${bulletin}/events`);
      events.addEventListener("bulletin", (event) => {
        const said = JSON.parse(event.data);
        this.#progress(say("preparing"), said.progress);
        if (said.preparing) return;
        events.close();
        if (said.error) return reject(said.error);
        this.#sending = false;
        $("compose").reset(); // the back button finds an empty form: what is said is said once
        location.assign(said.airing ? `/airings/${said.airing}` : `/bulletins/${said.id}`);
      });
      // An EventSource comes back by itself; the bulletin is kept on the server meanwhile.
      events.onerror = () => this.#progress(say("reconnecting"), $("sending-bar").value);
    });
  }

  #refused(problem) {
    if (problem?.code === "session.none") {
      const link = Object.assign(document.createElement("a"), { href: "/login", target: "_blank", textContent: say("sign-in") });
      return this.#tell(say("signed-out"), "", link);
    }
    const code = problem?.code ?? "";
    const field = code.startsWith("bulletin.title-") ? "title" : ["airing.no-units", "airing.no-nodes", "airing.many-units", "airing.reach"].includes(code) ? "units" : code.startsWith("airing.") ? "when" : "";
    const about = problem?.code?.startsWith("audio.") || problem?.code?.startsWith("upload.") ? "file" : field;
    this.#tell(problem?.[`message_${lang}`] ?? say("no-link"), about ?? "");
  }
}

// The usual hours (05:00 and 17:30), the next ones; Viet Nam has had one offset since 1975.
function usualTimes() {
  const here = new Date(Date.now() + 7 * 3_600_000);
  const day = (ahead) => new Date(here.getTime() + ahead * 86_400_000).toISOString().slice(0, 10);
  const minute = here.getUTCHours() * 60 + here.getUTCMinutes();
  const all = [
    { value: `${day(0)}T17:30`, words: say("today-evening"), over: minute >= 17 * 60 + 30 },
    { value: `${day(1)}T05:00`, words: say("tomorrow-morning") },
    { value: `${day(1)}T17:30`, words: say("tomorrow-evening") },
  ];
  return all.filter((each) => !each.over);
}

if ($("compose")) new Compose();
