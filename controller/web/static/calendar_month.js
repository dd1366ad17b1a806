// The month: a cell a day, with how long it sounds and what is in it by title. A cell opens its day.

import { button, element, icon } from "./build.js";
import { dayShort, fullDay, minutes, upper } from "./calendar_words.js";
import { addDays } from "./week_layout.js";
import { say, time } from "./words.js";

const TITLES = 3;

export function drawMonth(root, days, month, today, opens) {
  const grid = element("div", "month");
  for (let each = 0; each < 7; each += 1) grid.append(element("span", "month-head", dayShort(addDays("2026-11-23", each))));
  grid.append(...days.map((day) => cell(day, month, today, opens)));
  root.replaceChildren(grid);
}

function cell({ day, longest_ms: longest, turns, broken }, month, today, opens) {
  const name = `cell-day${day.slice(0, 7) === month ? "" : " other"}${day === today ? " today" : ""}${day < today ? " past" : ""}`;
  const made = button(name, element("span", "cell-number", String(Number(day.slice(8)))));
  made.dataset.day = day;
  if (longest) made.append(element("span", "cell-minutes", minutes(longest)));
  if (broken) made.append(element("span", "cell-broken", icon("alert-triangle"), element("span", "", say("broken", { number: broken }))));
  const list = element("span", "cell-turns");
  for (const turn of turns.slice(0, TITLES)) list.append(element("span", `cell-turn k-${turn.class}`, element("b", "", clock(turn.start)), ` ${turn.title}`));
  if (turns.length > TITLES) list.append(element("span", "cell-more", say("more", { number: turns.length - TITLES })));
  made.append(list);
  made.setAttribute("aria-label", [upper(fullDay(day)), longest ? minutes(longest) : say("nothing"), ...(broken ? [say("broken", { number: broken })] : []), ...turns.slice(0, TITLES).map((turn) => turn.title)].join(", "));
  made.addEventListener("click", () => opens(day));
  return made;
}

const clock = (moment) => time(moment).slice(0, 5);
