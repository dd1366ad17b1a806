// Takes an invitation: the token is behind the # of the address, so that no server's log and no other page ever sees it.

import { lang, say } from "./words.js";

const form = document.getElementById("invite");
const password = document.getElementById("new");
const problem = document.getElementById("problem");
const take = document.getElementById("take");

document.getElementById("show").addEventListener("change", (event) => {
  password.type = event.target.checked ? "text" : "password";
});

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  take.disabled = true;
  problem.hidden = true;
  const told = await accept(location.hash.slice(1), password.value);
  if (told === null) {
    history.replaceState(null, "", "/invite"); // the back button finds no token
    location.assign("/");
    return;
  }
  problem.textContent = told;
  problem.hidden = false;
  problem.focus();
  take.disabled = false;
});

async function accept(token, chosen) {
  try {
    const answer = await fetch("/api/v1/invitation", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ token, password: chosen }),
    });
    return answer.ok ? null : (await answer.json())[`message_${lang}`];
  } catch {
    return say("no-link");
  }
}
