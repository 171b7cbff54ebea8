// Keeps the parts marked data-live current by fetching the same page again, so that there is one
// template for the first view and for every later one. The server tells when (data-live-events);
// while it cannot be heard, the page asks by itself every few seconds.
"use strict";
(() => {
  const main = document.getElementById("main");
  const note = document.getElementById("live-note");
  const { liveUrl, liveEvents = "/admin/events", livePoll = "3", liveNote } = main.dataset;
  const POLL_MS = 1000 * livePoll;
  // What no event tells of, such as a heartbeat's age, is looked at this often.
  const HEARD_MS = 30_000;
  const LISTEN_AGAIN_MS = 30_000;
  const served = new Map();
  let events = null;
  let heard = false;
  let timer = 0;
  let running = false;
  let again = false;

  // Made once: making one takes longer than all that it formats on a page.
  const short = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short" });
  const long = new Intl.DateTimeFormat("en-GB", { dateStyle: "full", timeStyle: "long" });
  const localTimes = (root) => {
    for (const time of root.querySelectorAll("time[datetime]")) {
      const at = new Date(time.dateTime);
      if (time.dataset.ago === undefined) time.textContent = short.format(at);
      time.title = long.format(at);
    }
  };

  // Seconds to a moment, and a mark once it has passed.
  const countDown = () => {
    for (const part of main.querySelectorAll("[data-until]")) {
      const left = Math.ceil((new Date(part.dataset.until) - Date.now()) / 1000);
      part.classList.toggle("over", left <= 0);
      const shown = part.querySelector("[data-count]");
      if (shown) shown.textContent = Math.max(0, left);
    }
  };

  const isChanged = (field) => {
    if (field.type === "checkbox" || field.type === "radio") {
      return field.checked !== field.defaultChecked;
    }
    if (field.tagName !== "SELECT") return field.value !== field.defaultValue;
    const first = [...field.options].findIndex((option) => option.defaultSelected);
    return field.selectedIndex !== Math.max(0, first);
  };

  // What a person is using stays until they are done with it.
  const isInUse = (part) =>
    part.contains(document.activeElement) ||
    part.querySelector("details[open]") !== null ||
    [...part.querySelectorAll("input:not([type=hidden]), select, textarea")].some(isChanged) ||
    (!getSelection().isCollapsed && getSelection().containsNode(part, true));

  // The token of forms is written otherwise in every answer.
  const looks = (part) => part.innerHTML.replace(/(name="csrf_token" value=")[^"]*/g, "$1");

  const refresh = (part, page) => {
    const fresh = page.getElementById(part.id);
    if (!fresh || looks(fresh) === served.get(part.id)) return;
    if (isInUse(part)) {
      // Of a list somebody is at, the parts within its rows.
      for (const inner of part.querySelectorAll("[data-live]")) refresh(inner, page);
      return;
    }
    served.set(part.id, looks(fresh));
    part.replaceChildren(...document.importNode(fresh, true).childNodes);
    remember(part);
    localTimes(part);
  };

  const remember = (root) => {
    for (const part of root.querySelectorAll("[data-live]")) served.set(part.id, looks(part));
  };

  const outermost = () =>
    [...main.querySelectorAll("[data-live]")].filter(
      (part) => !part.parentElement.closest("[data-live]"),
    );

  const update = async () => {
    const query = liveUrl === location.pathname ? location.search : "";
    const answer = await fetch(liveUrl + query, {
      headers: { Accept: "text/html" },
      cache: "no-store",
    });
    if (answer.redirected || answer.status === 401 || answer.status === 404) {
      location.assign(liveUrl + query);
      return;
    }
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of outermost()) refresh(part, page);
    countDown();
  };

  const tell = (text) => {
    if (note.textContent !== text) note.textContent = text;
  };

  // One at a time; what comes meanwhile is done once after it.
  const look = async () => {
    if (document.hidden) return;
    again = running;
    if (running) return;
    running = true;
    clearTimeout(timer);
    try {
      await update();
      tell("");
    } catch {
      tell(liveNote || "flowhqd does not answer; what you see may be old.");
    }
    running = false;
    if (again) {
      again = false;
      look();
    } else {
      timer = setTimeout(look, heard ? HEARD_MS : POLL_MS);
    }
  };

  const listen = () => {
    if (events || document.hidden) return;
    const source = new EventSource(liveEvents);
    events = source;
    source.onopen = () => {
      heard = true;
      // Something may have happened since the page was made.
      look();
    };
    source.addEventListener("change", look);
    source.onerror = () => {
      if (heard) {
        heard = false;
        look();
      }
      // Refused; the browser does not try again by itself.
      if (source.readyState === EventSource.CLOSED && events === source) {
        events = null;
        setTimeout(listen, LISTEN_AGAIN_MS);
      }
    };
  };

  // A browser has few connections to a host: pages nobody looks at hold none.
  const deaf = () => {
    events?.close();
    events = null;
    heard = false;
    clearTimeout(timer);
  };

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      deaf();
    } else {
      listen();
      look();
    }
  });
  addEventListener("pagehide", deaf);
  addEventListener("pageshow", (event) => event.persisted && listen());

  remember(main);
  localTimes(main);
  countDown();
  setInterval(countDown, 1000);
  timer = setTimeout(look, POLL_MS);
  listen();
})();
