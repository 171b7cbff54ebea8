// Puts the next page of a list into its table when the link to it comes into view. Without this
// script, and after a failure, the link leads there.
"use strict";
(() => {
  const said = document.getElementById("log-said");

  const load = async (link) => {
    const answer = await fetch(link.href, { headers: { Accept: "text/html" } });
    if (!answer.ok || answer.redirected) throw new Error(`status ${answer.status}`);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const rows = page.querySelectorAll(`#${link.dataset.more} > tbody > tr`);
    const into = document.querySelector(`#${link.dataset.more} > tbody`);
    for (const row of rows) into.append(document.importNode(row, true));
    said.textContent = "";
    said.textContent = link.dataset.said;
    const next = page.querySelector("a[data-more]");
    if (next) link.href = next.href;
    else link.parentElement.remove();
    return next !== null;
  };

  const follow = (link) => {
    let busy = false;
    const seen = new IntersectionObserver(
      async ([entry]) => {
        if (!entry.isIntersecting || busy) return;
        busy = true;
        try {
          // Observed anew, the link is reported again if it is still in view.
          seen.unobserve(link);
          if (await load(link)) seen.observe(link);
        } catch {
          // The link still leads on.
        } finally {
          busy = false;
        }
      },
      { rootMargin: "400px" },
    );
    seen.observe(link);
  };

  for (const link of document.querySelectorAll("a[data-more]")) follow(link);
})();
