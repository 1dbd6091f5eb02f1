// One session's stream: it goes on where it was after a lost connection, and says what it knows of the connection.

import { streamOf } from "./api.js";

const GIVEN_UP_MS = 9000;
const LONGEST_PAUSE_MS = 8000;

/**
 * Follow the session ``name``. ``hear`` gets each message; ``tell`` gets the connection's state, one of "open", "lost" (it is being
 * tried again), "silent" (tried in vain for some time), "over" (the run has ended), "broken" (it ended in an error of the server's; its
 * sentence comes too) and "refused" (the server knows no such session, or not this browser). Returns what closes it.
 */
export function follow(name, hear, tell) {
  let source = null;
  let timer = 0;
  let silence = 0;
  let pause_ms = 500;

  function open() {
    clearTimeout(timer);
    source?.close();
    source = new EventSource(streamOf(name));
    source.onopen = opened;
    source.onmessage = (event) => hear(JSON.parse(event.data));
    source.addEventListener("end", () => finish("over"));
    source.addEventListener("trouble", (event) => finish("broken", JSON.parse(event.data).message));
    source.onerror = lost;
  }

  function opened() {
    clearTimeout(silence);
    silence = 0;
    pause_ms = 500;
    tell("open");
  }

  // The browser tries again by itself, unless the answer was no stream: then it gives up, and we ask why.
  function lost() {
    if (!silence) {
      tell("lost");
      silence = setTimeout(() => tell("silent"), GIVEN_UP_MS);
    }
    if (source.readyState === EventSource.CLOSED) why().then((refused) => (refused ? finish("refused") : later()));
  }

  function later() {
    timer = setTimeout(open, pause_ms);
    pause_ms = Math.min(2 * pause_ms, LONGEST_PAUSE_MS);
  }

  async function why() {
    try {
      const response = await fetch("/api/sessions", { cache: "no-store" });
      if (response.status === 401 || response.status === 403) return true;
      const known = response.ok ? await response.json() : null;
      return known !== null && !(known.sessions ?? known).some((session) => session.name === name);
    } catch {
      return false;
    }
  }

  function finish(state, sentence = "") {
    close();
    tell(state, sentence);
  }

  function close() {
    clearTimeout(timer);
    clearTimeout(silence);
    source.close();
    removeEventListener("online", open);
  }

  addEventListener("online", open);
  open();
  return close;
}
