// The waveform of a sound, two handles on it, and a way to hear what is between them. The server cuts; here it is only chosen.

import { say } from "./words.js";

const MOST_MS = 10 * 60_000; // decoded, ten minutes are 115 MB
const MOST_BYTES = 60_000_000, MOST_UNKNOWN = 5_000_000; // of a length that nobody wrote down, five minutes at the least
const LEAST_MS = 500;
const BARS = 200;
const $ = (id) => document.getElementById(id);

function clock(ms) {
  const tenths = Math.round(ms / 100);
  return `${Math.floor(tenths / 600)}:${String(Math.floor(tenths / 10) % 60).padStart(2, "0")},${tenths % 10}`;
}

export class Trim {
  #buffer = null;
  #player = null;
  #loading = 0;
  from = 0;
  to = 0;
  ms = 0; // of the whole; 0: not known

  constructor(changed) {
    this.changed = changed;
    for (const name of ["from", "to"]) {
      const handle = this.#handle(name);
      handle.addEventListener("pointerdown", (event) => this.#drag(event, name));
      handle.addEventListener("keydown", (event) => this.#key(event, name));
    }
    $("trim-play").addEventListener("click", () => (this.#player ? this.silence() : this.#play()));
    $("trim-all").addEventListener("click", () => this.#set(0, this.ms));
  }

  // {from_ms, to_ms} when something is cut off; else null.
  get part() {
    return this.ms && (this.from > 0 || this.to < this.ms) ? { from_ms: Math.round(this.from), to_ms: Math.round(this.to) } : null;
  }

  async load(blob, ms, part) {
    this.clear();
    const mine = ++this.#loading;
    if (ms > MOST_MS || blob.size > (ms ? MOST_BYTES : MOST_UNKNOWN)) return this.#can_not(say("trim-long"));
    const context = new OfflineAudioContext(1, 1, 24_000);
    let buffer = null;
    try {
      buffer = await context.decodeAudioData(await blob.arrayBuffer());
    } catch { /* amr and the like */ }
    if (mine !== this.#loading) return;
    if (!buffer) return this.#can_not(say("trim-unread"));
    if (buffer.duration * 1000 > MOST_MS) return this.#can_not(say("trim-long"));
    this.#buffer = buffer;
    this.ms = buffer.duration * 1000;
    this.#draw();
    $("trim").hidden = false;
    this.#set(part?.from_ms ?? 0, part?.to_ms ?? this.ms);
  }

  clear() {
    this.silence();
    this.#loading++;
    this.#buffer = null;
    this.ms = this.from = this.to = 0;
    $("trim").hidden = true;
    $("no-trim").hidden = true;
  }

  silence() {
    this.#player?.stop();
  }

  #can_not(words) {
    $("no-trim").textContent = words;
    $("no-trim").hidden = false;
  }

  #handle(name) {
    return name === "from" ? $("trim-from") : $("trim-to");
  }

  #draw() {
    const samples = this.#buffer.getChannelData(0);
    const wide = samples.length / BARS;
    const tops = Array.from({ length: BARS }, (_, bar) => {
      let most = 0;
      const step = Math.max(1, Math.floor(wide / 200));
      for (let at = Math.floor(bar * wide); at < (bar + 1) * wide; at += step) most = Math.max(most, Math.abs(samples[at] ?? 0));
      return most;
    });
    const loudest = Math.max(0.05, ...tops); // a quiet voice is seen too
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    path.setAttribute("d", tops.map((top, bar) => { const high = Math.max(1, (top / loudest) * 46); return `M${bar * 2 + 1} ${50 - high}V${50 + high}`; }).join(""));
    $("trim-picture").replaceChildren(path);
  }

  #set(from, to) {
    this.silence();
    const least = Math.min(LEAST_MS, this.ms);
    this.from = Math.min(Math.max(0, from), this.ms - least);
    this.to = Math.max(Math.min(this.ms, to), this.from + least);
    const share = (ms) => (ms / this.ms) * 100;
    $("trim-from").style.left = `${share(this.from)}%`;
    $("trim-to").style.left = `${share(this.to)}%`;
    $("trim-off-left").style.width = `${share(this.from)}%`;
    $("trim-off-right").style.width = `${100 - share(this.to)}%`;
    for (const [name, value] of [["from", this.from], ["to", this.to]]) {
      const handle = this.#handle(name);
      handle.setAttribute("aria-valuemax", Math.round(this.ms / 100) / 10);
      handle.setAttribute("aria-valuenow", Math.round(value / 100) / 10);
      handle.setAttribute("aria-valuetext", clock(value));
    }
    $("trim-say").textContent = say("trim-chosen", { length: clock(this.to - this.from), from: clock(this.from), to: clock(this.to) });
    $("trim-all").hidden = !this.part;
    this.changed();
  }

  #move(name, ms) {
    const least = Math.min(LEAST_MS, this.ms);
    if (name === "from") this.#set(Math.min(ms, this.to - least), this.to);
    else this.#set(this.from, Math.max(ms, this.from + least));
  }

  #drag(event, name) {
    event.preventDefault();
    const handle = this.#handle(name);
    handle.focus();
    handle.setPointerCapture(event.pointerId);
    const box = $("trim-wave").getBoundingClientRect();
    const move = ({ clientX }) => this.#move(name, ((clientX - box.left) / box.width) * this.ms);
    handle.addEventListener("pointermove", move);
    for (const end of ["pointerup", "pointercancel"]) handle.addEventListener(end, () => handle.removeEventListener("pointermove", move), { once: true });
  }

  #key(event, name) {
    const at = name === "from" ? this.from : this.to;
    const step = event.shiftKey ? 1_000 : 100;
    const moves = { ArrowLeft: at - step, ArrowDown: at - step, ArrowRight: at + step, ArrowUp: at + step, PageDown: at - 5_000, PageUp: at + 5_000, Home: 0, End: this.ms };
    if (!(event.key in moves)) return;
    event.preventDefault();
    this.#move(name, moves[event.key]);
  }

  #play() {
    const context = new AudioContext();
    const source = context.createBufferSource();
    source.buffer = this.#buffer;
    source.connect(context.destination);
    const began = context.currentTime;
    source.onended = () => {
      context.close();
      this.#player = null;
      $("trim-now").hidden = true;
      this.#icon("player-play");
    };
    source.start(0, this.from / 1000, (this.to - this.from) / 1000);
    this.#player = source;
    this.#icon("player-stop");
    const follow = () => {
      if (this.#player !== source) return;
      $("trim-now").hidden = false;
      $("trim-now").style.left = `${((this.from + (context.currentTime - began) * 1000) / this.ms) * 100}%`;
      requestAnimationFrame(follow);
    };
    follow();
  }

  #icon(name) {
    const use = $("trim-play").querySelector("use");
    use.setAttribute("href", use.getAttribute("href").replace(/#.*/, `#${name}`));
  }
}
