// Where the page begins: which page the address names, and the frame around it.

import { html, render, useEffect, useState } from "./html.js";
import { ListPage } from "./list.js";
import { SessionPage } from "./session.js";
import { Me, useMe } from "./me.js";

const ICON = new URL("icon.svg", import.meta.url).href;

/** What the address names: a session to watch (#/s/NAME), one to go on from (#/from/NAME), or neither. */
function place() {
  const [, what, name] = /^#\/(s|from)\/([\w.-]+)$/.exec(location.hash) ?? [null, "", ""];
  return { what, name };
}

function App() {
  const [{ what, name }, setPlace] = useState(place());
  const me = useMe();
  useEffect(() => {
    const turn = () => {
      setPlace(place());
      scrollTo(0, 0);
      document.getElementById("main")?.focus({ preventScroll: true });
    };
    addEventListener("hashchange", turn);
    return () => removeEventListener("hashchange", turn);
  }, []);
  const skip = (event) => {
    event.preventDefault(); // the address names a page, so the link may not change it
    document.getElementById("main").focus();
  };
  return html`
    <a class="skip" href="#main" onClick=${skip}>Skip to the content</a>
    <header class="bar-top">
      <a class="brand" href="#/"><img src=${ICON} alt="" width="24" height="24" />Outrider</a>
      <${Me} me=${me} />
    </header>
    ${what === "s" ? html`<${SessionPage} key=${name} name=${name} me=${me} />` : html`<${ListPage} key=${name} from=${name} me=${me} />`}
  `;
}

const page = document.getElementById("page");
page.replaceChildren(); // what stood there until now
render(html`<${App} />`, page);
