// One tick for all tenants of the page.
"use strict";
(() => {
  const all = document.querySelector("[data-all]");
  if (!all) return;
  const ticks = () => [...document.querySelectorAll("[name=tenant]")];
  all.closest("[hidden]").hidden = false;
  all.addEventListener("change", () => {
    for (const tick of ticks()) tick.checked = all.checked;
  });
  document.addEventListener("change", (event) => {
    if (event.target.name !== "tenant") return;
    const ticked = ticks().filter((tick) => tick.checked).length;
    all.checked = ticked > 0 && ticked === ticks().length;
    all.indeterminate = ticked > 0 && !all.checked;
  });
})();
