// Numbers and states in words, as the terminal says them (views/words.py).

/** Seconds with as many digits as they deserve. */
export const seconds = (value) => `${Math.abs(value) >= 10 ? value.toFixed(1) : value.toFixed(2)} s`;

/** Seconds that are still running: tenths, so that they can be read. */
export const running = (value) => `${Math.max(0, value).toFixed(1)} s`;

/** ``number`` of something: 1 step, 2 steps. */
export const count = (number, one) => `${number.toLocaleString("en")} ${number === 1 ? one : `${one}s`}`;

/** "usually 6 to 9 s", or nothing while nobody can tell. */
export function usually(range) {
  if (!range) return "";
  const [low, high] = range.map((value) => (value >= 10 ? value.toFixed(0) : value.toFixed(1).replace(".0", "")));
  return low === high ? `usually ${high} s` : `usually ${low} to ${high} s`;
}

/** The sentence with a capital letter and a full stop. */
export const sentence = (text) => text[0].toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? "" : ".");
