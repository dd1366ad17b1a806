// A bulletin's page: it follows the sound's preparing, and looks again when somebody decided.

import "./decide.js";

const page = document.getElementById("bulletin");
const LOOK_MS = 5_000;

if (page.dataset.preparing === "1") {
  const events = new EventSource(`/api/v1/bulletins/${page.dataset.id}/events`);
  events.addEventListener("bulletin", (event) => {
    const said = JSON.parse(event.data);
    document.querySelector("progress").value = said.progress;
    if (!said.preparing) location.reload();
  });
  events.onerror = () => events.readyState === EventSource.CLOSED && setTimeout(() => location.reload(), LOOK_MS);
} else if (page.dataset.state === "submitted") {
  setInterval(async () => {
    if (document.hidden) return;
    const answer = await fetch(`/api/v1/bulletins/${page.dataset.id}`).catch(() => null);
    if (answer?.ok && (await answer.json()).state !== page.dataset.state) location.reload();
  }, LOOK_MS);
}
