// The one place where the vendored libraries are named.

import { Component, Fragment, h, render } from "./vendor/preact.module.js";
import htm from "./vendor/htm.module.js";

export { Component, Fragment, render };
export { useCallback, useEffect, useLayoutEffect, useMemo, useReducer, useRef, useState } from "./vendor/hooks.module.js";

/** Templates become elements; what stands in them is text, never markup. */
export const html = htm.bind(h);

/** Whether two values of JSON are equal. */
export const equal = (one, other) =>
  one === other ||
  (one !== null && other !== null && typeof one === "object" && typeof other === "object" && sameEntries(one, other));

function sameEntries(one, other) {
  const names = Object.keys(one);
  return names.length === Object.keys(other).length && names.every((name) => equal(one[name], other[name]));
}

/** A component that is drawn anew only when what it was given differs; functions do not count. */
export function memo(draw) {
  return class extends Component {
    shouldComponentUpdate(next) {
      const names = Object.keys(next);
      return names.some((name) => typeof next[name] !== "function" && !equal(next[name], this.props[name]));
    }

    render(props) {
      return draw(props);
    }
  };
}
