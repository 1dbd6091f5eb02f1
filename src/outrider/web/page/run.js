// The line of the run: what it has taken so far, and what it would have without drafts.

import { traceOf } from "./api.js";
import { usePresent } from "./clock.js";
import { html } from "./html.js";
import { icon } from "./icons.js";
import { count, running, seconds } from "./words.js";

const LEAST_S = 0.005;

/** An estimate, or that there is none. */
function about(value_s) {
  if (value_s === null) return "not known";
  return Math.abs(value_s) < LEAST_S ? "nothing" : `about ${seconds(Math.abs(value_s))}`;
}

export function Run({ scene, heard, session, runs, driven }) {
  const { run } = scene;
  return html`
    <section class="run" aria-labelledby="run-title">
      <h2 id="run-title">The run</h2>
      <dl class="facts">
        <${Fact} name="Time"><${Time} scene=${scene} heard=${heard} runs=${runs} /><//>
        <${Fact} name=${scene.finished ? "Target alone" : "Target alone, so far"}>${about(run.alone_s)}<//>
        <${Fact} name=${run.saved_s <= -LEAST_S ? "Lost" : "Saved"}>${about(run.saved_s)}<//>
        <${Fact} name="Calls in flight">${driven ? run.calls_in_flight : 0}<//>
        <${Fact} name="Tokens">${run.tokens.toLocaleString("en")}<small>${unused(scene)}</small><//>
        <${Fact} name="Cost">${run.cost}<//>
      </dl>
      <p class="trace">
        <a href=${traceOf(session)} download=${`outrider-${session}.json`}>${icon("trace")}Trace of ${count(scene.bars.length, "bar")}</a>
        <span class="faint"> opens in Perfetto</span>
      </p>
    </section>
  `;
}

function unused({ run, finished }) {
  return run.wasted_tokens > 0 ? `${run.wasted_tokens.toLocaleString("en")} ${finished ? "wasted or cancelled" : "not used so far"}` : "";
}

const Fact = ({ name, children }) => html`<div><dt>${name}</dt><dd>${children}</dd></div>`;

function Time({ scene, heard, runs }) {
  const present_s = usePresent({ now_s: scene.now_s, heard, runs });
  return scene.outcome ? seconds(scene.run.time_s) : running(present_s);
}
