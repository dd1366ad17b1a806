// The microphone: what it hears is put on the shelf second by second, so that whatever ends the page loses no more than that.

import { length, say } from "./words.js";

const KINDS = ["audio/webm;codecs=opus", "audio/mp4", "audio/webm", "audio/ogg;codecs=opus"];
const MOST_MS = 60 * 60_000;
export const PIECE_MS = 1_000;
const BITS = 64_000; // twice what is aired: an hour is 29 MB
const LOW_DB = -32, HIGH_DB = -2, FLOOR_DB = -60; // speech peaks at a hand's breadth lie between
const HOLD_MS = 1_500, JUDGE_MS = 3_000;
const REFUSALS = { insecure: "mic-insecure", NotAllowedError: "mic-denied", SecurityError: "mic-denied", NotFoundError: "mic-none", OverconstrainedError: "mic-none", NotReadableError: "mic-busy", AbortError: "mic-busy" };
const $ = (id) => document.getElementById(id);

export class Recorder {
  #recorder = null;
  #stream = null;
  #context = null;
  #pieces = 0;
  #spoken = 0; // ms before the last pause
  #since = 0; // when it last went on; 0: it stands
  #peaks = [];
  #held = { db: FLOOR_DB, at: 0 };
  #lock = null;

  // `began(type)`, `ended(type, ms)`, `told(words)` when something is wrong.
  constructor(shelf, { began, ended, told }) {
    Object.assign(this, { shelf, began, ended, told });
    this.memory = []; // what is sent; the shelf is for what ends the page
    this.kept = false; // all of it is on the shelf, too: known when `keeping` is over
    this.keeping = Promise.resolve();
    $("record").addEventListener("click", () => this.start());
    $("record-stop").addEventListener("click", () => this.stop());
    $("record-pause").addEventListener("click", () => this.#pause());
    addEventListener("pagehide", () => this.#recorder?.state === "recording" && this.#recorder.requestData());
  }

  get on() { return this.#recorder !== null; }
  get ms() { return this.#spoken + (this.#since ? performance.now() - this.#since : 0); }

  async start() {
    if (this.on || $("record").disabled) return;
    $("record").disabled = true; // a second press while the browser asks
    try {
      if (!navigator.mediaDevices?.getUserMedia || !window.MediaRecorder) throw { name: "insecure" };
      // A voice as it is: what calls do to one (echo, noise, gain) makes it thin on a horn, and the server levels it better.
      this.#stream = await navigator.mediaDevices.getUserMedia({ audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false } });
      this.#begin();
    } catch (error) {
      this.#free();
      this.told(say(REFUSALS[error.name] ?? "mic-failed"));
    } finally {
      $("record").disabled = false;
    }
  }

  #begin() {
    const mimeType = KINDS.find((kind) => MediaRecorder.isTypeSupported(kind)) ?? "";
    this.#recorder = new MediaRecorder(this.#stream, { mimeType, audioBitsPerSecond: BITS });
    [this.#pieces, this.#spoken, this.#peaks, this.memory, this.kept] = [0, 0, [], [], true];
    const memory = this.memory;
    const type = (this.#recorder.mimeType || mimeType).split(";")[0];
    this.#recorder.ondataavailable = ({ data }) => {
      if (!data.size) return;
      memory.push(data);
      this.keeping = this.shelf.put(this.#pieces++, data, `ghi-am.${type.split("/")[1]}`).then((kept) => { if (this.memory === memory) this.kept &&= kept; });
    };
    this.#recorder.onstop = () => this.#stopped(type);
    this.#recorder.onerror = () => this.stop();
    this.#stream.getAudioTracks()[0].onended = () => { this.told(say("mic-gone")); this.stop(); };
    this.#recorder.start(PIECE_MS);
    this.#since = performance.now();
    this.#listen();
    this.#show();
    this.began(type);
    navigator.wakeLock?.request("screen").then((lock) => { this.#lock = lock; }, () => {}); // a phone that goes dark stops recording
  }

  stop() {
    if (this.#recorder && this.#recorder.state !== "inactive") this.#recorder.stop();
  }

  // Another sound takes its place: nothing of it is heard of any more.
  discard() {
    const recorder = this.#recorder;
    if (!recorder) return;
    recorder.ondataavailable = recorder.onstop = recorder.onerror = null;
    if (recorder.state !== "inactive") recorder.stop();
    this.memory = [];
    this.#free();
  }

  #pause() {
    if (this.#since) {
      this.#recorder.pause();
      this.#spoken = this.ms;
      this.#since = 0;
    } else {
      this.#recorder.resume();
      this.#since = performance.now();
    }
    this.#show();
  }

  #stopped(type) {
    const ms = this.ms;
    this.#free();
    this.ended(type, ms);
  }

  #free() {
    for (const track of this.#stream?.getTracks() ?? []) { track.onended = null; track.stop(); }
    this.#context?.close();
    this.#lock?.release();
    [this.#recorder, this.#stream, this.#context, this.#lock, this.#since] = [null, null, null, null, 0];
    this.#show();
  }

  #show() {
    $("record").hidden = this.on;
    $("record-stop").hidden = $("record-pause").hidden = $("recording").hidden = !this.on;
    $("record-pause-say").textContent = this.#since ? say("record-pause") : say("record-go-on");
    $("record-tip").hidden = this.on;
  }

  again(on) {
    $("record").querySelector("span").textContent = on ? say("record-again") : say("record-start");
  }

  #listen() {
    const context = this.#context = new AudioContext();
    const ear = context.createAnalyser();
    ear.fftSize = 2048;
    context.createMediaStreamSource(this.#stream).connect(ear);
    const heard = new Float32Array(ear.fftSize);
    const look = () => {
      if (this.#context !== context) return;
      ear.getFloatTimeDomainData(heard);
      let most = 0;
      for (const sample of heard) most = Math.max(most, Math.abs(sample));
      this.#meter(this.#since ? Math.max(FLOOR_DB, 20 * Math.log10(most || 1e-9)) : FLOOR_DB);
      if (this.ms >= MOST_MS) { this.told(say("record-full")); this.stop(); }
      requestAnimationFrame(look);
    };
    look();
  }

  #meter(db) {
    const now = performance.now();
    if (db >= this.#held.db || now - this.#held.at > HOLD_MS) this.#held = { db, at: now };
    if (this.#since) this.#peaks.push([now, db]);
    while (this.#peaks.length && now - this.#peaks[0][0] > JUDGE_MS) this.#peaks.shift();
    const share = (level) => 1 - level / FLOOR_DB;
    $("meter-level").style.transform = `scaleX(${share(db)})`;
    $("meter-peak").style.left = `${share(this.#held.db) * 100}%`;
    $("meter").setAttribute("aria-valuenow", Math.round(db));
    const most = Math.max(FLOOR_DB, ...this.#peaks.map(([, level]) => level));
    const state = most < LOW_DB ? "low" : most > HIGH_DB ? "high" : "good";
    const words = !this.#since ? say("level-paused") : state === "low" ? say("level-low") : state === "high" ? say("level-high") : say("level-good");
    $("meter").dataset.state = state;
    $("meter").setAttribute("aria-valuetext", words);
    if ($("meter-say").textContent !== words) $("meter-say").textContent = words;
    $("record-time").textContent = length(this.ms);
  }
}
