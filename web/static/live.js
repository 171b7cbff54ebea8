// Keeps the parts marked data-live current by fetching the same page again, so that there is one
// template for the first view and for every later one.
"use strict";
(() => {
  const INTERVAL_MS = 3000;
  const main = document.getElementById("main");
  const address = main.dataset.liveUrl;
  const served = new Map();

  const localTimes = (root) => {
    for (const time of root.querySelectorAll("time[datetime]")) {
      const at = new Date(time.dateTime);
      time.title = time.textContent;
      time.textContent = at.toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "medium" });
    }
  };

  // What a person is using stays until they are done with it.
  const inUse = (part) =>
    part.contains(document.activeElement) || part.querySelector("details[open]") !== null;

  const update = async () => {
    if (document.hidden) return;
    const answer = await fetch(address + (address === location.pathname ? location.search : ""), {
      headers: { Accept: "text/html" },
      cache: "no-store",
    });
    if (answer.redirected || answer.status === 401 || answer.status === 404) {
      location.assign(address);
      return;
    }
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of main.querySelectorAll("[data-live]")) {
      const fresh = page.getElementById(part.id);
      if (!fresh || fresh.innerHTML === served.get(part.id) || inUse(part)) continue;
      served.set(part.id, fresh.innerHTML);
      part.replaceChildren(...document.adoptNode(fresh).childNodes);
      localTimes(part);
    }
  };

  const repeat = async () => {
    try {
      await update();
      main.classList.remove("outdated");
    } catch {
      main.classList.add("outdated");
    }
    setTimeout(repeat, INTERVAL_MS);
  };

  for (const part of main.querySelectorAll("[data-live]")) served.set(part.id, part.innerHTML);
  localTimes(main);
  setTimeout(repeat, INTERVAL_MS);
})();
