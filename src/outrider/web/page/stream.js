// One session's stream: it goes on where it was after a lost connection, and says what it knows of the connection.

import { sceneOf, streamOf } from "./api.js";

const GIVEN_UP_MS = 9000;
const LONGEST_PAUSE_MS = 8000;
const LOOK_AGAIN_MS = 2000;

/**
 * Follow the session ``name``. ``hear`` gets each message; ``tell`` gets the connection's state, one of "open", "lost" (it is being
 * tried again), "silent" (tried in vain for some time), "over" (the run has ended), "broken" (it ended in an error of the server's; its
 * sentence comes too), "revoked" (the same for a token that counts no more) and "refused" (the server knows no such session, or not
 * this browser). With "open" may come a sentence of the server's for whoever watches. Returns what closes it.
 *
 * A browser opens six connections to a server at most, for all its tabs together, and commands need one too. So a tab that nobody sees
 * holds none: it looks now and then.
 */
export function follow(name, hear, tell) {
  let source = null;
  let timer = 0;
  let silence = 0;
  let pause_ms = 500;
  let looking = null;
  let latest = -1;
  let closed = false;

  function turn() {
    rest();
    if (document.hidden) look();
    else open();
  }

  function seen() {
    clearTimeout(silence);
    silence = 0;
    turn();
  }

  function rest() {
    clearTimeout(timer);
    source?.close();
    looking?.abort();
  }

  function take(message) {
    if (message.n < latest) return;
    latest = message.n;
    hear(message);
  }

  async function look() {
    const mine = (looking = new AbortController());
    const scene = await sceneOf(name, mine.signal).catch(() => null); // what is wrong is said to whoever looks
    if (mine.signal.aborted) return;
    if (scene) take({ n: scene.n, scene });
    timer = setTimeout(look, LOOK_AGAIN_MS);
  }

  function open() {
    source = new EventSource(streamOf(name));
    source.onopen = opened;
    source.onmessage = (event) => take(JSON.parse(event.data));
    source.addEventListener("end", () => finish("over"));
    source.addEventListener("notice", (event) => tell("open", JSON.parse(event.data).message));
    source.addEventListener("trouble", (event) => {
      const { kind, message } = JSON.parse(event.data);
      finish(kind === "revoked" ? "revoked" : "broken", message);
    });
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
    if (closed) return;
    clearTimeout(timer);
    timer = setTimeout(turn, pause_ms);
    pause_ms = Math.min(2 * pause_ms, LONGEST_PAUSE_MS);
  }

  async function why() {
    try {
      await sceneOf(name);
      return false;
    } catch ({ status }) {
      return [401, 403, 404].includes(status);
    }
  }

  function finish(state, sentence = "") {
    close();
    tell(state, sentence);
  }

  function close() {
    closed = true;
    clearTimeout(silence);
    rest();
    removeEventListener("online", turn);
    document.removeEventListener("visibilitychange", seen);
  }

  addEventListener("online", turn);
  document.addEventListener("visibilitychange", seen);
  turn();
  return close;
}
