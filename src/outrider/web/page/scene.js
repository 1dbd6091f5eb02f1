// The scene as the server tells it: whole first, then what changes. Nothing is decided here.

import { cut } from "./long.js";

/** So much of a text is read out. */
const MOST_SAID = 300;

/** The scene after ``message``. */
export function after(scene, message) {
  if (message.scene) return { ...message.scene, n: message.n };
  const next = { ...scene, ...message.changes, n: message.n };
  for (const [name, { keep, then }] of Object.entries(message.lists ?? {})) {
    next[name] = [...scene[name].slice(0, keep), ...then];
  }
  return next;
}

/** What somebody who does not see the page is told between two scenes: confirmed steps, and what holds or ends the run. */
export function newsBetween(before, scene) {
  if (!before) return [];
  const fresh = scene.confirmed.filter((step) => !sameStep(before.confirmed[step.at], step));
  const news = fresh.length > 3 ? [`${fresh.length} steps confirmed, the last one: ${cut(fresh.at(-1).text, MOST_SAID)}.`] : fresh.map(announced);
  if (scene.held !== before.held) news.push(scene.limit || (HELD[scene.held] ?? "Going on."));
  if (scene.asked && scene.asked.since_s !== before.asked?.since_s) news.push(`You are asked. ${cut(scene.asked.said, MOST_SAID)}`);
  if (scene.stayed && scene.stayed !== before.stayed) news.push(cut(scene.stayed, MOST_SAID));
  const executed = scene.confirmed.filter((step) => step.observation !== null && before.confirmed[step.at]?.observation === null);
  if (executed.length > 0) news.push(`Step ${executed.at(-1).at} returned: ${cut(executed.at(-1).observation, MOST_SAID)}`);
  if (scene.sentences.length > before.sentences.length) news.push(`Steered: ${cut(scene.sentences.at(-1).text, MOST_SAID)}`);
  if (scene.finished && !before.finished) news.push(scene.summary[0] ?? scene.outcome_text);
  return news;
}

const HELD = { paused: "Paused.", back: "Back. The step is yours to take." };

const sameStep = (one, other) => one && one.text === other.text && one.by === other.by && one.since_s === other.since_s;

function announced(step) {
  const instead = step.replaced ? `, instead of ${cut(step.replaced, MOST_SAID)}` : "";
  return `Step ${step.at} confirmed${step.by === "person" ? ", taken by you" : ""}: ${cut(step.text, MOST_SAID)}${instead}.`;
}
