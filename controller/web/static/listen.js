// The prepared clip, as it will sound: its waveform and a way to hear it.

import { length } from "./words.js";

const BARS = 100;
const $ = (id) => document.getElementById(id);

export class Listen {
  #audio = new Audio();
  #ms = 0;

  constructor(icons) {
    this.icons = icons;
    this.#audio.preload = "none";
    $("play").addEventListener("click", () => (this.#audio.paused ? this.#audio.play() : this.#audio.pause()));
    for (const name of ["play", "pause", "ended", "timeupdate"]) this.#audio.addEventListener(name, () => this.#show());
    $("wave").addEventListener("click", (event) => {
      const box = $("wave").getBoundingClientRect();
      this.#audio.currentTime = ((event.clientX - box.left) / box.width) * (this.#ms / 1000);
      this.#audio.play();
    });
  }

  async load(bulletin) {
    this.#audio.pause();
    $("listen").hidden = true;
    const answer = await fetch(`/api/v1/bulletins/${bulletin}`).catch(() => null);
    const clip = answer?.ok ? (await answer.json()).clip : null;
    if (!clip) return;
    this.#audio.src = clip.url;
    this.#ms = clip.duration_ms;
    this.#draw(Uint8Array.from(atob(clip.peaks), (letter) => letter.charCodeAt(0)));
    this.#show();
    $("listen").hidden = false;
  }

  #draw(peaks) {
    const wide = 800 / BARS;
    const bars = Array.from({ length: BARS }, (_, number) => {
      const part = peaks.subarray(Math.floor((number * peaks.length) / BARS), Math.floor(((number + 1) * peaks.length) / BARS));
      const high = Math.max(4, (Math.max(0, ...part) / 255) * 100);
      const bar = document.createElementNS("http://www.w3.org/2000/svg", "rect");
      for (const [name, value] of Object.entries({ x: number * wide + 1, y: 50 - high / 2, width: wide - 2, height: high, rx: 2 })) bar.setAttribute(name, value);
      return bar;
    });
    $("wave").replaceChildren(...bars);
  }

  #show() {
    const at = this.#audio.currentTime * 1000;
    const bars = $("wave").children;
    for (let number = 0; number < bars.length; number++) bars[number].classList.toggle("heard", number < (at / this.#ms) * bars.length);
    $("length").textContent = at ? `${length(at)} / ${length(this.#ms)}` : length(this.#ms);
    $("play").querySelector("use").setAttribute("href", `${this.icons}#${this.#audio.paused ? "player-play" : "player-pause"}`);
  }
}
