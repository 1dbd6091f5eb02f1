// The form for a new session: a task is enough, everything else has a default.

import { choices, start } from "./api.js";
import { html, useEffect, useRef, useState } from "./html.js";

const EMPTY = { task: "", world: "", approximation: "", target: "", setting: "", lookahead: "", max_steps: "" };
const NUMBERS = ["setting", "max_steps"];
const AUTO = "By default auto, as far as it is worth; 1 to 4 where both agents compute here.";

/** What the form says, as the API takes it: what is empty is left out. */
function wantedOf(given, from) {
  const said = Object.entries(given).filter(([, value]) => value.trim() !== "");
  const typed = said.map(([name, value]) => [name, NUMBERS.includes(name) ? Number(value) : value.trim()]);
  return { ask: true, ...Object.fromEntries(typed), ...(from && { from }) };
}

export function NewSession({ from }) {
  const [offer, setOffer] = useState(null);
  const [given, setGiven] = useState(EMPTY);
  const [trouble, setTrouble] = useState("");
  const [busy, setBusy] = useState(false);
  const task = useRef(null);
  useEffect(() => {
    choices().then(setOffer, (error) => setTrouble(error.message));
  }, []);

  const set = (name, value) => {
    setGiven((before) => ({ ...before, [name]: value }));
    setTrouble("");
  };
  const submit = async (event) => {
    event.preventDefault();
    if (busy) return;
    if (!given.task.trim() && !from) {
      setTrouble("Say what is to be planned; a sentence is enough.");
      task.current.focus();
      return;
    }
    setBusy(true);
    try {
      const { name } = await start(wantedOf(given, from));
      location.hash = `#/s/${name}`;
    } catch (error) {
      setTrouble(error.message);
      setBusy(false);
    }
  };
  const send = (event) => event.key === "Enter" && !event.shiftKey && !event.isComposing && submit(event);
  const world = offer?.worlds.find(({ name }) => name === (given.world || offer.defaults.world));
  const example = (text) => html`<li><button type="button" class="example" onClick=${() => set("task", text)}>${text}</button></li>`;
  return html`
    <form class="new" onSubmit=${submit} novalidate>
      <h1><label for="task">${from ? `What is to be planned, going on from ${from}?` : "What is to be planned?"}</label></h1>
      <textarea
        id="task"
        ref=${task}
        rows="2"
        placeholder=${from ? "Empty: the same task" : ""}
        value=${given.task}
        onInput=${(event) => set("task", event.currentTarget.value)}
        onKeyDown=${send}
        aria-invalid=${trouble ? "true" : undefined}
        aria-describedby=${trouble ? "new-error" : undefined}
      ></textarea>
      ${trouble && html`<p class="error" id="new-error" role="alert">${trouble}</p>`}
      <div class="buttons"><button type="submit" class="primary" aria-disabled=${busy}>${busy ? "Opening the agents…" : "Plan it"}</button></div>
      ${world && !from && html`<section class="examples" aria-labelledby="examples"><h2 id="examples">For example</h2><ul>${world.tasks.slice(0, 4).map(example)}</ul></section>`}
      ${offer && html`<${Options} offer=${offer} world=${world} given=${given} set=${set} />`}
    </form>
  `;
}

function Options({ offer, world, given, set }) {
  const { defaults, kinds, models, settings, worlds } = offer;
  const field = (name, label, hint, more = {}, below = "") => html`
    <div class="field">
      <label for=${name}>${label}</label>
      <input
        id=${name}
        type="text"
        autocomplete="off"
        spellcheck=${false}
        value=${given[name]}
        placeholder=${hint}
        onInput=${(event) => set(name, event.currentTarget.value)}
        aria-describedby=${below ? `${name}-hint` : undefined}
        ...${more}
      />
      ${below && html`<p class="hint" id=${`${name}-hint`}>${below}</p>`}
    </div>
  `;
  const pick = (name, label, options) => html`
    <div class="field">
      <label for=${name}>${label}</label>
      <select id=${name} value=${given[name]} onChange=${(event) => set(name, event.currentTarget.value)}>${options}</select>
    </div>
  `;
  const agent = given.setting ? "the embedded model" : "";
  return html`
    <details class="options">
      <summary>World, agents and lookahead</summary>
      <div class="grid">
        ${pick("world", "World", worlds.map(({ name }) => html`<option value=${name === defaults.world ? "" : name}>${name}</option>`))}
        ${pick("setting", "Setting of the paper", [
          html`<option value="">none: agents as below</option>`,
          ...settings.map(({ setting, approximation, target }) => html`<option value=${setting}>${setting}: ${approximation} → ${target}</option>`),
        ])}
        ${field("approximation", given.setting ? "Model that drafts" : "Agent that drafts", agent || (world ? world.usual : defaults).approximation, { list: "agents" })}
        ${field("target", given.setting ? "Model of the target" : "Target agent", agent || (world ? world.usual : defaults).target, { list: "agents" })}
        ${field("lookahead", "Lookahead, in steps", defaults.lookahead || "auto, or 1 to 4", {}, defaults.lookahead ? "" : AUTO)}
        ${field("max_steps", "At most so many steps", `${defaults.max_steps}, or as many as the task needs`, { inputmode: "numeric" })}
      </div>
      <datalist id="agents">
        ${(world && !given.setting ? world.agents : []).map((name) => html`<option value=${name} />`)}
        ${(given.setting ? [""] : kinds.map((kind) => `${kind}@`)).flatMap((kind) => models.map((model) => html`<option value=${kind + model} />`))}
      </datalist>
      <p class="hint">An agent is written KIND@MODEL. Kinds: ${kinds.join(", ")}. Models: ${models.join(", ")}. Keys stay in the server's environment.</p>
    </details>
  `;
}
