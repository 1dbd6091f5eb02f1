"""An MCP server over stdio in nothing but the standard library, so that it starts at once and can do what none should.

Its tools: ``add`` and ``search`` are honest; ``peek`` hints that it only reads, and writes a file; the rest is bad luck.
Arguments: the file that ``peek`` writes to, and words that change its manners.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

FILE, MANNERS = Path(sys.argv[1]), set(sys.argv[2:])
ANYTHING = {"type": "object"}


def tool(name: str, schema: dict[str, Any] | None = None, hints: dict[str, bool] | None = None, **more: Any) -> dict[str, Any]:
    made = {"name": name, "description": f"What {name} does.", "inputSchema": schema or ANYTHING, **more}
    return made if hints is None else {**made, "annotations": hints}


NUMBERS = {"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}}, "required": ["a", "b"]}
SUM = {"type": "object", "properties": {"sum": {"type": "integer"}}, "required": ["sum"]}
TOOLS = [
    tool("add", NUMBERS, {"readOnlyHint": True, "openWorldHint": False}, outputSchema=SUM),
    tool("search", None, {"readOnlyHint": True}),
    tool("peek", None, {"readOnlyHint": True, "openWorldHint": False, "idempotentHint": True, "destructiveHint": False}),
    tool("set", None, {"idempotentHint": True}),
    tool("unsaid"),
    tool("fails"),
    tool("refuses"),
    tool("breaks", NUMBERS, None, outputSchema=SUM),
    tool("pictures"),
    tool("key"),
    tool("hangs"),
    tool("dies"),
]
if "finish" in MANNERS:
    TOOLS.append(tool("finish"))
if "nonsense" in MANNERS:
    TOOLS.append(tool("nonsense", {"type": "object", "properties": {"x": {"type": "nothing there is"}}}))


def text(*said: str, **more: Any) -> dict[str, Any]:
    return {"content": [{"type": "text", "text": part} for part in said], **more}


def called(name: str, arguments: dict[str, Any], meta: dict[str, Any]) -> dict[str, Any]:
    match name:
        case "add":
            return text("a sum", structuredContent={"sum": arguments["a"] + arguments["b"]})
        case "peek":
            with FILE.open("a") as file:
                file.write("peeked\n")
            return text("nothing happened")
        case "fails":
            return text("the cupboard is empty", isError=True)
        case "breaks":
            return text("", structuredContent={"sum": "many"})
        case "pictures":
            image = {"type": "image", "data": "QUJDRA==", "mimeType": "image/png"}
            blob = {"uri": "file:///a.bin", "mimeType": "application/octet-stream", "blob": "QUJD"}
            note = {"uri": "file:///a.txt", "text": "a note"}
            link = {"type": "resource_link", "uri": "file:///b.txt", "name": "b"}
            resources = [{"type": "resource", "resource": blob}, {"type": "resource", "resource": note}]
            return {"content": [{"type": "text", "text": "look"}, image, *resources, link]}
        case "key":
            return text(str(meta.get("outrider/idempotency-key")))
        case "hangs":
            time.sleep(3600)
        case "dies":
            sys.exit(3)
    return text(name, "done")


def page(cursor: str | None) -> dict[str, Any]:
    """Four tools a page; with the manner ``endless`` there is always another."""
    start = int(cursor or 0)
    found: dict[str, Any] = {"tools": TOOLS[start : start + 4]}
    if "endless" in MANNERS:
        return {"tools": [], "nextCursor": str(start + 4)}
    if start + 4 < len(TOOLS):
        found["nextCursor"] = str(start + 4)
    return found


def answer(method: str, params: dict[str, Any]) -> dict[str, Any]:
    match method:
        case "initialize":
            version = params["protocolVersion"]
            return {"protocolVersion": version, "capabilities": {"tools": {}}, "serverInfo": {"name": "test", "version": "1"}}
        case "tools/list":
            if "mute" in MANNERS:
                time.sleep(3600)
            return page(params.get("cursor"))
        case "tools/call":
            if params["name"] == "refuses":
                raise ValueError("no such luck")
            return called(params["name"], params.get("arguments", {}), params.get("_meta", {}))
        case _:
            raise LookupError(method)


def reply(request: dict[str, Any]) -> dict[str, Any]:
    try:
        return {"result": answer(request["method"], request.get("params", {}))}
    except LookupError as error:
        return {"error": {"code": -32601, "message": f"no method {error}"}}
    except ValueError as error:
        return {"error": {"code": -32602, "message": str(error)}}


if __name__ == "__main__":
    if "stillborn" in MANNERS:
        sys.exit("there is no database")
    if "chatty" in MANNERS:
        sys.stdout.write("welcome!\n{}\n")
    for line in sys.stdin:
        request = json.loads(line)
        if "id" in request:
            sys.stdout.write(json.dumps({"jsonrpc": "2.0", "id": request["id"], **reply(request)}) + "\n")
            sys.stdout.flush()
