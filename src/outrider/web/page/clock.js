// Seconds that run: the scene's time, and the page's own clock since it was heard.

import { useEffect, useState } from "./html.js";

const TICK_MS = 100;

/** The session's present time, when ``now_s`` was true at ``heard`` on this page's clock. */
export const presentOf = (now_s, heard) => now_s + (performance.now() - heard) / 1000;

/** The present time, drawn anew ten times a second while ``runs``. */
export function usePresent({ now_s, heard, runs }) {
  const [, tick] = useState(0);
  useEffect(() => {
    if (!runs) return undefined;
    const timer = setInterval(() => document.hidden || tick((number) => number + 1), TICK_MS);
    return () => clearInterval(timer);
  }, [runs]);
  return runs ? presentOf(now_s, heard) : now_s;
}
