// What is known of the connection, if it is not simply there.

import { html } from "./html.js";
import { sentence } from "./words.js";

const SAID = {
  lost: "Connection lost, reconnecting. If only the connection is gone, the run goes on; if the server is, it waits where it is.",
  silent:
    "The server does not answer. If it was stopped, so were its runs, or they wait for the next server; their confirmed steps are kept " +
    "either way. The plan stays on this page, which goes on trying.",
  refused: "The server does not know this browser any more. Sign in again, or open the URL that outrider serve printed.",
};

const ANEW = ["refused", "revoked"];

/** A line above the plan. Its place is always there for screen readers, and takes no room while it says nothing. */
export function Connection({ state, trouble }) {
  const said = trouble || SAID[state];
  const anew = ANEW.includes(state) && html` <a href="/">Sign in</a>`;
  return html`<div role="status" class="connection" data-state=${state}>${said && html`<p>${sentence(said)}${anew}</p>`}</div>`;
}
