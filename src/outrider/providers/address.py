"""Where to post and what with, with every secret of the address kept out of what httpx2 logs."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from contextlib import aclosing
from typing import Final
from urllib.parse import unquote

import httpx2

from outrider.errors import BadOption
from outrider.providers.trouble import Origin

_ERROR_BYTES: Final = 64 * 1024


class Address:
    """Where to post, with what the address keeps secret taken out: httpx2 logs the address of each request."""

    __slots__ = ("_auth", "_query", "_verify", "url")

    def __init__(self, base_url: str, path: str, origin: Origin) -> None:
        try:
            base = httpx2.URL(base_url.strip())
        except httpx2.InvalidURL:
            base = httpx2.URL("")
        if base.scheme not in {"http", "https"} or not base.host or "%" in base.host:
            raise BadOption(f"{origin.where!r} is no http address; give one such as http://127.0.0.1:8080/v1")
        path = base.path.rstrip("/").removesuffix(path) + path
        self._query = base.query
        self._verify: ssl.SSLContext | None = None
        self._auth = httpx2.BasicAuth(unquote(base.username), unquote(base.password)) if base.userinfo else None
        self.url = base.copy_with(userinfo=b"", path=path, query=None, fragment=None)

    def client(self, *, timeout: httpx2.Timeout, limits: httpx2.Limits) -> httpx2.AsyncClient:
        """A new client for this address. Proxies come from the environment, except where the address holds a query."""
        if self._verify is None:
            self._verify = httpx2.create_ssl_context()  # takes longer than all else, so one serves all clients
        transport = _Quiet(self._query, limits, self._verify) if self._query else None
        return httpx2.AsyncClient(timeout=timeout, limits=limits, auth=self._auth, transport=transport, verify=self._verify)


class _Quiet(httpx2.AsyncBaseTransport):
    """Puts the query onto the address on the wire only, where nothing logs it."""

    def __init__(self, query: bytes, limits: httpx2.Limits, verify: ssl.SSLContext) -> None:
        self._query = query
        self._inner = httpx2.AsyncHTTPTransport(limits=limits, verify=verify)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        url = request.url.copy_with(query=self._query)
        return await self._inner.handle_async_request(
            httpx2.Request(request.method, url, headers=request.headers, stream=request.stream, extensions=request.extensions)
        )

    async def aclose(self) -> None:
        await self._inner.aclose()


async def beginning_of(response: httpx2.Response) -> str:
    """The beginning of the body, as text."""
    read = bytearray()
    async with aclosing(response.aiter_bytes()) as chunks:
        async for chunk in chunks:
            read += chunk
            if len(read) > _ERROR_BYTES:
                break
    return bytes(read[:_ERROR_BYTES]).decode("utf-8", errors="replace")


def sendable(headers: Mapping[str, str]) -> dict[str, str]:
    """``headers``, if they can be sent. The message gives no value: it may be a key."""
    for name, value in headers.items():
        if not (name + value).isascii() or not (name + value).isprintable():
            raise BadOption(f"the header {name!r} has characters that cannot be sent; is the key pasted whole, and nothing else?")
    return dict(headers)
