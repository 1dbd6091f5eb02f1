// A text field that proposes the world's actions: the ARIA pattern "combobox with a list".

import { actions } from "./api.js";
import { html, useEffect, useLayoutEffect, useRef, useState } from "./html.js";

/** ``text`` is what is typed, ``type`` is told what it becomes; ``error`` stands beside the field and leaves the text alone. */
export function Combobox({ session, at, label, text, type, submit, leave, error }) {
  const [found, setFound] = useState([]);
  const [open, setOpen] = useState(false);
  const [chosen, setChosen] = useState(-1);
  const field = useRef(null);

  useLayoutEffect(() => field.current.focus(), []); // at once: the next key is meant for it
  useEffect(() => {
    const asking = new AbortController();
    actions(session, at, text, asking.signal).then((said) => setFound(said.actions), () => setFound([]));
    return () => asking.abort();
  }, [session, at, text]);

  // Leaving the field does not hide the list: what stands below would move away under the pointer.
  const shown = open && found.length > 0;
  const active = shown && chosen < found.length ? chosen : -1;
  const take = (action) => {
    type(written(action));
    setOpen(false);
    setChosen(-1);
    field.current.focus();
  };
  const move = (by) => {
    setOpen(true);
    const last = Math.max(1, found.length); // the list may be on its way
    setChosen((chosen + by + (chosen < 0 && by < 0 ? 1 : 0) + last) % last);
  };
  const keys = {
    ArrowDown: () => move(1),
    ArrowUp: () => move(-1),
    Enter: () => (active >= 0 ? take(found[active]) : submit()),
    Escape: () => (shown ? setOpen(false) : leave()),
  };
  const key = (event) => {
    if (!keys[event.key] || event.isComposing) return;
    event.preventDefault();
    event.stopPropagation();
    keys[event.key]();
  };
  const input = (event) => {
    type(event.currentTarget.value);
    setOpen(true);
    setChosen(-1);
  };

  return html`
    <div class="field combobox">
      <label for="step-text">${label}</label>
      <input
        id="step-text"
        ref=${field}
        type="text"
        role="combobox"
        autocomplete="off"
        autocapitalize="off"
        spellcheck=${false}
        aria-autocomplete="list"
        aria-expanded=${shown}
        aria-controls="step-actions"
        aria-activedescendant=${active >= 0 ? `step-action-${active}` : undefined}
        placeholder="type, or ↓ for the list"
        aria-invalid=${error ? "true" : undefined}
        aria-describedby=${error ? "step-error" : undefined}
        value=${text}
        onInput=${input}
        onKeyDown=${key}
        onClick=${() => setOpen(true)}
      />
      <ul id="step-actions" role="listbox" aria-label="Actions" class="actions" hidden=${!shown}>
        ${found.map((action, number) => html`<${Option} action=${action} number=${number} on=${number === active} take=${take} />`)}
      </ul>
      ${error && html`<p class="error" id="step-error" role="alert">${error}</p>`}
    </div>
  `;
}

const names = ({ schema }) => Object.keys(schema?.properties ?? {});

/** What an action becomes in the field: its name, and places for the arguments that it must have. */
function written(action) {
  const needed = names(action).filter((name) => action.schema.required?.includes(name));
  return needed.length ? `${action.name}(${needed.map((name) => `${name}=`).join(", ")})` : action.name;
}

function Option({ action, number, on, take }) {
  const place = useRef(null);
  const given = names(action);
  useEffect(() => on && place.current.scrollIntoView({ block: "nearest" }), [on]);
  // Pressed, not clicked, so that the field keeps the focus.
  const press = (event) => {
    event.preventDefault();
    take(action);
  };
  return html`
    <li id=${`step-action-${number}`} ref=${place} role="option" aria-selected=${on} onMouseDown=${press}>
      <span class="name">${action.name}${given.length > 0 && html`<span class="faint">(${given.join(", ")})</span>`}</span>
      <span class="does">${action.does}</span>
    </li>
  `;
}
