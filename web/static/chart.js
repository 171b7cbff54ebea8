// Draws messages by the hour into every element with data-chart, an address of figures; the table
// beside it has the same for those who do not see it.
"use strict";
(() => {
  const EVERY_MS = 60_000;
  const HEIGHT = 190;
  const dark = matchMedia("(prefers-color-scheme: dark)");

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  const options = (width, zone, words) => {
    const axis = {
      stroke: colour("--soft"),
      grid: { stroke: colour("--line"), width: 1 },
      ticks: { show: false },
      font: "12px system-ui, sans-serif",
    };
    // One line each: the hour, and at midnight the day.
    const hours = (plot, ticks) =>
      ticks.map((tick) => {
        const at = uPlot.tzDate(new Date(tick * 1000), zone);
        return uPlot.fmtDate(at.getHours() ? "{HH}:{mm}" : "{D} {MMM}")(at);
      });
    const day = uPlot.fmtDate("{DD} {MMM} {HH}:{mm}");
    const series = (label, name, align) => ({
      label,
      value: (_, count) => count ?? "",
      stroke: colour(name),
      fill: colour(name),
      width: 0,
      points: { show: false },
      paths: uPlot.paths.bars({ size: [0.42, 14], align, radius: 0.15 }),
    });
    return {
      width,
      height: HEIGHT,
      tzDate: (at) => uPlot.tzDate(new Date(at * 1000), zone),
      cursor: { y: false, drag: { x: false, y: false } },
      scales: {
        // Half an hour more on both sides: bars stand to the left and the right of their hour.
        x: { range: (_, low, high) => [low - 1800, high + 1800] },
        y: { range: (_, low, high) => [0, Math.max(4, Math.ceil(high * 1.1))] },
      },
      axes: [
        { ...axis, grid: { show: false }, values: hours },
        { ...axis, size: 40, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000] },
      ],
      series: [
        { label: words.hour, value: (plot, at) => (at ? day(uPlot.tzDate(new Date(at * 1000), zone)) : "") },
        series(words.inbound, "--accent", -1),
        series(words.outbound, "--edge", 1),
      ],
    };
  };

  const chart = async (place) => {
    const { chart: address, zone, ...words } = place.dataset;
    let plot = null;
    let data = null;

    const draw = () => {
      plot?.destroy();
      plot = data && new uPlot(options(place.clientWidth, zone, words), data, place);
    };

    const load = async () => {
      if (document.hidden) return;
      const answer = await fetch(address, { headers: { Accept: "application/json" } });
      if (!answer.ok) return;
      const { hours } = await answer.json();
      data = [
        hours.map((hour) => Date.parse(hour.at) / 1000),
        hours.map((hour) => hour.inbound),
        hours.map((hour) => hour.outbound),
      ];
      if (plot) plot.setData(data);
      else draw();
    };

    new ResizeObserver(() => plot?.setSize({ width: place.clientWidth, height: HEIGHT })).observe(place);
    dark.addEventListener("change", draw);
    const repeat = () => load().catch(() => {});
    setInterval(repeat, EVERY_MS);
    await repeat();
  };

  for (const place of document.querySelectorAll("[data-chart]")) chart(place);
})();
