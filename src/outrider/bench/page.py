"""A report as one HTML page that needs nothing else: no script, no request, its style inside and the only one allowed."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from html import escape
from typing import Final

from outrider.bench.document import Block, Figure, Report, Section, Table, Value

STYLE: Final = """
:root{color-scheme:light dark;--paper:#fdfcf9;--ink:#1c1b18;--soft:#56534b;--rule:#d9d5ca;--panel:#f4f1e9;--mark:#0f5f8c;
--used:#1f6f54;--wasted:#a8481a;--cancelled:#6d6a63;--failed:#9c1c28;--on:#ffffff;
--c0:#0f5f8c;--c1:#a8481a;--c2:#1f6f54;--c3:#7a3e8f;--c4:#6d6a63}
@media (prefers-color-scheme:dark){:root{--paper:#171714;--ink:#ece9e1;--soft:#b3aea2;--rule:#3b3932;
--panel:#211f1b;--mark:#6cb8e6;--used:#5cc39b;--wasted:#f0a06b;--cancelled:#a5a096;--failed:#f28b94;--on:#14130f;
--c0:#6cb8e6;--c1:#f0a06b;--c2:#5cc39b;--c3:#cf9be0;--c4:#a5a096}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);
font:17px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif}
main{max-width:62rem;margin:0 auto;padding:2.5rem 1.25rem 4rem}
h1{font-size:1rem;font-weight:600;color:var(--soft);margin:0 0 .75rem;overflow-wrap:anywhere}
h2{font-size:1.3rem;line-height:1.3;margin:3rem 0 .5rem;padding-top:1rem;border-top:1px solid var(--rule)}
.headline{font-size:1.55rem;line-height:1.35;font-weight:600;margin:0 0 1rem;text-wrap:pretty}
p{margin:.6rem 0;overflow-wrap:anywhere;text-wrap:pretty}
.headline,h1,p,figure{max-width:46rem}
figure{margin:1.4rem 0}
figcaption{font-weight:600;margin:0 0 .4rem}
.wide{overflow-x:auto}
.wide:focus-visible,summary:focus-visible{outline:3px solid var(--mark);outline-offset:2px}
svg{display:block;width:100%;min-width:34rem;height:auto}
table{border-collapse:collapse;font-size:.84rem;font-variant-numeric:tabular-nums;margin:.3rem 0}
caption{caption-side:bottom;text-align:left;color:var(--soft);padding:.4rem 0}
th,td{padding:.28rem .85rem .28rem 0;text-align:left;vertical-align:top;border-bottom:1px solid var(--rule)}
thead th{font-weight:600;vertical-align:bottom}
td.n{text-align:right;white-space:nowrap}
th.n{text-align:right;min-width:4rem;max-width:7rem}
td.t{white-space:nowrap}
td.l{min-width:15rem;overflow-wrap:anywhere}
details{margin:.2rem 0 1.2rem}
summary{cursor:pointer;color:var(--mark);width:fit-content}
.grid{stroke:var(--rule);stroke-width:1}
.even{stroke:var(--ink);stroke-width:1.5}
.alone{stroke:var(--ink);stroke-width:1.5;stroke-dasharray:5 4}
.whisker{stroke:var(--mark);stroke-width:3}
.dot{fill:var(--mark);stroke:var(--paper);stroke-width:1}
.ring{fill:var(--paper);stroke:var(--mark);stroke-width:2}
.frontier{fill:none;stroke:var(--mark);stroke-width:1.5;stroke-dasharray:2 4}
.leader{stroke:var(--soft);stroke-width:1}
.curve{fill:none;stroke-width:2.2}
.dashed{stroke-dasharray:6 4}
.c0{stroke:var(--c0)}.c1{stroke:var(--c1)}.c2{stroke:var(--c2)}.c3{stroke:var(--c3)}.c4{stroke:var(--c4)}
text{fill:var(--ink);font-size:13px}
text.tick,text.axis{fill:var(--soft);font-size:12.5px}
text.number{font-variant-numeric:tabular-nums}
.bar{stroke-width:1.5}
rect.used{fill:var(--used);stroke:var(--paper)}
rect.wasted{fill:var(--paper);stroke:var(--wasted)}
rect.cancelled{fill:var(--paper);stroke:var(--cancelled);stroke-dasharray:4 3}
rect.failed{fill:var(--failed);stroke:var(--failed)}
rect.confirmed{fill:var(--panel);stroke:var(--ink)}
text.in{font-size:11.5px}
text.in.used,text.in.failed{fill:var(--on)}
@media (max-width:40rem){body{font-size:16px}main{padding:1.5rem 1rem 3rem}.headline{font-size:1.25rem}}
@media print{:root{color-scheme:light}body{font-size:10.5pt}main{max-width:none;padding:0}.wide{overflow:visible}svg{min-width:0}
figure,table,tr{break-inside:avoid}h2,figcaption{break-after:avoid}summary{color:var(--ink)}details::details-content{content-visibility:visible}}
"""

_LONG: Final = 34
"""Letters of a text that stays in one line."""

_UNFIT: Final = re.compile(
    "[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x9f\\u202a-\\u202e\\u2066-\\u2069\\ud800-\\udfff\\ufffe\\uffff]"
)
"""What HTML does not take, and what would turn a line around."""


def page(report: Report) -> str:
    """The page. It allows itself one style, by its hash, and nothing else."""
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    body = [
        f"<h1>{_text(report.title)}</h1>",
        f'<p class="headline">{_text(report.headline)}</p>',
        *(f"<p>{_text(sentence)}</p>" for sentence in report.lead),
        *map(_section, report.sections),
    ]
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-{digest}'\">\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{_text(report.title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(body)
        + "\n</main>\n</body>\n</html>\n"
    )


def _text(text: str) -> str:
    return escape(_UNFIT.sub("\ufffd", text))


def _section(section: Section) -> str:
    return "\n".join([f"<section>\n<h2>{_text(section.title)}</h2>", *map(_block, section.blocks), "</section>"])


def _block(block: Block) -> str:
    match block:
        case str():
            return f"<p>{_text(block)}</p>"
        case Table():
            return _scrolled(_table(block), block.caption)
        case Figure():
            plot = _scrolled(_UNFIT.sub("\ufffd", block.svg), block.title)
            numbers = _scrolled(_table(block.numbers), block.numbers.caption)
            details = f"<details><summary>The numbers</summary>\n{numbers}\n</details>"
            return f"<figure>\n<figcaption>{_text(block.title)}</figcaption>\n{plot}\n{details}\n</figure>"


def _scrolled(inside: str, label: str) -> str:
    """Wide things scroll by themselves, also by keyboard."""
    return f'<div class="wide" tabindex="0" role="group" aria-label="{_text(label)}">\n{inside}\n</div>'


def _table(table: Table) -> str:
    kinds = [_kind([row[place] for row in table.rows]) for place in range(len(table.columns))]
    head = "".join(
        f'<th scope="col" class="{kind}">{_text(column.head)}</th>' for kind, column in zip(kinds, table.columns, strict=True)
    )
    rows = "\n".join(
        "<tr>" + "".join(f'<td class="{kind}">{_text(cell)}</td>' for kind, cell in zip(kinds, row, strict=True)) + "</tr>"
        for row in table.shown()
    )
    return (
        f"<table>\n<caption>{_text(table.caption)}</caption>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table>"
    )


def _kind(cells: Sequence[Value]) -> str:
    """The class of a column: numbers, text, or text so long that it needs more lines than one."""
    texts = [cell for cell in cells if isinstance(cell, str)]
    if not texts:
        return "n"
    return "l" if max(map(len, texts)) > _LONG else "t"
