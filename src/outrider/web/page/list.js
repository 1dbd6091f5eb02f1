// The first page: a form for a new session, and those there are.

import { sessions } from "./api.js";
import { NewSession } from "./form.js";
import { html, useEffect, useState } from "./html.js";
import { cut } from "./long.js";
import { may } from "./me.js";
import { Offer } from "./resume.js";
import { count } from "./words.js";

const AGAIN_MS = 3000;
const MOST_OF_TASK = 300;

const STATES = {
  running: "running",
  complete: "complete",
  stopped: "stopped",
  interrupted: "interrupted",
  elsewhere: "runs elsewhere",
  unknown: "not finished", // it was interrupted, or a program runs it: the journal cannot tell
  target_failed: "the target failed",
  step_limit: "step limit reached",
  budget: "budget used up",
  journal_lost: "journal lost",
  tool_failed: "a tool failed",
  not_approved: "a tool was not approved",
};

/** The list as it was last heard, and what is wrong if it cannot be had. */
function useSessions() {
  const [list, setList] = useState({ entries: null, trouble: "" });
  useEffect(() => {
    let timer = 0;
    let left = false;
    const look = async () => {
      const heard = document.hidden ? {} : await sessions().then(
        (said) => ({ entries: said.sessions, trouble: "" }),
        (error) => ({ trouble: error.message }),
      );
      if (left) return;
      setList((before) => ({ ...before, ...heard }));
      timer = setTimeout(look, AGAIN_MS);
    };
    look();
    return () => {
      left = true;
      clearTimeout(timer);
    };
  }, []);
  return list;
}

/** The page. ``from`` names a session that the new one is to go on from; ``me`` is who looks. */
export function ListPage({ from, me }) {
  const { entries, trouble } = useSessions();
  useEffect(() => {
    document.title = "Outrider";
  }, []);
  return html`
    <main id="main" class="list" tabindex="-1">
      ${may(me, "act") && entries && html`<${Offer} entries=${entries} />`}
      ${may(me, "act") ? html`<${NewSession} from=${from} />` : !me.waiting && html`<p class="hint">You watch. To start sessions and to step into them, the role act is needed; ask an admin for it.</p>`}
      <section class="sessions" aria-labelledby="sessions-title">
        <h2 id="sessions-title">Sessions</h2>
        <div role="status">${trouble && html`<p class="error">${trouble}</p>`}</div>
        ${entries && (entries.length ? html`<ul>${entries.map(entry)}</ul>` : html`<p class="faint">None so far.${may(me, "act") && " The first one begins above."}</p>`)}
      </section>
    </main>
  `;
}

function stateOf({ outcome, owner, resumable }) {
  if (outcome !== "interrupted") return outcome;
  return owner ? "elsewhere" : resumable ? "interrupted" : "unknown";
}

const entry = ({ name, task, steps, created, user, ...line }) => html`
  <li key=${name}>
    <a href=${`#/s/${name}`}>
      <span class="task">${cut(task, MOST_OF_TASK)}</span>
      <span class="facts-line">
        <span class=${`state ${stateOf(line)}`}>${STATES[stateOf(line)] ?? line.outcome}</span>
        ${user && html`<span>${user}</span>`}
        <span>${count(steps, "step")}</span>
        <time datetime=${created}>${when(created)}</time>
      </span>
    </a>
  </li>
`;

const when = (iso) => new Date(iso).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
