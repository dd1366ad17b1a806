// What a change would change, before anybody saves it: what is not heard first, then what is mended, then the times.

import { element, icon } from "./build.js";
import { date, dayName, villages } from "./calendar_words.js";
import { isBroken, refOf } from "./day_turns.js";
import { lang, say } from "./words.js";

const SHOWN = 8;
const day = new Intl.DateTimeFormat("sv-SE", { timeZone: "Asia/Ho_Chi_Minh", dateStyle: "short" });
const clock = new Intl.DateTimeFormat("vi-VN", { timeZone: "Asia/Ho_Chi_Minh", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

function when(moment) {
  const local = day.format(new Date(moment));
  return `${dayName(local)} ${date(local)}, ${clock.format(new Date(moment))}`;
}

// `isOwn(series)`: does it belong to the programme that is changed?
export function drawPreview(root, said, isOwn) {
  const broken = said.groups.some((group) => troubles(group).length);
  const verdict = element("p", `verdict ${broken ? "bad" : "good"}`, icon(broken ? "alert-triangle" : "checks"));
  const late = said.groups.some((group) => delays(group).length);
  const word = broken ? "preview-broken" : late ? "preview-late" : said.groups.length ? "preview-good" : "preview-same";
  verdict.append(element("span", "", say(word)));
  root.replaceChildren(verdict, ...said.groups.map((group) => drawGroup(group, said.villages, isOwn)));
  return broken;
}

// What was past when it was wished is not lost by it.
const fails = (reason) => Boolean(reason) && isBroken(reason) && reason.code !== "dropped.past";
const troubles = (group) => group.decisions.filter(({ after }) => fails(after));

// Turns that begin later than they did: each once.
function delays(group) {
  const turns = new Map();
  for (const { before, after } of group.decisions) {
    if (after?.code.startsWith("later") && !before?.code.startsWith("later") && !turns.has(refOf(after.wish).id)) turns.set(refOf(after.wish).id, after);
  }
  return [...turns.values()];
}

function drawGroup(group, all, isOwn) {
  const made = element("section", "preview-group", element("h3", "", villages(group.villages, all)));
  const list = element("ul", "changes");
  for (const { after } of troubles(group).slice(0, SHOWN)) list.append(row("x", "bad", `${after.title} (${when(after.turn ?? after.at)}): ${after.text[lang]}`));
  if (troubles(group).length > SHOWN) list.append(row("x", "bad", say("more", { number: troubles(group).length - SHOWN })));
  for (const after of delays(group).slice(0, SHOWN)) list.append(row("clock", "late", `${after.title} (${when(after.turn ?? after.at)}): ${after.text[lang]}`));
  for (const title of mended(group, isOwn)) list.append(row("check", "good", say("plays-whole", { title })));
  const [gone, come] = times(group, isOwn);
  for (const moment of gone.slice(0, SHOWN)) list.append(row("arrow-back-up", "gone", element("s", "", moment)));
  for (const moment of come.slice(0, SHOWN)) list.append(row("arrow-forward-up", "come", moment));
  const more = Math.max(gone.length, come.length) - SHOWN;
  if (more > 0) list.append(row("dots", "", say("more", { number: more })));
  made.append(list);
  return made;
}

function row(sign, name, ...what) {
  return element("li", name, icon(sign), element("span", "", ...what));
}

// Titles of which something was not heard before, and is now as a whole; the changed programme itself, too.
function mended(group, isOwn) {
  const still = new Set(troubles(group).map(({ after }) => after.title));
  const was = group.decisions.filter(({ before }) => fails(before)).map(({ before }) => before.title);
  const own = group.decisions.filter(({ after }) => after && !isBroken(after) && isOwn(refOf(after.wish).series)).map(({ after }) => after.title);
  const sounding = new Set(group.after.map((line) => line.programme ?? line.title));
  return [...new Set([...own, ...was])].filter((title) => !still.has(title) && sounding.has(title));
}

// When the changed programme's turns begin: those that are no more, and those that come.
function times(group, isOwn) {
  const [before, after] = [group.before, group.after].map((lines) => {
    const begins = new Map();
    for (const line of lines) {
      const { id, series } = refOf(line.wish);
      if (isOwn(series) && !begins.has(id)) begins.set(id, when(line.start));
    }
    return [...begins.values()];
  });
  return [before.filter((each) => !after.includes(each)), after.filter((each) => !before.includes(each))];
}
