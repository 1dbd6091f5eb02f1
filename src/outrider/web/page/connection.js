// What is known of the connection, if it is not simply there.

import { html } from "./html.js";

const SAID = {
  lost: "Connection lost, reconnecting. The run does not wait for this page.",
  silent:
    "The server does not answer. If it was stopped, its runs were stopped too, and their confirmed steps are kept. " +
    "The plan stays on this page, which goes on trying.",
  refused: "The server does not know this browser any more: open the URL that outrider serve printed.",
};

/** A line above the plan. Its place is always there for screen readers, and takes no room while it says nothing. */
export function Connection({ state, trouble }) {
  const said = trouble || SAID[state];
  return html`<div role="status" class="connection" data-state=${state}>${said && html`<p>${said}</p>`}</div>`;
}
