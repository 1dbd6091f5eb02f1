// Who looks at the page: what their role lets them do here, and what they have spent, for whoever wants to know.

import { me, signOut } from "./api.js";
import { html, useEffect, useState } from "./html.js";
import { count, sentence } from "./words.js";

const AGAIN_MS = 15_000;
const ROLES = ["watch", "act", "admin"];

/** The one person of a server without users, and everybody where the server does not say: it refuses what they may not. */
const ANYBODY = { name: "", role: "admin", allowance: {}, running: 0, spent: "" };

const NOBODY_YET = { ...ANYBODY, role: "", waiting: true };

/** Who looks, as last heard; ``waiting`` until that is known. */
export function useMe() {
  const [known, setKnown] = useState(NOBODY_YET);
  useEffect(() => {
    let timer = 0;
    let left = false;
    const look = async () => {
      const heard = document.hidden ? null : await me().catch(() => null);
      if (left) return;
      setKnown((before) => heard ?? (before.waiting ? ANYBODY : before));
      if (!heard || heard.name) timer = setTimeout(look, AGAIN_MS);
    };
    look();
    return () => {
      left = true;
      clearTimeout(timer);
    };
  }, []);
  return known;
}

/** Whether their role goes as far as ``role``. */
export const may = (known, role) => ROLES.indexOf(known.role) >= ROLES.indexOf(role);

const DO = {
  watch: "You may watch every session.",
  act: "You may start sessions, and step into everybody's.",
  admin: "You may do everything.",
};

/** Their name in the corner, and behind it the rest. Nothing for the one person of a server without users. */
export function Me({ me: known }) {
  const [trouble, setTrouble] = useState("");
  if (!known.name) return null;
  const leave = () => signOut().then(() => location.assign("/"), (error) => setTrouble(error.message));
  const most = known.allowance.sessions;
  return html`
    <details class="me">
      <summary><span class="unseen">You are </span>${known.name}</summary>
      <div class="about">
        <p>${DO[known.role]} <span class="faint">Role: ${known.role}.</span></p>
        ${may(known, "act") && html`<p>${count(known.running, "session")} of yours ${known.running === 1 ? "runs" : "run"}${most ? `, ${most} may` : ""}.</p>`}
        ${known.spent && html`<p>${sentence(known.spent)}</p>`}
        ${trouble && html`<p class="error" role="alert">${trouble}</p>`}
        <button type="button" onClick=${leave}>Sign out</button>
      </div>
    </details>
  `;
}
