"""MCP's words in ours: what a server's hints are worth, and what a result of its says. Nothing here speaks with a server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from outrider.model import Effect
from outrider.tools.running import Wrong
from outrider.tools.text import wrong

if TYPE_CHECKING:
    import mcp_types


def hinted(hints: mcp_types.ToolAnnotations | None, trusted: bool) -> tuple[Effect, bool, str]:
    """The effect of a tool, whether it is repeatable, and why: by the server's hints, where it is trusted.

    MCP's own defaults are the worst that a tool may do (specification 2025-06-18, ToolAnnotations), and so are ours.
    """
    if not trusted:
        return "write", False, "its MCP server is not trusted, so nothing that it hints counts"
    if hints is None:
        return "write", False, "its MCP server hints nothing about it"
    repeatable = hints.idempotent_hint is True
    if hints.read_only_hint is not True:
        return "write", repeatable, "its MCP server, which is trusted, does not say that it only reads"
    if hints.open_world_hint is False:
        return "none", True, "its MCP server, which is trusted, says that it only reads, in a closed world"
    return "read", True, "its MCP server, which is trusted, says that it only reads"


def result_of(result: mcp_types.CallToolResult) -> object:
    """What a call returned: its structured content, else its text, with everything else named by type and size."""
    if result.is_error:
        return Wrong(wrong("\n".join(_said(block) for block in result.content) or "the tool says that it failed, and not why"))
    if result.structured_content is not None:
        structured: object = result.structured_content
        return structured
    return "\n".join(_said(block) for block in result.content)


def _said(block: mcp_types.ContentBlock) -> str:
    match block.type:
        case "text":
            return block.text
        case "image" | "audio":
            return f"[{block.type}: {block.mime_type}, {_bytes(block.data)} bytes]"
        case "resource_link":
            return f"[link: {block.uri}, {block.mime_type or 'of no stated type'}]"
        case "resource":
            return _resource(block.resource)


def _resource(resource: mcp_types.TextResourceContents | mcp_types.BlobResourceContents) -> str:
    if (text := getattr(resource, "text", None)) is not None:
        return str(text)
    return (
        f"[resource: {resource.uri}, {resource.mime_type or 'of no stated type'}, {_bytes(getattr(resource, 'blob', ''))} bytes]"
    )


def _bytes(base64: str) -> int:
    """How many bytes a text in base64 stands for."""
    return len(base64) * 3 // 4 - base64.count("=", -2)
