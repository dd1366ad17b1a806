// What became of an airing: the answer first, then each loudspeaker as a cell. The server says what moved; we draw that.

import { element, icon } from "./build.js";
import { Listen } from "./listen.js";
import { lang, length, say, states, time, why } from "./words.js";

const SIGNS = {
  planned: "circle-dashed", published: "send", accepted: "check", cached: "download", started: "volume",
  finished: "checks", heard: "checks", silent: "volume-off", refused: "ban", failed: "x", missed: "clock-x",
  cut: "scissors", cancelled: "player-stop", cancelling: "hourglass", unknown: "question-mark",
};
export const SHORT = ["silent", "refused", "failed", "missed", "cut", "unknown"];
const ORDER = ["heard", "finished", "started", "cached", "accepted", "published", "planned", "cancelling", "cancelled", "cut", "missed", "refused", "failed", "silent", "unknown"];
const MANY = 400;
const AGAIN_MS = 5_000;
const $ = (id) => document.getElementById(id);

export class Ledger {
  #airing = null;
  #cells = new Map();
  #villages = new Map();
  ondraw = () => {};

  constructor(screen) {
    this.screen = screen;
    this.listen = new Listen(screen.dataset.icons);
    $("places").addEventListener("click", (event) => { const cell = event.target.closest(".cell"); if (cell) this.#detail(cell.dataset.node); });
    $("stop").addEventListener("click", () => this.#ask());
    $("ask").addEventListener("close", () => $("ask").returnValue === "yes" && this.#stop());
    setInterval(() => this.#airing && this.#when(), 1000);
  }

  open(airing) {
    const events = new EventSource(`/api/v1/airings/${airing}/events`);
    events.addEventListener("ledger", (event) => this.#whole(JSON.parse(event.data)));
    events.addEventListener("change", (event) => this.#change(JSON.parse(event.data)));
    events.onopen = () => { $("link-lost").hidden = true; };
    events.onerror = () => {
      $("link-lost").textContent = say("reconnecting");
      $("link-lost").hidden = false;
      if (events.readyState === EventSource.CLOSED) setTimeout(() => this.#again(airing), AGAIN_MS); // the browser gave up
    };
  }

  // Refused: is the session over? Then to the door, and back.
  async #again(airing) {
    const answer = await fetch("/api/v1/session").catch(() => null);
    if (answer?.status === 401) location.assign(`/login?after=${encodeURIComponent(location.pathname)}`);
    else this.open(airing);
  }

  #whole({ airing, villages }) {
    const first = this.#airing === null;
    this.#cells.clear();
    this.#villages.clear();
    $("places").classList.toggle("many", airing.total > MANY);
    $("places").replaceChildren(...this.#places(villages));
    this.#line(airing);
    if (first) this.listen.load(airing.bulletin);
  }

  #change({ airing, nodes }) {
    for (const node of nodes) this.#cell(node, true);
    this.#line(airing);
  }

  // By commune when there are several.
  #places(villages) {
    const communes = new Map();
    for (const village of villages) communes.set(village.commune, [...(communes.get(village.commune) ?? []), this.#village(village)]);
    if (communes.size < 2) return [...communes.values()].flat();
    return [...communes].flatMap(([name, places]) => [element("h3", "commune-head", name), ...places]);
  }

  #village({ village, name, commune, nodes }) {
    const place = element("section", "place");
    const heading = element("h4", "place-name", name);
    const count = element("span", "place-count");
    const cells = element("ul", "cells");
    heading.append(count);
    place.append(heading, cells);
    this.#villages.set(village, { name, commune, place, count, cells, nodes: new Map() });
    for (const node of nodes) this.#cell(node, false);
    return place;
  }

  #cell(node, fresh) {
    const village = this.#villages.get(node.village);
    if (!village) return;
    let known = this.#cells.get(node.node);
    if (!known) {
      const row = document.createElement("li");
      const button = element("button", "cell");
      button.type = "button";
      button.dataset.node = node.node;
      row.append(button);
      village.cells.append(row);
      known = { button };
      this.#cells.set(node.node, known);
    }
    const step = stepOf(node);
    if (known.step !== step) {
      known.button.className = `cell s-${step}${fresh ? " fresh" : ""}`;
      known.button.replaceChildren(this.sign(step));
    }
    Object.assign(known, { node, step });
    known.button.title = known.button.ariaLabel = `${node.name}: ${states[step]}`;
    village.nodes.set(node.node, step);
    const good = [...village.nodes.values()].filter(isGood).length;
    village.count.textContent = `${good}/${village.nodes.size}`;
    village.place.classList.toggle("whole", good === village.nodes.size);
    village.place.classList.toggle("short", [...village.nodes.values()].some((each) => isEnd(each) && !isGood(each)));
  }

  // What stands where, village by village, in the order of the page.
  *villages() {
    for (const [village, { name, commune, nodes }] of this.#villages) {
      yield { village, name, commune, nodes: [...nodes.keys()].map((each) => this.#cells.get(each)) };
    }
  }

  sign(step) {
    return icon(SIGNS[step]);
  }

  #line(airing) {
    this.#airing = airing;
    $("ledger-name").textContent = airing.title;
    $("headline").textContent = airing.summary[lang];
    const counts = new Map();
    for (const { step } of this.#cells.values()) counts.set(step, (counts.get(step) ?? 0) + 1);
    const steps = ORDER.filter((step) => counts.has(step));
    $("bar").replaceChildren(...steps.map((step) => { const part = element("span", `s-${step}`); part.style.flexGrow = counts.get(step); return part; }));
    $("legend").replaceChildren(...steps.map((step) => {
      const row = element("li");
      const cell = element("span", `cell s-${step}`);
      cell.append(this.sign(step));
      row.append(cell, `${states[step]} · ${counts.get(step)}`);
      return row;
    }));
    this.#when();
    this.ondraw(airing, this);
  }

  #when() {
    const { start, duration_ms, cancelled } = this.#airing;
    const begins = Date.parse(start);
    const now = Date.now();
    $("ledger-when").textContent = `${say(now < begins ? "starts" : "started", { time: time(start) })} · ${say("long", { length: length(duration_ms) })}`;
    $("stop").hidden = this.screen.dataset.stops === "0" || Boolean(cancelled) || this.#airing.ended; // by what the loudspeakers say, not by this clock
    $("stop").lastElementChild.textContent = say(now < begins ? "cancel" : "stop");
  }

  #detail(name) {
    const { node, step } = this.#cells.get(name);
    const facts = [[say("step"), states[step]], ...(node.why ? [[say("reason"), why(node.why)]] : []), [say("time"), time(node.at, true)], [say("code"), node.node]];
    $("detail-name").textContent = node.name;
    $("detail-facts").replaceChildren(...facts.flatMap(([key, value]) => [element("dt", "", key), element("dd", "", value)]));
    $("detail").showModal();
  }

  #ask() {
    const before = Date.now() < Date.parse(this.#airing.start);
    $("ask-title").textContent = say(before ? "cancel-ask" : "stop-ask", { number: this.#airing.total });
    $("ask-tell").textContent = say(before ? "cancel-tell" : "stop-tell");
    $("ask-yes").textContent = say(before ? "cancel" : "stop");
    $("ask").returnValue = "";
    $("ask").showModal();
  }

  async #stop() {
    const answer = await fetch(`/api/v1/airings/${this.#airing.id}/cancel`, { method: "POST" }).catch(() => null);
    if (answer?.ok) return;
    const problem = await answer?.json().catch(() => null);
    $("link-lost").textContent = problem?.[`message_${lang}`] ?? say("no-link");
    $("link-lost").hidden = false;
  }
}

// A finished one is told by its evidence: heard, measured silent, or not measured.
function stepOf({ state, evidence }) {
  return state === "finished" && (evidence === "heard" || evidence === "silent") ? evidence : state;
}

export function isGood(step) {
  return step === "finished" || step === "heard";
}

function isEnd(step) {
  return isGood(step) || step === "cancelled" || SHORT.includes(step);
}
