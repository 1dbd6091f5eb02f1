// Sessions that were interrupted: what the page says of one, going on with it, and the offer at the top of the list.

import { resume } from "./api.js";
import { html, useState } from "./html.js";
import { cut } from "./long.js";
import { count, sentence } from "./words.js";

const MOST_OFFERED = 3;
const MOST_OF_TASK = 120;
const RECENT_MS = 7 * 24 * 3600 * 1000;
const STORE = "outrider.not-now";

/** Going on with the session ``name``: whether it is being opened, what was refused, and what does it. */
export function useResume(name, done) {
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState("");
  const goOn = async (again = {}) => {
    if (busy) return;
    setBusy(true);
    setTrouble("");
    try {
      await resume(name, { ask: true, ...again });
      done(name);
    } catch (error) {
      setTrouble(sentence(error.message));
    }
    setBusy(false);
  };
  return { busy, trouble, goOn };
}

/** Below the plan of a session that does not run here: that it was interrupted, or who runs it, and what can be done. */
export function NotHere({ session, entry, scene, acts, resumed }) {
  const { busy, trouble, goOn } = useResume(session, resumed);
  if (entry.outcome !== "interrupted" || scene.outcome) return null;
  if (entry.owner) return html`<section class="not-here" aria-label="Where it runs"><p>This session is run by ${entry.owner}. It is only watched here, and shown as it goes.</p></section>`;
  return html`
    <section class="not-here" aria-label="Where it runs">
      <div class="was-interrupted">
        <p>${entry.resumable ? html`<strong>This session was interrupted.</strong> ${kept(scene)}` : UNKNOWN}</p>
        ${trouble && html`<p class="error" role="alert">${trouble}</p>`}
        ${entry.resumable &&
        (acts
          ? html`
              <div class="buttons"><button type="button" class="primary" aria-disabled=${busy} onClick=${() => goOn()}>${busy ? "Opening the agents…" : "Go on"}</button></div>
              ${trouble && html`<${Otherwise} goOn=${goOn} acts=${scene.executes} />`}
            `
          : html`<p class="hint">Going on with it needs the role act.</p>`)}
      </div>
    </section>
  `;
}

/** Whoever plans in a program of their own owns nothing in the journal, so it cannot tell whether that program lives. */
const UNKNOWN =
  "This session has not finished: it was interrupted, or another process runs it. It is shown as far as its journal goes. How it was " +
  "launched is not known here, so it goes on only where it was.";

const kept = ({ confirmed }) =>
  `${confirmed.length === 0 ? "No step was confirmed" : `Its ${count(confirmed.length, "confirmed step")} ${confirmed.length === 1 ? "is" : "are"} kept`}, and no answer that it has is asked for again.`;

/** What may be said differently when it was refused as it is: other agents, and what its tools act on. */
function Otherwise({ goOn, acts }) {
  const [given, setGiven] = useState({ approximation: "", target: "", world: "" });
  const set = (name) => (event) => {
    const { value } = event.currentTarget;
    setGiven((before) => ({ ...before, [name]: value }));
  };
  const submit = (event) => {
    event.preventDefault();
    const { approximation, target, world } = given;
    const said = { approximation: approximation.trim() || null, target: target.trim() || null, ...(world && { [world]: true }) };
    return goOn(said);
  };
  const field = (name, label) => html`
    <div class="field">
      <label for=${`again-${name}`}>${label}</label>
      <input id=${`again-${name}`} type="text" autocomplete="off" spellcheck=${false} placeholder="as it was" value=${given[name]} onInput=${set(name)} />
    </div>
  `;
  return html`
    <form class="otherwise" onSubmit=${submit}>
      <div class="grid">
        ${field("approximation", "Agent that drafts")} ${field("target", "Target agent")}
        ${acts &&
        html`
          <div class="field">
            <label for="again-world">What its tools act on</label>
            <select id="again-world" value=${given.world} onChange=${set("world")}>
              <option value="">as before</option>
              <option value="world_is_there">is still there</option>
              <option value="run_again">is new: run its effects again</option>
            </select>
          </div>
        `}
      </div>
      <div class="buttons"><button type="submit">Go on with these</button></div>
    </form>
  `;
}

// The offer --------------------------------------------------------------------------------------------------------------

/** The names that somebody has said "not now" to, in this browser. */
function notNow() {
  try {
    return JSON.parse(localStorage.getItem(STORE)) ?? [];
  } catch {
    return []; // storage that is switched off, or holds something else
  }
}

function sayNotNow(names) {
  try {
    localStorage.setItem(STORE, JSON.stringify(names));
  } catch {
    // then they are offered again
  }
}

/** At the top of the list: sessions of the last days that were interrupted, to be gone on with. */
export function Offer({ entries }) {
  const [put, setPut] = useState(notNow);
  const recent = entries.filter(({ created }) => Date.now() - new Date(created) < RECENT_MS);
  const found = recent.filter(({ name, resumable }) => resumable && !put.includes(name));
  if (found.length === 0) return null;
  const later = () => {
    const names = recent.filter(({ resumable }) => resumable).map(({ name }) => name);
    sayNotNow(names);
    setPut(names);
  };
  const more = found.length - MOST_OFFERED;
  return html`
    <section class="offer" aria-labelledby="offer-title">
      <h2 id="offer-title">${found.length === 1 ? "A session was interrupted" : `${count(found.length, "session")} were interrupted`}</h2>
      <ul>${found.slice(0, MOST_OFFERED).map((entry) => html`<${Offered} key=${entry.name} entry=${entry} />`)}</ul>
      <p class="faint">
        ${more > 0 && html`<span>${more} more below. </span>`}${found.length === 1 ? "What it has is kept." : "What they have is kept."}${" "}
        <button type="button" class="link" onClick=${later}>Not now</button>
      </p>
    </section>
  `;
}

const there = (name) => {
  location.hash = `#/s/${name}`;
};

function Offered({ entry: { name, task, steps } }) {
  const { busy, trouble, goOn } = useResume(name, there);
  return html`
    <li>
      <div class="offered">
        <a href=${`#/s/${name}`}>${cut(task, MOST_OF_TASK)}</a>
        <span class="faint">${count(steps, "step")}</span>
        <button type="button" aria-disabled=${busy} onClick=${() => goOn()}>${busy ? "Opening…" : "Go on"}<span class="unseen"> with ${cut(task, MOST_OF_TASK)}</span></button>
      </div>
      ${trouble && html`<p class="error" role="alert">${trouble}</p>`}
    </li>
  `;
}
