// The signs of the page. Each stands beside words that say the same, so all are hidden from screen readers.

import { html } from "./html.js";

const PATHS = {
  confirmed: html`<circle cx="12" cy="12" r="10" class="solid" /><path d="M7.5 12.4l3 3 6-6.4" class="cut" />`,
  person: html`<circle cx="12" cy="12" r="10" class="solid" /><circle cx="12" cy="9.4" r="2.7" class="cut" />
    <path d="M6.9 17.4c1-2.9 2.9-4.2 5.1-4.2s4.1 1.3 5.1 4.2" class="cut" />`,
  verifying: html`<circle cx="12" cy="12" r="9.2" class="ring" /><path d="M12 7v5.2l3.2 2" class="line" />`,
  yours: html`<circle cx="12" cy="12" r="9.2" class="ring" /><path d="M8.6 15.6l.6-2.5 5-5 1.9 1.9-5 5z" class="line" />`,
  waiting: html`<circle cx="12" cy="12" r="9.2" class="ring" /><path d="M10 8.8v6.4M14 8.8v6.4" class="line" />`,
  taken: html`<circle cx="12" cy="12" r="9.2" class="ring" /><circle cx="12" cy="9.4" r="2.7" class="line" /><path d="M6.9 17.4c1-2.9 2.9-4.2 5.1-4.2s4.1 1.3 5.1 4.2" class="line" />`,
  undoing: html`<circle cx="12" cy="12" r="9.2" class="ring" /><path d="M11 8l-3 3 3 3M8.3 11h5a2.5 2.5 0 010 5" class="line" />`,
  back: html`<path d="M9 7L5 11l4 4M5.4 11H14a4.5 4.5 0 010 9h-2.5" class="line" />`,
  trace: html`<path d="M12 4v10M8 10.5l4 4 4-4M5 19.5h14" class="line" />`,
};

export const icon = (name) => html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">${PATHS[name]}</svg>`;
