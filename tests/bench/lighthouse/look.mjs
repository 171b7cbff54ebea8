// Looks at one page after the other with Lighthouse, in the Chromium that listens on a port.
//
//   node look.mjs '{"port": 1234, "pages": [{"url", "headers", "form": "desktop" or "mobile"}]}'
//
// Prints a line for each: {"scores": {category: 0..100}, "faults": [audits that cost most]}.

import lighthouse, { desktopConfig } from "lighthouse";

const CATEGORIES = ["performance", "accessibility", "best-practices"];
const { port, pages } = JSON.parse(process.argv[2]);

for (const { url, headers, form } of pages) {
  const flags = { port, output: "json", logLevel: "silent", onlyCategories: CATEGORIES, extraHeaders: headers };
  const { lhr } = await lighthouse(url, flags, form === "desktop" ? desktopConfig : undefined);
  if (lhr.runtimeError) throw new Error(`${url}: ${lhr.runtimeError.message}`);
  const scores = Object.fromEntries(CATEGORIES.map((id) => [id, Math.round(100 * lhr.categories[id].score)]));
  const faults = CATEGORIES.flatMap((id) => lhr.categories[id].auditRefs)
    .filter(({ id, weight }) => weight > 0 && (lhr.audits[id].score ?? 1) < 0.9)
    .map(({ id }) => `${id} ${lhr.audits[id].displayValue ?? ""}`.trim());
  console.log(JSON.stringify({ scores, faults }));
}
