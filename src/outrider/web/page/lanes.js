// The lanes: every call as a bar in time, the figure of the paper (arXiv 2410.00079, figure 1) as it happens.

import { usePresent } from "./clock.js";
import { html, memo, useEffect, useRef, useState } from "./html.js";
import { seconds } from "./words.js";

const ROW = 18;
const BAR = 13;
const GAP = 26;
const AXIS = 22;
const LANES = [
  ["approximation", "Drafts"],
  ["target", "Target"],
  ["tools", "Tools"],
  ["person", "You"],
];
const STEPS_S = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400];

export function LanesSection({ scene, heard, runs, shown, show }) {
  const [table, setTable] = useState(false);
  return html`
    <section class="lanes" aria-labelledby="lanes-title">
      <div class="lanes-head">
        <h2 id="lanes-title">Lanes</h2>
        <button type="button" class="link" aria-expanded=${shown} aria-keyshortcuts="l" onClick=${() => show(!shown)}>
          ${shown ? "Hide" : "Show"}<span class="unseen"> the lanes</span><kbd aria-hidden="true">l</kbd>
        </button>
        ${shown && html`<button type="button" class="link" aria-pressed=${table} onClick=${() => setTable(!table)}>As a table</button>`}
      </div>
      ${shown && (table ? html`<${Table} bars=${scene.bars} />` : html`<${Figure} scene=${scene} heard=${heard} runs=${runs} />`)}
    </section>
  `;
}

/** The width that there is for drawing, in pixels. */
function useWidth() {
  const place = useRef(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry.contentRect.width)));
    observer.observe(place.current);
    return () => observer.disconnect();
  }, []);
  return [place, width];
}

/** Where each lane begins, and how many rows it has. */
function places(bars) {
  const rows = { approximation: 1, target: 1, tools: 0, person: 1 };
  for (const { lane, row } of bars) rows[lane] = Math.max(rows[lane], row + 1);
  let top = AXIS;
  return LANES.filter(([lane]) => rows[lane] > 0).map(([lane, name]) => {
    const place = { lane, name, top: top + GAP - 6, rows: rows[lane] };
    top += GAP + rows[lane] * ROW;
    return place;
  });
}

/** The time that the axis shows: a round one, so that it does not creep. */
function span(now_s) {
  const tick_s = STEPS_S.find((step) => now_s <= 6 * step) ?? STEPS_S.at(-1);
  return { tick_s, whole_s: Math.max(tick_s, Math.ceil(now_s / tick_s) * tick_s) };
}

function Figure({ scene, heard, runs }) {
  const [place, width] = useWidth();
  const present_s = usePresent({ now_s: scene.now_s, heard, runs });
  const { tick_s, whole_s } = span(present_s);
  const lanes = places(scene.bars);
  const height = lanes.at(-1).top + lanes.at(-1).rows * ROW + 4;
  const x = (value_s) => (value_s / whole_s) * width;
  const bar = (each) => {
    const ended_s = each.ended_s ?? present_s;
    const top = lanes.find(({ lane }) => lane === each.lane).top + each.row * ROW;
    const wide = Math.max(2, x(ended_s - each.started_s));
    return html`<${Bar} key=${`${each.lane} ${each.call ?? each.execution ?? each.started_s}`} bar=${each} x=${x(each.started_s)} y=${top} width=${wide} />`;
  };
  return html`
    <div class="figure" ref=${place}>
      ${width > 0 &&
      html`
        <svg width=${width} height=${height} viewBox=${`0 0 ${width} ${height}`} role="img" aria-labelledby="figure-title figure-about">
          <title id="figure-title">Lanes of the run</title>
          <desc id="figure-about">${told(scene.bars)}</desc>
          <defs>
            <pattern id="hatch" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
              <rect width="5" height="5" class="hatch-ground" /><line x1="0" y1="0" x2="0" y2="5" class="hatch-line" />
            </pattern>
          </defs>
          <${Axis} tick_s=${tick_s} whole_s=${whole_s} width=${width} height=${height} />
          ${lanes.map(({ name, top }) => html`<text x="0" y=${top - 5} class="lane-name">${name}</text>`)} ${scene.bars.map(bar)}
          ${runs && html`<line x1=${x(present_s)} x2=${x(present_s)} y1=${AXIS - 4} y2=${height} class="now" />`}
        </svg>
      `}
      <ul class="legend" aria-hidden="true">
        <li><span class="swatch used"></span>used</li>
        <li><span class="swatch wasted"></span>${scene.finished ? "wasted" : "not used so far"}</li>
        <li><span class="swatch cancelled"></span>${scene.executes ? "cancelled, withdrawn" : "cancelled"}</li>
        <li><span class="swatch failed"></span>${scene.executes ? "failed, lost" : "failed"}</li>
      </ul>
    </div>
  `;
}

const Bar = memo(({ bar, x, y, width }) => html`
  <g class=${`bar ${bar.lane} ${bar.end}`}>
    <rect x=${x} y=${y} width=${width} height=${BAR} rx="3" /><title>${tip({ ...bar, label: named(bar) })}</title>
  </g>
`);

const Axis = memo(({ tick_s, whole_s, width, height }) => {
  const ticks = Array.from({ length: Math.round(whole_s / tick_s) + 1 }, (_, number) => number * tick_s);
  const anchor = (number) => (number === 0 ? "start" : number === ticks.length - 1 ? "end" : "middle");
  return html`
    <g class="axis">
      ${ticks.map((tick, number) => {
        const x = Math.min(width - 0.5, Math.max(0.5, (tick / whole_s) * width));
        return html`
          <line x1=${x} x2=${x} y1=${AXIS - 4} y2=${height} />
          <text x=${x} y=${AXIS - 9} text-anchor=${anchor(number)}>${Number(tick.toFixed(1))}${number === ticks.length - 1 ? " s" : ""}</text>
        `;
      })}
    </g>
  `;
});

/** What a call named, once it is part of the plan: what is not verified, or was discarded, is shown nowhere. */
const named = ({ end, label }) => (end === "used" ? label : "");

/** What a run of a tool was for, and what running it early has saved. */
const WAYS = { early: "tried early", rehearsal: "rehearsed on a copy", undo: "taken back" };
const how = ({ end, way, early_s }) => [end, WAYS[way], early_s > 0 && `${seconds(early_s)} saved`].filter(Boolean).join(", ");

const tip = ({ at, started_s, ended_s, label, ...bar }) =>
  `Step ${at}${label ? `: ${label}` : ""} · ${how(bar)} · ${seconds(started_s)} to ${ended_s === null ? "now" : seconds(ended_s)}`;

function told(bars) {
  const counts = LANES.map(([lane, name]) => [lane, name, bars.filter((bar) => bar.lane === lane).length]);
  const parts = counts.filter(([lane, , number]) => lane !== "tools" || number > 0).map(([, name, number]) => `${name}: ${number}`);
  return `Bars in time, in ${parts.length === 3 ? "three" : "four"} lanes. ${parts.join(", ")}. The button "As a table" says them in words.`;
}

const Table = ({ bars }) => html`
  <div class="table" tabindex="0" role="region" aria-label="Lanes as a table">
    <table>
      <thead><tr><th scope="col">Lane</th><th scope="col">Step</th><th scope="col">Named</th><th scope="col">From</th><th scope="col">To</th><th scope="col">End</th></tr></thead>
      <tbody>
        ${bars.map(
          ({ lane, at, started_s, ended_s, end, label, way, early_s }) => html`
            <tr>
              <td>${LANES.find(([key]) => key === lane)[1]}</td><td>${at}</td><td>${named({ end, label })}</td>
              <td>${seconds(started_s)}</td><td>${ended_s === null ? "" : seconds(ended_s)}</td><td>${how({ end, way, early_s })}</td>
            </tr>
          `,
        )}
      </tbody>
    </table>
  </div>
`;
