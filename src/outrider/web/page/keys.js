// The keyboard. Single letters can be switched off, for people whose hands or voices press them by accident.

import { html, useLayoutEffect, useRef, useState } from "./html.js";

const SETTING = "outrider.letters";
const OWN_KEYS = "input, textarea, select, button, a[href], summary, dialog, [role=option], [contenteditable]";

export const KEYS = [
  ["Enter", "Accept the draft, or keep the step that waits"],
  ["t", "Take a step: type or choose another"],
  ["s", "Steer: add a sentence to the task"],
  ["p", "Pause, or go on"],
  ["x", "Stop the run, after one question"],
  ["y s b", "Asked about a tool: run it, say what came of it, go back"],
  ["l", "Show or hide the lanes"],
  ["Esc", "Close what is open"],
  ["?", "This list"],
];

let letters = "on";

/** The setting as it is kept; where the browser keeps nothing, as it was last set on this page. */
function lettersOn() {
  try {
    letters = localStorage.getItem(SETTING) ?? letters;
  } catch {
    // Storage is denied: what was set here counts until the page is left.
  }
  return letters !== "off";
}

function keepLetters(said) {
  letters = said;
  try {
    localStorage.setItem(SETTING, said);
  } catch {
    // The same.
  }
}

/** Call ``does[key]`` when the key is pressed and no field or button has it for itself. */
export function useKeys(does) {
  const latest = useRef(does);
  latest.current = does;
  useLayoutEffect(() => {
    const press = (event) => {
      const act = latest.current[event.key];
      if (!act || event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.repeat) return;
      const own = event.target instanceof Element && event.target.closest(OWN_KEYS);
      const letter = event.key.length === 1;
      if (letter ? !lettersOn() || own?.matches("input, textarea, select, dialog, dialog *") : own) return;
      event.preventDefault();
      act();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);
}

/** The list of keys, as a dialog. */
export function KeyList({ close }) {
  const box = useRef(null);
  const [on, setOn] = useState(lettersOn());
  useLayoutEffect(() => box.current.showModal(), []);
  const toggle = () => {
    keepLetters(on ? "off" : "on");
    setOn(!on);
  };
  return html`
    <dialog class="keys" ref=${box} onClose=${close} aria-labelledby="keys-title">
      <h2 id="keys-title">Keys</h2>
      <dl>${KEYS.map(([key, does]) => html`<div><dt><kbd>${key}</kbd></dt><dd>${does}</dd></div>`)}</dl>
      <label class="check"><input type="checkbox" checked=${on} onChange=${toggle} /> Single letters are keys</label>
      <div class="buttons"><button type="button" class="primary" onClick=${() => box.current.close()}>Close</button></div>
    </dialog>
  `;
}
