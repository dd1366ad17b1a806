// Sends a link by whatever the phone has (Zalo, messages); on a desk it is copied.

const link = document.getElementById("link").textContent;
const share = document.getElementById("share");

share.hidden = !(navigator.share || navigator.clipboard);
share.addEventListener("click", async () => {
  try {
    if (navigator.share) await navigator.share({ url: link });
    else await navigator.clipboard.writeText(link);
  } catch {
    return; // they changed their mind; the link can still be read and scanned
  }
  share.lastElementChild.textContent = share.dataset.copied;
});
