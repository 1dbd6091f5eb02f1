// Long texts: their beginning, and the rest for whoever asks. A model may write a hundred thousand characters in one step.

import { html, useState } from "./html.js";

/** The beginning of ``text``, which has at most ``most`` characters. No pair of surrogates is torn apart. */
export function cut(text, most) {
  return text.length <= most ? text : `${text.slice(0, most).replace(/[\ud800-\udbff]$/, "")}…`;
}

/** ``text``, or where it is much longer than ``most`` its beginning and a button that shows all of it. */
export function Long({ text, most }) {
  const [whole, setWhole] = useState(false);
  if (text.length <= 1.25 * most) return text;
  const more = whole ? "Show less" : `Show all ${text.length.toLocaleString("en")} characters`;
  return html`
    ${whole ? text : cut(text, most)}${" "}
    <button type="button" class="link more" aria-expanded=${whole} onClick=${() => setWhole(!whole)}>${more}</button>
  `;
}
