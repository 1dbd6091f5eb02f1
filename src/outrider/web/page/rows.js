// The plan: confirmed steps, and after them one row at most, being verified or the person's to take.

import { usePresent } from "./clock.js";
import { html, memo, useState } from "./html.js";
import { icon } from "./icons.js";
import { cut, Long } from "./long.js";
import { running, seconds, usually } from "./words.js";

/** The row after the confirmed ones, or null when the plan has ended. */
export function openRow(scene) {
  if (scene.outcome) return null;
  if (scene.undoing) return { kind: "undoing", at: scene.undoing.at, text: scene.undoing.text };
  if (scene.taken) return { kind: "taken", at: scene.next_at, text: scene.taken.text };
  if (scene.waiting) return { kind: "waiting", at: scene.next_at, text: scene.waiting.text };
  if (scene.verifying) return { kind: "verifying", ...scene.verifying };
  return { kind: "yours", at: scene.next_at, text: "Yours to take" };
}

/** The open row of a session that nobody runs: there is nothing to take. */
const unknown = (row) => (row?.kind === "yours" ? { ...row, text: "The next step" } : row);

/** The number of the step that has to be executed before the next one can count, or null. */
function awaitedStep({ confirmed }) {
  const last = confirmed.at(-1);
  return last?.executes && last.observation === null ? last.at : null;
}

/** Every row. A draft's row is the row of the step that it becomes: it keeps its place, and its state changes. */
export function Rows({ scene, heard, live, runs, here, goBack }) {
  const { held, limit, now_s, window, undoing } = scene;
  const open = here ? openRow(scene) : unknown(openRow(scene));
  const awaited = awaitedStep(scene);
  const confirmed = (step) => {
    const time = step.runs_s === null ? {} : { now_s, heard, runs }; // else nothing of the row moves with the time
    const asked = scene.asked?.at === step.at;
    return html`<${StepRow} key=${step.at} ...${{ step, live, goBack, asked, ...time }} />`;
  };
  const rows = scene.confirmed.flatMap((step) => [...wentOn(scene, step.at), confirmed(step)]);
  rows.push(...wentOn(scene, scene.confirmed.length));
  if (open) rows.push(html`<${StepRow} key=${open.at} ...${{ open, held, limit, now_s, window, undoing, awaited, heard, runs, here }} />`);
  return html`<ol class="rows" role="list" aria-label="Plan">${rows}</ol>`;
}

/** Where another process went on with the session, when ``at`` was the next step. */
const wentOn = ({ interruptions }, at) =>
  interruptions.filter((each) => each.at === at).map(({ since_s, text }) => html`<li key=${`on ${since_s}`} class="went-on">${text}</li>`);

// One component for every state, so that a row that changes its state stays the row it is.
const StepRow = memo((given) => (given.step ? confirmedRow(given) : unconfirmedRow(given)));

const KINDS = {
  confirmed: "Confirmed",
  person: "Taken by you",
  verifying: "Being verified",
  yours: "To be taken",
  waiting: "Waiting for you",
  taken: "Taken by you, not yet part of the plan",
  undoing: "Being taken back",
};

/** Of what is confirmed the beginning says which step it is; who accepts a draft is to have seen it. */
const MOST = { confirmed: 600, person: 600 };
const MOST_UNCONFIRMED = 4000;
const MOST_BESIDE = 200;
const MOST_THOUGHT = 2000;
const MOST_OBSERVED = 4000;
const SHORT = 60;
const MOST_IN_LINE = 300;

const Row = ({ kind, at, text, note, beside, fresh, most = MOST[kind] ?? MOST_UNCONFIRMED }) => html`
  <li class=${`row ${kind}${fresh ? " fresh" : ""}`} data-at=${at} data-kind=${kind}>
    <span class="mark">${icon(kind)}</span>
    <div class="body">
      <p class="what"><span class="unseen">${KINDS[kind]}: step </span><span class="number">${at}</span> <span class="step" key=${text}><${Long} text=${text} most=${most} /></span></p>
      <div class="note">${note}</div>
    </div>
    ${beside}
  </li>
`;

// Confirmed ------------------------------------------------------------------------------------------------------------

function confirmedRow({ step, live, goBack, asked, ...time }) {
  const back = html`
    <button class="quiet back" type="button" disabled=${!live} title="Go back to here" onClick=${() => goBack(step)}>
      ${icon("back")}<span class="unseen">Go back to step ${step.at}: ${cut(step.text, MOST_BESIDE)}</span>
    </button>
  `;
  return html`
    <${Row}
      kind=${step.by === "person" && !step.earlier ? "person" : "confirmed"}
      at=${step.at}
      text=${step.text}
      note=${html`<${ConfirmedNote} step=${step} /><${Execution} ...${{ step, asked, ...time }} />`}
      beside=${goBack && back}
      fresh=${step.replaced !== null}
    />
  `;
}

function ConfirmedNote({ step }) {
  const [open, setOpen] = useState(false);
  const why = html`
    · <button class="link" type="button" aria-expanded=${open} onClick=${() => setOpen(!open)}>the target's thought</button>
    ${open && html`<q class="thought"><${Long} text=${step.thought} most=${MOST_THOUGHT} /></q>`}
  `;
  return html`${said(step)} · ${seconds(step.since_s)} ${step.early && `· ${step.early}`} ${step.thought && why}`;
}

/** What has come of executing the step: one line of it, and all for whoever asks; or that its tool runs. */
function Execution({ step, asked, now_s, heard, runs }) {
  if (step.observation !== null) return html`<${Observation} step=${step} />`;
  if (asked) return html`<p class="executed">waits for your word</p>`;
  if (step.runs_s === null || now_s === undefined) return null;
  return html`<p class="executed"><${Running} ...${{ since_s: step.runs_s, now_s, heard, runs }} /></p>`;
}

function Running({ since_s, now_s, heard, runs }) {
  const present_s = usePresent({ now_s, heard, runs });
  return html`<span class="running">running, ${running(present_s - since_s)}</span>`;
}

function Observation({ step }) {
  const [open, setOpen] = useState(false);
  const text = step.observation;
  const whole = !text.includes("\n") && text.length <= SHORT;
  const more = html`
    <button class="link" type="button" aria-expanded=${open} onClick=${() => setOpen(!open)}>
      ${open ? "less" : "all"}<span class="unseen"> of what step ${step.at} returned</span>
    </button>
  `;
  return html`
    <p class=${whole ? "executed" : "executed cut"}>
      <span class="said"><span aria-hidden="true">→ </span><span class="unseen">Returned: </span>${open ? "" : cut(text.replace(/\s+/g, " "), MOST_IN_LINE) || "(nothing)"}</span>
      ${!whole && more} ${step.settled && html`<span class="whose">· in your words</span>`}
    </p>
    ${open && html`<pre class="observation" tabindex="0" role="region" aria-label=${`What step ${step.at} returned`}><${Long} text=${text} most=${MOST_OBSERVED} /></pre>`}
  `;
}

/** How a step came about. For one that the person took, that nobody verified it, and what that saved. */
function said(step) {
  if (step.by !== "person" || step.earlier) return cut(step.how, MOST_BESIDE);
  return `taken by you, not verified${step.saved ? `; ${step.saved}` : ""}`;
}

// Not confirmed --------------------------------------------------------------------------------------------------------

const NOTES = { paused: "paused; the target's answer will wait for you", back: "open again" };
const WAITING = {
  paused: "the target's answer; it counts when you go on",
  back: "the step that stood here; go on to keep it, or take another",
};

function unconfirmedRow(given) {
  const { at, kind, text } = given.open;
  if (kind === "undoing") {
    const time = { since_s: given.undoing.since_s, now_s: given.now_s, heard: given.heard, runs: given.runs };
    return html`<${Row} kind=${kind} at=${at} text=${text} note=${html`its effect is being taken back; <${Running} ...${time} />`} />`;
  }
  if (given.awaited !== null && !given.limit && kind !== "waiting") {
    const what = { taken: "yours; it counts", verifying: "drafted; it is verified" }[kind] ?? "it comes";
    return html`<${Row} kind=${kind} at=${at} text=${text} note=${`${what} once step ${given.awaited} has been executed`} />`;
  }
  const note = given.limit || ((kind === "waiting" ? WAITING : NOTES)[given.held] ?? html`<${Window} ...${given} />`);
  return html`<${Row} kind=${kind} at=${at} text=${text} note=${note} />`;
}

/** The interrupt window as it runs. */
function Window({ open, window, now_s, heard, runs, here }) {
  const present_s = usePresent({ now_s, heard, runs });
  const { asked_s, usual_s } = window;
  if (!here) return open.kind === "verifying" ? "not verified so far" : "not known so far";
  const since_s = asked_s ?? open.since_s;
  if (since_s === undefined) return "the target's call waits for its turn";
  const past_s = present_s - since_s;
  const doing = open.kind === "verifying" ? "verifying" : "the target is at work";
  return html`
    <span class="running">${doing}, ${running(past_s)}</span>${usual_s && html`; ${usually(usual_s)}`}
    ${usual_s && html`<${Progress} past_s=${past_s} usual_s=${usual_s} />`}
  `;
}

/** A line that fills as the window runs; the part where the target's answers usually come is marked on it. */
function Progress({ past_s, usual_s: [low, high] }) {
  const whole = high * 1.25 || 1;
  const share = (value) => `${Math.min(100, (100 * Math.max(0, value)) / whole)}%`;
  return html`
    <span class="track" aria-hidden="true">
      <span class="usual" style=${{ left: share(low), width: share(high - low) }}></span>
      <span class="fill" style=${{ width: share(past_s) }}></span>
    </span>
  `;
}
