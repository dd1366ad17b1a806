// A day as the server tells it (villages that sound alike, their sounds and reasons) -> the turns to draw. Pure.

const BROKEN = new Set(["cut", "part", "moved", "dropped", "cancelled"]);

const COUNTED = new Set(["cut", "part", "moved", "dropped"]); // as the month counts: what nobody stopped, and was not past when it was wished

export const isBroken = (reason) => BROKEN.has(reason.code.split(".")[0]);

const isCounted = ({ code }) => COUNTED.has(code.split(".")[0]) && code !== "dropped.past";

// "p7/2026-11-24/1020#0": the turn of the programme p7 that by its rule begins at minute 1020 of that day.
export function refOf(wish) {
  const id = wish.split("#")[0];
  const [series, day, minute] = id.split("/");
  return { id, series, day: day ?? null, turn: minute === undefined ? null : Number(minute) };
}

// Turns in time's order: {id, series, day, turn, title, start, end, whole, lines, variants, heard, all, troubles, elsewhere...}; minutes. `elsewhere`: in how
// many villages, besides those drawn, it is not heard as a whole; `isShort`: in any.
export function turnsOf(day) {
  const midnight = Date.parse(day.from);
  const minute = (moment) => (Date.parse(moment) - midnight) / 60_000;
  const all = day.groups.reduce((sum, group) => sum + group.villages.length, 0);
  const turns = new Map();
  for (const group of day.groups) {
    for (const [id, part] of partsOf(group)) {
      const turn = turns.get(id) ?? { ...refOf(id), all, heard: 0, variants: [] };
      turns.set(id, turn);
      turn.variants.push({ villages: group.villages, ...part });
      if (part.lines.length) turn.heard += group.villages.length;
    }
  }
  return [...turns.values()].map((turn) => placed(turn, minute)).sort((one, other) => one.start - other.start);
}

function partsOf({ lines, reasons }) {
  const parts = new Map();
  const part = (wish) => {
    const { id } = refOf(wish);
    if (!parts.has(id)) parts.set(id, { lines: [], reasons: [] });
    return parts.get(id);
  };
  for (const line of lines) part(line.wish).lines.push(line);
  for (const reason of reasons) if (!reason.code.startsWith("waits")) part(reason.wish).reasons.push(reason);
  return parts;
}

// Drawn as most villages hear it; if none does, as it was wished.
function placed(turn, minute) {
  const shown = turn.variants.find((each) => each.lines.length) ?? turn.variants[0];
  const { lines, reasons } = shown;
  const said = lines[0];
  const told = reasons[0];
  const start = said ? Math.min(...lines.map((line) => minute(line.start))) : minute(told.turn ?? told.at);
  const end = said ? Math.max(...lines.map((line) => minute(line.start) + line.length_ms / 60_000)) : start;
  const why = new Map(reasons.map((reason) => [reason.wish, reason]));
  const wished = [...why.values()].reduce((sum, reason) => sum + reason.wished_ms, 0)
    + lines.filter((line) => !why.has(line.wish)).reduce((sum, line) => sum + line.length_ms, 0);
  const planned = told?.turn ? minute(told.turn) : start;
  const broken = reasons.filter(isBroken);
  const short = turn.variants.filter((each) => each.reasons.some(isCounted));
  return {
    ...turn, start, end, lines, planned,
    title: said ? said.programme ?? said.title : told.title,
    klass: said?.class ?? "normal",
    owner: said?.owner ?? "",
    airing: lines.find((line) => line.airing)?.airing ?? null,
    isProgramme: turn.day !== null,
    isGhost: !said,
    troubles: broken,
    elsewhere: short.filter((each) => each !== shown).reduce((sum, each) => sum + each.villages.length, 0),
    isShort: short.length > 0,
    isLate: Boolean(said) && reasons.some((reason) => reason.code.startsWith("later")) && start - planned >= 1,
    whole: broken.length ? Math.max(end, planned + wished / 60_000, start + (said ? 0 : 8)) : end,
  };
}
