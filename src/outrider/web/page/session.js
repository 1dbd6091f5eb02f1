// The page of one session: its plan, what the person can do, and beside it the run and its lanes.

import { announce } from "./announce.js";
import { sessionOf } from "./api.js";
import { useCommands } from "./commands.js";
import { Connection } from "./connection.js";
import { Dock, useAsked, usePrimary } from "./dock.js";
import { html, useEffect, useReducer, useRef, useState } from "./html.js";
import { KeyList, useKeys } from "./keys.js";
import { LanesSection } from "./lanes.js";
import { cut, Long } from "./long.js";
import { may } from "./me.js";
import { NotHere } from "./resume.js";
import { openRow, Rows } from "./rows.js";
import { Run } from "./run.js";
import { after, newsBetween } from "./scene.js";
import { follow } from "./stream.js";

const NOTHING = { scene: null, heard: 0, connection: "opening", trouble: "" };

/** The scene after each message, when it was heard on this page's clock, and what is known of the connection. */
function reduce(state, { message, connection, trouble }) {
  if (connection) return { ...state, connection, trouble };
  return { ...state, scene: after(state.scene, message), heard: performance.now() - (message.age_s ?? 0) * 1000 };
}

const LOOK_AGAIN_MS = 3000;

/** Until its line in the list is known nothing is offered: what is offered for a moment only is pressed by mistake. */
const NOT_KNOWN = { live: true, known: false };

/** The session, and its line in the list: whether it runs in this server, and who else runs it. */
function useSession(name) {
  const [state, change] = useReducer(reduce, NOTHING);
  const [entry, setEntry] = useState(NOT_KNOWN);
  const [turn, setTurn] = useState(0);
  const here = useRef(true);
  const found = (line) => {
    if (line.live && !here.current) setTurn((before) => before + 1); // what was followed in the journal is here now, and sooner
    here.current = line.live;
    setEntry({ ...line, known: true });
  };
  useEffect(() => {
    let timer = 0;
    let left = false;
    const look = async () => {
      const line = document.hidden ? null : await sessionOf(name).catch(() => null); // what is wrong is said elsewhere
      if (left) return;
      if (line) found(line);
      if (!line || line.outcome === "interrupted") timer = setTimeout(look, LOOK_AGAIN_MS);
    };
    if (["opening", "open"].includes(state.connection)) look();
    return () => {
      left = true;
      clearTimeout(timer);
    };
  }, [name, turn, state.connection]);
  useEffect(() => {
    const tell = (connection, trouble) => change({ connection, trouble });
    return follow(name, (message) => change({ message }), tell);
  }, [name, turn]);
  return { ...state, entry, resumed: () => found({ ...entry, live: true, outcome: "running" }) };
}

const GONE = ["refused", "revoked"];

const NEAR = 160;
const LONG = 300;

/** What has been confirmed is said once, to those who do not see it. */
function useNews(scene) {
  const told = useRef(null);
  useEffect(() => {
    if (!scene) return;
    announce(newsBetween(told.current, scene));
    told.current = scene;
  }, [scene]);
}

/** While the end of the plan is in view it stays in view, whatever grows above it. */
function useFollowing() {
  const end = useRef(null);
  const near = useRef(false);
  useEffect(() => {
    const mark = end.current; // the observers may speak once more when the page is gone
    const look = () => {
      const { top } = mark.getBoundingClientRect();
      near.current = top > 0 && top < innerHeight + NEAR;
    };
    look();
    addEventListener("scroll", look, { passive: true });
    let known = false;
    const growing = new ResizeObserver(() => {
      if (known && near.current) mark.scrollIntoView({ block: "nearest" });
      known = true;
    });
    growing.observe(mark.parentElement);
    return () => {
      removeEventListener("scroll", look);
      growing.disconnect();
    };
  }, []);
  return end;
}

/** The whole page. ``name`` is the session's; drawn anew for another one. ``me`` is who looks. */
export function SessionPage({ name, me }) {
  const { scene, heard, connection, trouble, entry, resumed } = useSession(name);
  useNews(scene);
  const state = { state: connection, trouble };
  if (scene) return html`<${Watched} session=${name} ...${{ scene, heard, connection: state, entry, resumed, me }} />`;
  return html`
    <main id="main" class="nothing" tabindex="-1">
      ${connection === "refused"
        ? html`<h1>No session ${name} here</h1><p>It is not known to this server, or this browser is not: <a href="/">sign in</a>, or open the URL that outrider serve printed.</p>`
        : html`<h1 class="quietly">Opening the session…</h1><${Connection} ...${state} />`}
      <p><a href="#/">All sessions</a></p>
    </main>
  `;
}

function Watched({ session, scene, heard, connection, entry, resumed, me }) {
  const here = entry.live;
  const runs = here && !scene.outcome && ["open", "lost"].includes(connection.state);
  const acts = may(me, "act");
  const live = runs && acts;
  const mine = !entry.user || entry.user === me.name || may(me, "admin");
  const more = scene.limit && (scene.held !== "budget" || entry.own_budget); // nobody allows more here of a budget that is not the session's
  const commands = useCommands(session);
  const primary = usePrimary(scene, commands);
  const [panel, setPanel] = useState("");
  const [lanes, setLanes] = useState(true);
  const [keys, setKeys] = useState(false);
  const end = useFollowing();
  useEffect(() => {
    document.title = `${titleOf(scene, entry)} · Outrider`;
  }, [titleOf(scene, entry)]);
  const open = (name) => live && setPanel(name);
  const asked = useAsked(scene.asked);
  useEffect(() => {
    if (!scene.asked) setPanel((shown) => (shown === "settle" ? "" : shown));
  }, [scene.asked]);
  useKeys({
    Enter: () => live && primary.ready && primary.act(),
    Escape: () => setPanel(""),
    t: () => open("take"),
    s: () => open(scene.asked ? "settle" : "steer"),
    y: () => live && asked && commands.approve(asked),
    b: () => live && asked?.answers.includes("b") && commands.goBack(asked),
    x: () => mine && open("stop"),
    p: () => live && (more ? mine && commands.more() : scene.held ? commands.goOn() : commands.pause()),
    l: () => setLanes(!lanes),
    "?": () => setKeys(true),
  });
  const dock = { scene, session, commands, primary, panel, setPanel, live, mine, more, user: entry.user };
  return html`
    <main id="main" class="session" tabindex="-1">
      <div class="plan">
        <${Head} scene=${scene} />
        <${Connection} ...${connection} />
        <${Rows} ...${{ scene, heard, live, runs, here, goBack: acts ? commands.goBack : null }} />
        ${scene.outcome && html`<${End} scene=${scene} />`}
        ${here && entry.known && !scene.outcome && !GONE.includes(connection.state) && (acts ? html`<${Dock} ...${dock} />` : !me.waiting && html`<${Watching} scene=${scene} />`)}
        ${!here && html`<${NotHere} ...${{ session, entry, scene, acts, resumed }} />`}
        ${acts && (!here || scene.finished) && !entry.owner && !entry.resumable && scene.outcome !== "complete" && html`<p class="go-on"><a href=${`#/from/${session}`}>Go on from this plan</a></p>`}
        <div class="end" ref=${end}></div>
      </div>
      <aside class="side" aria-label="The run">
        <${Run} scene=${scene} heard=${heard} session=${session} runs=${runs} driven=${here || entry.owner} />
        <${LanesSection} scene=${scene} heard=${heard} runs=${runs} shown=${lanes} show=${setLanes} />
        <p class="help"><button type="button" class="link" onClick=${() => setKeys(true)}>Keys<kbd aria-hidden="true">?</kbd></button></p>
      </aside>
      ${keys && html`<${KeyList} close=${() => setKeys(false)} />`}
    </main>
  `;
}

/** In place of the buttons, for whoever only watches: none of them would do anything. */
const Watching = ({ scene }) => html`
  <section class="dock" aria-label="What you can do">
    ${scene.asked && html`<p>Asked: ${cut(scene.asked.said, LONG)}</p>`}
    <p class="hint">You watch. To step in, the role act is needed; ask an admin for it.</p>
  </section>
`;

function titleOf(scene, entry) {
  const row = openRow(scene);
  if (!row) return scene.outcome_text;
  if (!entry.live) return entry.owner ? "Runs elsewhere" : entry.resumable ? "Interrupted" : "Not finished";
  if (scene.asked) return `You are asked about step ${scene.asked.at}`;
  if (row.kind === "undoing") return `Step ${row.at} is being taken back`;
  if (scene.held) return `Held at step ${row.at}`;
  return row.kind === "verifying" ? `Step ${row.at} is being verified` : `Step ${row.at} is to be taken`;
}

function Head({ scene }) {
  const added = scene.sentences.map(({ at, text }) => html`<li><span class="faint">from step ${at} on:</span> <${Long} text=${text} most=${LONG} /></li>`);
  return html`
    <header class="head">
      <p class="crumb"><a href="#/">All sessions</a></p>
      <h1><${Long} text=${scene.task} most=${LONG} /></h1>
      <dl class="agents">
        <div><dt>Target</dt><dd>${scene.target}</dd></div>
        <div><dt>Drafts</dt><dd>${scene.drafts_by}</dd></div>
        <div><dt>World</dt><dd>${scene.world}</dd></div>
      </dl>
      ${added.length > 0 && html`<ul class="sentences" aria-label="Added to the task">${added}</ul>`}
      ${!scene.lossless && html`<p class="warning">A fuzzy match was chosen: this plan is lossy, it may differ from the target's own.</p>`}
      ${scene.stands && html`<p class="stands">${scene.stands}</p>`}
      ${scene.stayed && html`<p class="warning"><${Long} text=${scene.stayed} most=${LONG} /></p>`}
      ${scene.degraded && html`<p class="warning"><${Long} text=${scene.degraded} most=${LONG} /></p>`}
    </header>
  `;
}

/** How it ended, in the words of the terminal. */
function End({ scene }) {
  const [first, ...rest] = scene.summary;
  return html`
    <section class=${`ended ${scene.outcome}`} aria-label="How it ended">
      <h2>${first ?? scene.outcome_text}</h2>
      ${!scene.finished && html`<p class="faint">Calls are being closed.</p>`}
      <ul>${rest.map((line) => html`<li><${Long} text=${line} most=${LONG} /></li>`)}</ul>
      ${scene.to_read.length > 0 && html`<pre class="to-read" aria-label="The plan to read">${scene.to_read.join("\n")}</pre>`}
    </section>
  `;
}
