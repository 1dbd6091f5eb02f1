// From what the person did to a command, and from the server's no to what the page says of it.

import { command } from "./api.js";
import { useMemo, useState } from "./html.js";

/** What can be done in ``session``; ``race`` and ``trouble`` are what the server said of the last command, if it was no. */
export function useCommands(session) {
  const [race, setRace] = useState(null);
  const [trouble, setTrouble] = useState("");
  const verbs = useMemo(() => verbsOf(session, setRace, setTrouble), [session]);
  return { ...verbs, race, trouble, keepMine: () => race && verbs.takeInstead(race) };
}

/** Whether what the person sent, a step or a text, is the step that the target has named. */
const names = ({ step, text }, answer) =>
  step ? JSON.stringify([step.action, step.arguments]) === JSON.stringify([answer.action, answer.arguments]) : text === answer.text;

function verbsOf(session, setRace, setTrouble) {
  const dismiss = () => {
    setRace(null);
    setTrouble("");
  };

  /** Send it; where the server says no, ``refused`` may explain it away (null) or say what to show. */
  async function send(what, refused = (error) => error.message) {
    dismiss();
    try {
      await command(session, what);
      return "";
    } catch (error) {
      return refused(error) ?? "";
    }
  }

  const shown = async (what, refused) => {
    const said = await send(what, refused);
    if (said) setTrouble(said);
  };

  /** The target was first. If it named another step, the person decides. */
  const orRace = (mine, step, asked) => (error) => {
    if (error.kind !== "not_now" || !error.answer) return error.message;
    if (!names(step, error.answer)) setRace({ at: error.at ?? asked, answer: error.answer.text, mine, step });
    return null;
  };

  return {
    dismiss,
    tell: setTrouble,
    accept: ({ at, text, action, arguments: given }) => {
      const step = { step: { action, arguments: given } };
      return shown({ command: "take", at, ...step }, orRace(text, step, at));
    },
    take: ({ at, text }) => send({ command: "take", at, text }, orRace(text, { text }, at)),
    takeInstead: ({ at, step }) => shown({ command: "take_instead", at, ...step }),
    goBack: ({ at }) => shown({ command: "go_back", at }),
    goOn: () => shown({ command: "go_on" }),
    pause: () => shown({ command: "pause" }),
    approve: ({ at }) => shown({ command: "approve", at }),
    settle: ({ at }, observation, happened) => send({ command: "settle", at, observation, happened }),
    more: () => shown({ command: "more" }),
    steer: (sentence) => send({ command: "steer", sentence }),
    stop: () => shown({ command: "stop" }),
  };
}
