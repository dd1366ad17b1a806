// An airing's page.

import { Ledger } from "./ledger.js";

const screen = document.getElementById("screen");
new Ledger(screen).open(screen.dataset.airing);
