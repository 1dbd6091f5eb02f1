// The server, in four verbs. Every failure is a ``Refused`` whose message can be shown as it is.

export class Refused extends Error {
  /** ``kind`` and ``answer`` are the server's; ``status`` 0 means that nobody answered. */
  constructor({ message, kind = "", at = null, answer = null, field = "" }, status) {
    super(message);
    Object.assign(this, { kind, at, answer, field, status });
  }
}

const NOBODY = "The server does not answer. If it was stopped, start it again with: outrider serve";
const TRIES_MS = [300, 900, 2000];

const path = (name, what = "") => `/api/sessions/${encodeURIComponent(name)}${what}`;

export const sceneOf = (name, signal) => ask(path(name, "/scene"), { signal });
export const streamOf = (name) => path(name, "/stream");
export const traceOf = (name) => path(name, "/trace");

export const sessionOf = (name) => ask(path(name));
export const sessions = () => ask("/api/sessions");
export const me = () => ask("/api/me");
export const resume = (name, again) => ask(path(name, "/resume"), { body: again });
export const signOut = () => ask("/api/sign-out", { body: {} });
export const choices = () => ask("/api/choices");
export const start = (wanted) => ask("/api/sessions", { body: wanted });
export const actions = (name, at, text, signal) => ask(path(name, `/actions?${new URLSearchParams({ at, text })}`), { signal });

/** Send a command. It has an id, so it is safe to send it again when nobody answered. */
export async function command(name, what) {
  const body = { id: newId(), ...what };
  for (const pause_ms of TRIES_MS) {
    try {
      return await ask(path(name, "/commands"), { body });
    } catch (refused) {
      if (refused.status !== 0) throw refused;
      await new Promise((resolve) => setTimeout(resolve, pause_ms));
    }
  }
  return ask(path(name, "/commands"), { body });
}

async function ask(url, { body, signal } = {}) {
  const sent = body && { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  let response;
  try {
    response = await fetch(url, { signal, cache: "no-store", ...sent });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused({ message: NOBODY }, 0);
  }
  const said = await response.json().catch(() => null);
  if (response.ok && said !== null) return said;
  throw new Refused(said?.error ?? { message: `The server refused this (${response.status}).` }, response.status);
}

// crypto.randomUUID is not there on a page that comes over plain HTTP from another machine.
const newId = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
