// Before the modules. A network that changes while the page is fetched leaves it half there, and a module that could not be
// fetched is not fetched again: the whole page is. No module itself, and it needs none, so that it runs when they do not.

(() => {
  const TRIED = "outrider.tried";
  const MOST = 5;
  const FIRST_MS = 300;
  let missing = false;

  const again = ({ target }) => {
    if (missing || !(target instanceof Element) || !target.matches("script, link[rel=stylesheet]")) return;
    missing = true;
    const tried = Number(sessionStorage.getItem(TRIED));
    sessionStorage.setItem(TRIED, tried + 1);
    if (tried < MOST) setTimeout(() => location.reload(), FIRST_MS * 2 ** tried);
  };

  addEventListener("error", again, true); // such an error does not bubble
  addEventListener("load", () => missing || sessionStorage.removeItem(TRIED));
})();
