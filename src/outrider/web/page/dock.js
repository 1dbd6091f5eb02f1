// What the person can do: accept, take, steer, pause and go on, stop. Each is sent; the server says what came of it.

import { Combobox } from "./combobox.js";
import { html, useEffect, useLayoutEffect, useRef, useState } from "./html.js";
import { cut } from "./long.js";
import { openRow } from "./rows.js";
import { count, sentence } from "./words.js";

const SETTLED_MS = 350;
const MOST_NAMED = 200;
const MOST_ASKED = 600;

/** Whether a draft has been on display long enough to be meant: one that came as somebody pressed Enter was not. */
function useSettled(draft) {
  const [settled, setSettled] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => setSettled(draft), SETTLED_MS);
    return () => clearTimeout(timer);
  }, [draft]);
  return draft !== "" && settled === draft;
}

/** The one thing that Enter does now: accept the draft, or keep the answer that waits. */
export function usePrimary(scene, commands) {
  const row = openRow(scene);
  const ready = useSettled(row && ["verifying", "waiting"].includes(row.kind) ? `${row.at} ${row.text}` : "");
  if (row?.kind === "waiting") return { label: "Keep it", ready, act: commands.goOn };
  return { label: "Accept", ready, act: () => row?.kind === "verifying" && commands.accept(row) };
}

/** What is asked, once it has been on display long enough for a key to be meant for it; until then null. */
export function useAsked(asked) {
  return useSettled(asked ? `${asked.at} ${asked.since_s}` : "") ? asked : null;
}

/** The buttons below the plan, and the one panel that one of them may have opened. ``more``: whether as much again can be allowed. */
export function Dock({ scene, session, commands, primary, panel, setPanel, live, mine, more, user }) {
  const toggle = (name) => setPanel(panel === name ? "" : name);
  const opener = (name, label, key, may = true) => html`
    <button type="button" id=${`open-${name}`} aria-expanded=${panel === name} aria-keyshortcuts=${key} disabled=${!live || !may} onClick=${() => toggle(name)}>
      ${label}
    </button>
  `;
  const hold = more
    ? html`<button type="button" key="hold" aria-keyshortcuts="p" disabled=${!live || !mine} onClick=${commands.more}>Allow as much again</button>`
    : scene.held
    ? html`<button type="button" key="hold" aria-keyshortcuts="p" disabled=${!live} onClick=${commands.goOn}>Go on</button>`
    : html`<button type="button" key="hold" aria-keyshortcuts="p" disabled=${!live} onClick=${commands.pause}>Pause</button>`;
  return html`
    <section class="dock" aria-label="What you can do">
      <${Notice} commands=${commands} scene=${scene} />
      ${scene.asked && html`<${Asked} asked=${scene.asked} commands=${commands} panel=${panel} toggle=${toggle} live=${live} />`}
      ${panel && html`<${Panel} key=${panel} name=${panel} scene=${scene} session=${session} commands=${commands} setPanel=${setPanel} />`}
      <div class="buttons">
        <button
          type="button"
          class=${panel ? "first" : "first primary"}
          aria-keyshortcuts="Enter"
          aria-disabled=${!(primary.ready && live)}
          onClick=${() => primary.ready && live && primary.act()}
        >
          ${primary.label}<kbd aria-hidden="true">Enter</kbd>
        </button>
        ${opener("take", "Take a step", "t")} ${opener("steer", "Steer", "s")} ${hold}
        ${opener("stop", "Stop", "x", mine)}
      </div>
      ${!mine && html`<p class="hint">To stop it, and to allow it more, is for ${user}, who started it, and for admins.</p>`}
    </section>
  `;
}

/** What the server said of the last command, if it was no. */
function Notice({ commands: { race, trouble, keepMine, dismiss }, scene }) {
  if (race) {
    const after = scene.next_at - race.at - 1;
    return html`
      <div class="notice" role="alert" data-notice="race">
        <p>
          The target had just answered: <strong>${cut(race.answer, MOST_NAMED)}</strong>. Keep yours, <strong>${cut(race.mine, MOST_NAMED)}</strong>?
          ${after > 0 && html`<span>${" "}It would be step ${race.at}, and ${count(after, "step")} after it would be planned anew.</span>`}
        </p>
        <div class="buttons">
          <button type="button" onClick=${keepMine}>Keep mine</button>
          <button type="button" onClick=${dismiss}>Keep the target's</button>
        </div>
      </div>
    `;
  }
  if (!trouble) return null;
  return html`
    <div class="notice" role="alert" data-notice="trouble">
      <p>${sentence(trouble)}</p>
      <button type="button" class="quiet" onClick=${dismiss}>Close</button>
    </div>
  `;
}

/** What is asked about a step's tool. Nothing of it is done by Enter: what changes the world is meant by its own key or button. */
function Asked({ asked, commands, panel, toggle, live }) {
  const again = asked.question === "approval" ? "Run it" : "Run it again";
  return html`
    <div class="notice asked" role="group" aria-labelledby="asked" data-notice="asked">
      <p id="asked"><strong>${cut(asked.said, MOST_ASKED)}</strong></p>
      <div class="buttons">
        <button type="button" aria-keyshortcuts="y" disabled=${!live} onClick=${() => commands.approve(asked)}>${again}<kbd aria-hidden="true">y</kbd></button>
        <button type="button" id="open-settle" aria-expanded=${panel === "settle"} aria-keyshortcuts="s" disabled=${!live} onClick=${() => toggle("settle")}>
          Say what came of it<kbd aria-hidden="true">s</kbd>
        </button>
        ${asked.answers.includes("b") &&
        html`<button type="button" aria-keyshortcuts="b" disabled=${!live} onClick=${() => commands.goBack(asked)}>Go back<kbd aria-hidden="true">b</kbd></button>`}
      </div>
    </div>
  `;
}

/** What executing the step has come to, in the person's words: both agents read it, and the tool is not run. */
function SettlePanel({ scene, commands, leave }) {
  const [asked] = useState(scene.asked);
  const [text, setText] = useState("");
  const [happened, setHappened] = useState(false);
  const { busy, error, send } = useSending(commands, leave);
  const field = useRef(null);
  useLayoutEffect(() => field.current.focus(), []); // at once: the next key is meant for it
  const submit = (event) => {
    event.preventDefault();
    return send(() => commands.settle(asked, text, happened));
  };
  return html`
    <form onSubmit=${submit}>
      <div class="field">
        <label for="observation">What came of step ${asked.at}</label>
        <textarea
          id="observation"
          ref=${field}
          rows="2"
          value=${text}
          onInput=${(event) => setText(event.currentTarget.value)}
          aria-invalid=${error ? "true" : undefined}
          aria-describedby=${error ? "observation-error" : "observation-hint"}
        ></textarea>
        ${error ? html`<p class="error" id="observation-error" role="alert">${error}</p>` : html`<p class="hint" id="observation-hint">Both agents read it, and the tool is not run.</p>`}
      </div>
      ${asked.question === "unsure" &&
      html`<label class="check">
        <input type="checkbox" checked=${happened} onChange=${(event) => setHappened(event.currentTarget.checked)} />
        It has happened: going back takes it back
      </label>`}
      <div class="buttons">
        <button type="submit" class="primary" aria-disabled=${busy}>Say so</button>
        <button type="button" onClick=${leave}>Cancel</button>
      </div>
    </form>
  `;
}

/**
 * Gives the focus back to what had it before a panel was drawn: the button that was clicked, or the page, where Enter accepts the
 * draft. A letter that opened the panel leaves no button in focus, which the next Enter would press.
 */
function useFocusBefore() {
  const [before] = useState(document.activeElement);
  return () => {
    before?.focus({ preventScroll: true });
    if (before === document.body || document.activeElement !== before) document.getElementById("main").focus({ preventScroll: true });
  };
}

/** Opening it dismisses what the server said of an earlier command; whose step counts is still asked. */
function Panel({ name, ...rest }) {
  const giveBack = useFocusBefore();
  useEffect(() => {
    if (!rest.commands.race) rest.commands.dismiss();
  }, []);
  const leave = () => {
    rest.setPanel("");
    giveBack();
  };
  const Inside = { take: TakePanel, steer: SteerPanel, stop: StopPanel, settle: SettlePanel }[name];
  const key = (event) => event.key === "Escape" && leave();
  return html`<div class="panel" onKeyDown=${key}><${Inside} leave=${leave} ...${rest} /></div>`;
}

/**
 * Sends what a panel says, once however often it is asked to. Then the panel is left, or says what was refused; one that was closed
 * meanwhile says it outside, and closes no other that has been opened since.
 */
function useSending(commands, leave) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");
  const at = useRef({ open: true, busy: false });
  useEffect(() => () => (at.current.open = false), []);
  const send = async (command) => {
    if (at.current.busy) return;
    at.current.busy = true;
    setBusy(true);
    const refused = await command();
    at.current.busy = false;
    if (!at.current.open) return refused && commands.tell(refused);
    setBusy(false);
    return refused ? setError(refused) : leave();
  };
  return { busy, error, setError, send };
}

/** The step is for the place that was open when the panel was: should the target answer meanwhile, the server asks whose counts. */
function TakePanel({ scene, session, commands, leave }) {
  const [at] = useState(scene.next_at);
  const [text, setText] = useState("");
  const { busy, error, setError, send } = useSending(commands, leave);
  const type = (typed) => {
    setText(typed);
    setError("");
  };
  const submit = () => {
    if (!text.trim()) return setError("Name the step, such as one of the list: press the down arrow.");
    return send(() => commands.take({ at, text: text.trim() }));
  };
  const answered = scene.confirmed[at];
  return html`
    <${Combobox}
      session=${session}
      at=${at}
      label=${`Your step ${at}`}
      text=${text}
      type=${type}
      submit=${submit}
      leave=${leave}
      error=${error}
    />
    ${answered && html`<p class="hint">Step ${at} has been answered meanwhile: ${cut(answered.text, MOST_NAMED)}</p>`}
    <div class="buttons">
      <button type="button" class="primary" aria-disabled=${busy} onClick=${submit}>Take it</button>
      <button type="button" onClick=${leave}>Cancel</button>
    </div>
  `;
}

function SteerPanel({ scene, commands, leave }) {
  const [text, setText] = useState("");
  const { busy, error, setError, send } = useSending(commands, leave);
  const field = useRef(null);
  useLayoutEffect(() => field.current.focus(), []); // at once: the next key is meant for it
  const say = (sentence) => send(() => commands.steer(sentence));
  const submit = (event) => {
    event.preventDefault();
    return text.trim() ? say(text.trim()) : setError("Say in a sentence what is to be different from here on.");
  };
  const input = (event) => {
    setText(event.currentTarget.value);
    setError("");
  };
  return html`
    <form onSubmit=${submit}>
      <div class="field">
        <label for="sentence">A sentence to add to the task, from step ${scene.next_at} on</label>
        <input
          id="sentence"
          ref=${field}
          type="text"
          autocomplete="off"
          value=${text}
          onInput=${input}
          aria-invalid=${error ? "true" : undefined}
          aria-describedby=${error ? "sentence-error" : undefined}
        />
        ${error && html`<p class="error" id="sentence-error" role="alert">${error}</p>`}
      </div>
      <div class="buttons">
        <button type="submit" class="primary" aria-disabled=${busy}>Steer</button>
        <button type="button" onClick=${leave}>Cancel</button>
        ${scene.sentences.length > 0 && html`<button type="button" aria-disabled=${busy} onClick=${() => say("")}>Take back what was added</button>`}
      </div>
    </form>
  `;
}

function StopPanel({ commands, leave }) {
  const { busy, send } = useSending(commands, leave);
  const field = useRef(null);
  useLayoutEffect(() => field.current.focus(), []); // at once: the next key is meant for it
  return html`
    <p class="hint">The run ends here. Its confirmed steps are kept.</p>
    <div class="buttons">
      <button type="button" class="primary" ref=${field} aria-disabled=${busy} onClick=${() => send(commands.stop)}>Stop the run</button>
      <button type="button" onClick=${leave}>Cancel</button>
    </div>
  `;
}
