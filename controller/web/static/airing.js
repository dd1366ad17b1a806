// An airing's page: its ledger, who missed it and why, the sheet for the printer.

import { Ledger } from "./ledger.js";
import { Missed } from "./missed.js";
import { Paper } from "./paper.js";

const screen = document.getElementById("screen");
const ledger = new Ledger(screen);
const missed = new Missed(screen);
const paper = new Paper();
ledger.ondraw = (airing) => {
  missed.draw(airing, ledger);
  paper.draw(airing, ledger);
};
ledger.open(screen.dataset.airing);
