// What a block says when it is opened: its sounds in each group of villages, and why something is not as it was wished.

import { button, element, icon } from "./build.js";
import { fullDay, minutes, upper, villages } from "./calendar_words.js";
import { isBroken } from "./day_turns.js";
import { clock } from "./week_layout.js";
import { lang, say, time } from "./words.js";

const $ = (id) => document.getElementById(id);

// `actions`: [icon, word, deed] of what this person may do with it.
export function openTurn(turn, day, actions) {
  $("turn-title").textContent = turn.title;
  const length = turn.isLeftOut ? say("left-out") : turn.isGhost ? say("silent-turn") : `${clock(turn.start)}–${clock(turn.end)} · ${minutes((turn.end - turn.start) * 60_000)}`;
  $("turn-when").textContent = [upper(fullDay(day)), length, say(`class-${turn.klass}`), turn.owner].filter(Boolean).join(" · ");
  $("turn-groups").replaceChildren(...turn.variants.map((variant) => group(variant, turn.all)));
  const airing = turn.airing ? [link(turn.airing)] : [];
  $("turn-deeds").replaceChildren(...airing, ...actions.map(([sign, word, deed]) => {
    const made = button("btn", icon(sign), element("span", "", say(word)));
    made.addEventListener("click", () => { $("turn").close(); deed(); });
    return made;
  }));
  $("turn").showModal();
}

function link(airing) {
  const made = element("a", "btn", icon("eye"), element("span", "", say("see-airing")));
  made.href = `/airings/${airing}`;
  return made;
}

function group({ villages: places, lines, reasons }, all) {
  const made = element("section", "turn-group");
  made.append(element("h3", "turn-places", villages(places, all)));
  const list = element("ul", "sounds");
  for (const line of lines) {
    const title = element("span", "sound-title", line.title);
    if (line.relay) title.append(element("span", "tag", say("relay")));
    list.append(element("li", line.whole ? "" : "not-whole", element("span", "sound-time", time(line.start).slice(0, 5)), title, element("span", "sound-long", minutes(line.length_ms))));
  }
  for (const reason of reasons) {
    const sounds = reason.sounds.length ? `${reason.sounds.join(", ")}: ` : "";
    list.append(element("li", `reason${isBroken(reason) ? " bad" : ""}`, icon(isBroken(reason) ? "x" : "clock"), element("span", "", sounds, reason.text[lang])));
  }
  made.append(list);
  return made;
}
