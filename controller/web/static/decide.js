// Cards that wait for a yes: what each would do, the usual notes in a press, and no press that counts twice.

import { lang, say, time } from "./words.js";

const WAIT_MS = 10_000;

for (const place of document.querySelectorAll("[data-preview]")) preview(place);
for (const chip of document.querySelectorAll("[data-note]")) {
  chip.addEventListener("click", () => {
    const note = document.getElementById(chip.dataset.note);
    note.value = note.value ? `${note.value} ${chip.textContent}.` : `${chip.textContent}.`;
    note.focus();
  });
}
// A slow server must not be asked twice: the second press would find the work done, but a person would wonder.
for (const form of document.querySelectorAll("main form[method=post]")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "1";
    setTimeout(() => delete form.dataset.sent, WAIT_MS); // it hangs, or was given up: it may be pressed again
  });
}
addEventListener("pageshow", (event) => event.persisted && location.reload()); // the back button shows what is true now

async function preview(place) {
  const answer = await fetch(`/api/v1/bulletins/${place.dataset.preview}/preview`).catch(() => null);
  if (!answer?.ok) return;
  const told = await answer.json();
  if (told) tell(place.querySelector("[data-preview-say]"), told.groups);
}

function tell(place, groups) {
  const heard = new Map();
  const others = new Map();
  for (const { villages, decisions } of groups) {
    for (const { before, after } of decisions) {
      if (before === null && ["plays", "later.taken"].includes(after?.code)) heard.set(after.at, (heard.get(after.at) ?? 0) + villages.length);
      else if (after !== null && after.code !== "plays") others.set(`${after.title} ${after.text[lang]}`, [after.title, after.text[lang]]);
    }
  }
  const times = [...heard].sort((one, other) => other[1] - one[1]).map(([at, villages]) => say("preview-some", { villages, time: time(at) }));
  const clear = heard.size === 1 && !others.size;
  const [[at, villages] = []] = heard;
  place.replaceChildren(clear ? say("preview-all", { villages, time: time(at) }) : times.join(" ") || say("preview-none"));
  if (!others.size) return;
  const list = document.createElement("ul");
  for (const [title, reason] of others.values()) list.append(Object.assign(document.createElement("li"), { textContent: say("preview-other", { title, reason }) }));
  place.append(list);
}
