// The first page follows: told that something changed, it fetches the parts anew and swaps those that differ.

import { say } from "./words.js";

const MINUTE = 60_000;
const AGAIN = 5_000;
const $ = (id) => document.getElementById(id);
const live = $("today");
const dialog = $("why");
const lost = $("link-lost");
const drawn = new Map();
let opener = "";
let skew = 0;
let fetching = false;
let more = false;
let events = null;
let again = 0;

// ── the reason behind a block ───────────────────────────────────────────────────────────────────────────────────────

live.addEventListener("click", (event) => {
  const source = event.target.closest("[data-why]");
  if (!source) return;
  event.preventDefault();
  opener = source.id;
  $("why-body").replaceChildren(document.getElementById(source.dataset.why).content.cloneNode(true));
  dialog.showModal();
});
live.addEventListener("keydown", (event) => {
  const source = event.key === " " && event.target.closest("a[data-why]"); // a block is a button, and a button takes the space bar
  if (!source) return;
  event.preventDefault();
  source.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true }));
});
dialog.addEventListener("close", () => document.getElementById(opener)?.focus({ preventScroll: true })); // it may have been swapped
live.addEventListener("change", (event) => event.target.id === "choose-place" && event.target.form.requestSubmit());

// ── swapping ────────────────────────────────────────────────────────────────────────────────────────────────────────

async function refresh() {
  if (fetching) { more = true; return; }
  fetching = true;
  clearTimeout(again);
  try {
    const answer = await fetch(`/fragments/today${location.search}`);
    if (answer.redirected) { location.reload(); return; } // signed out: to the door, and back
    if (!answer.ok) throw new Error(String(answer.status));
    draw(await answer.text());
    lost.hidden = events.readyState === EventSource.OPEN || lost.hidden;
  } catch { // no answer, half of one, or none that can be drawn: what stands here is old
    tell_lost();
    again = setTimeout(refresh, AGAIN);
  } finally {
    fetching = false;
  }
  if (more) { more = false; refresh(); }
}

function tell_lost() {
  lost.textContent = say("reconnecting");
  lost.hidden = false;
}

function draw(html) {
  const page = document.createElement("template");
  page.innerHTML = html;
  const fresh = page.content.getElementById("today-parts");
  const old = document.getElementById("today-parts");
  measure(fresh);
  const names = (parts) => [...parts.children].map((part) => part.dataset.part).join();
  if (names(fresh) !== names(old)) swap(old, fresh);
  else for (const part of [...fresh.children]) draw_part(document.getElementById(part.id), part);
  tick();
  told();
}

function draw_part(old, part) {
  const text = part.outerHTML;
  if (drawn.get(part.id) === text) return;
  if (document.activeElement?.tagName === "SELECT" && old.contains(document.activeElement)) return; // somebody is choosing
  drawn.set(part.id, text);
  swap(old, part);
}

function swap(old, fresh) {
  for (const each of old.querySelectorAll("details[id]")) {
    const same = fresh.querySelector(`#${CSS.escape(each.id)}`);
    if (same) same.open = each.open;
  }
  const focused = old.contains(document.activeElement) ? document.activeElement.id : "";
  old.replaceWith(fresh);
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

// What begins and ends is said once to whoever does not see it.
function told() {
  const text = [...live.querySelectorAll(".on-air-title")].map((each) => each.textContent.replace(/\s+/g, " ").trim()).join("; ");
  if ($("said").textContent !== text) $("said").textContent = text;
}

// ── time ────────────────────────────────────────────────────────────────────────────────────────────────────────────

function measure(parts) {
  skew = Number(parts.dataset.now) - Date.now(); // a phone's clock may be wrong
}

function tick() {
  for (const bar of live.querySelectorAll("progress[data-start]")) {
    const { start, end } = bar.dataset;
    bar.value = Math.min(Math.max((Date.now() + skew - start) / (end - start), 0), 1) * 1000;
  }
}

// ── the link ────────────────────────────────────────────────────────────────────────────────────────────────────────

function follow() {
  events = new EventSource("/api/v1/today/events");
  events.addEventListener("today", refresh);
  events.onopen = () => { lost.hidden = true; };
  events.onerror = () => {
    tell_lost();
    if (events.readyState === EventSource.CLOSED) setTimeout(() => refresh().then(follow), AGAIN); // refused: are we signed out?
  };
}

measure(document.getElementById("today-parts"));
setInterval(tick, 1000);
setInterval(() => document.hidden || refresh(), MINUTE); // the line of now moves, ages grow
addEventListener("pageshow", (event) => event.persisted && refresh());
follow();
