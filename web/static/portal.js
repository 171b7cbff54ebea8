// On the page that links a phone: asks for a code by itself, the one that suits the screen, greys
// out one that is over and asks for the next, as long as somebody looks at it.
"use strict";
(() => {
  const ROUNDS = 10;
  const TICK_MS = 1000;
  const REST_MS = 5000;
  const part = document.getElementById("live-link");
  const asking = document.getElementById("asking");
  // The code to type where the page and WhatsApp share a phone, the one to scan elsewhere.
  let way = matchMedia("(max-width: 48rem)").matches ? "code" : "qr";
  let rounds = 0;
  let busy = false;
  // A phone's clock may be wrong; how far it is ahead of the server's.
  const ahead = Date.now() - Date.parse(document.getElementById("main").dataset.now);

  const ask = async (form) => {
    busy = true;
    part.hidden = true;
    asking.hidden = false;
    try {
      const answer = await fetch(form.action, {
        method: "POST",
        body: new URLSearchParams(new FormData(form)),
        headers: { Accept: "text/html" },
      });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.getElementById("live-link");
      if (!fresh) {
        location.assign(answer.url);
        return;
      }
      part.replaceChildren(...document.importNode(fresh, true).childNodes);
      if (!answer.ok) await new Promise((done) => setTimeout(done, REST_MS));
    } catch {
      await new Promise((done) => setTimeout(done, REST_MS));
    }
    asking.hidden = true;
    part.hidden = false;
    busy = false;
  };

  const look = () => {
    const link = part.querySelector(".link");
    if (busy || document.hidden || !link) return;
    const ends = Date.parse(link.dataset.expires) + ahead;
    const isOver = link.dataset.way === "over" || Date.now() >= ends;
    link.querySelector(".pairing:not(.waiting)")?.classList.toggle("over", isOver);
    // A code to scan is followed by the next of its round.
    const scans = link.dataset.way === "qr";
    // The round of them that begins with the approval is of no use on the phone itself.
    const isMisplaced = scans && way === "code" && rounds === 0;
    const isDue = link.dataset.way === "rest" || (isOver && !scans) || isMisplaced;
    const form = link.querySelector(`form[data-ask="${way}"]`) || link.querySelector("form[data-ask]");
    if (isDue && "mayStart" in link.dataset && form && rounds < ROUNDS) {
      rounds += 1;
      ask(form);
    }
  };

  part.addEventListener("submit", (event) => {
    const form = event.target.closest("form[data-ask]");
    if (!form || busy) return;
    event.preventDefault();
    way = form.dataset.ask;
    rounds = 0;
    ask(form);
  });

  look();
  setInterval(look, TICK_MS);
})();
