"""The small page where somebody in a browser shows their token, and how they leave again.

The token goes into a form's body and from there into a cookie: it is in no URL, and nothing of it is logged. The page needs no
script and no file of ours, since whoever sees it may have none.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from typing import Final
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, Response

from outrider.web.answers import answer

SIGN_IN: Final = "/sign-in"

SIGN_OUT: Final = "/api/sign-out"

NO_PAGES: Final = ("/api/", "/ag-ui", "/page/")
"""What begins so is asked for by programs, and by the page itself."""

_STYLE: Final = """
:root { color-scheme: light dark; --ground: #faf9f7; --raised: #fff; --ink: #1d1c1a; --soft: #5d5a55; --edge: #8d8980;
  --accent: #2b4fc7; --on-accent: #fff; --alarm: #a8321f; }
@media (prefers-color-scheme: dark) { :root { --ground: #141517; --raised: #1c1e21; --ink: #eceae6; --soft: #a9a6a0;
  --edge: #73777e; --accent: #9db4ff; --on-accent: #10162e; --alarm: #ff9d8a; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1.5rem; background: var(--ground);
  color: var(--ink); font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif; }
main { width: min(100%, 26rem); }
h1 { margin: 0 0 1.25rem; font-size: 1.6rem; letter-spacing: -0.018em; }
form { display: grid; gap: 0.5rem; }
label { font-weight: 550; }
input, button { width: 100%; min-height: 2.75rem; padding: 0.5rem 0.75rem; border: 1px solid var(--edge); border-radius: 9px;
  background: var(--raised); color: inherit; font: inherit; }
button { margin-top: 0.5rem; border-color: var(--accent); background: var(--accent); color: var(--on-accent); font-weight: 550; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
[aria-invalid] { border-color: var(--alarm); }
p { margin: 0; color: var(--soft); font-size: 0.92rem; }
.error { color: var(--alarm); }
"""

_POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()}'; img-src data:; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)

_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sign in · Outrider</title>
<link rel="icon" href="data:,">
<style>{style}</style>
</head>
<body>
<main>
<h1>Outrider</h1>
<form method="post" action="{action}">
<label for="token">{label}</label>
<input id="token" name="token" type="password" autocomplete="current-password" maxlength="200" required autofocus{invalid}>
{said}
<button type="submit">Sign in</button>
</form>
</main>
</body>
</html>
"""

_HINTS: Final = {
    False: "It is in the URL that outrider serve has printed, after token=.",
    True: "It was printed when you were added. Without one, ask whoever runs the server.",
}

_WRONG: Final = {
    False: "This is not this server's token; it makes a new one at each start, and prints it.",
    True: "This is no token of this server's, or it was revoked; ask whoever runs it for a new one.",
}


def is_a_browser(method: str, path: str, headers: Headers) -> bool:
    """Whether somebody wants to see a page, so that a form is of use to them."""
    return method == "GET" and not path.startswith(NO_PAGES) and "text/html" in headers.get("accept", "")


def sign_in_page(*, team: bool, wrong: bool) -> Response:
    """The page that asks for a token, of a user of a team or the one there is; ``wrong`` if one was shown that is none."""
    said = f'<p class="error" id="said" role="alert">{_WRONG[team]}</p>' if wrong else f'<p id="said">{_HINTS[team]}</p>'
    invalid = ' aria-invalid="true" aria-describedby="said"' if wrong else ' aria-describedby="said"'
    label = "Your token" if team else "The token"
    page = _PAGE.format(style=_STYLE, action=SIGN_IN, label=label, invalid=invalid, said=said)
    # The browser names the page that a form comes from only where the page lets it.
    headers = {"Content-Security-Policy": _POLICY, "Referrer-Policy": "same-origin", "WWW-Authenticate": "Bearer"}
    return HTMLResponse(page, 401, headers)


def token_in(body: bytes) -> str:
    """The token that a form has sent; empty if it sent none."""
    try:
        return parse_qs(body.decode("ascii"), max_num_fields=10).get("token", [""])[0].strip()
    except ValueError:
        return ""


def signed_out(cookie: str) -> Response:
    """The browser forgets the token. Whoever has it can still come in with it."""
    response = answer({"signed_out": True})
    response.delete_cookie(cookie, httponly=True, samesite="strict")
    return response
