// The one screen: what is composed on the left becomes a ledger on the right. Each module owns one part of the page.

import { Compose } from "./compose.js";
import { Ledger } from "./ledger.js";
import { Recent } from "./recent.js";

const screen = document.getElementById("screen");
const ledger = new Ledger(screen);
const recent = new Recent(open);
ledger.onstage = () => recent.refresh();

if (document.getElementById("compose")) new Compose((airing) => open(airing, true));
if (screen.dataset.airing) ledger.open(screen.dataset.airing);

function open(airing, fresh = false) {
  if (location.pathname !== `/airings/${airing}`) history.pushState({ airing }, "", `/airings/${airing}`);
  ledger.open(airing, { scroll: true });
  recent.mark(airing);
  if (fresh) recent.refresh();
}

addEventListener("popstate", () => {
  const airing = location.pathname.startsWith("/airings/") ? location.pathname.slice("/airings/".length) : "";
  if (airing) ledger.open(airing);
  else ledger.close();
  recent.mark(airing);
});
