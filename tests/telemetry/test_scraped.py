"""``/metrics`` of the server."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families
from web.asking import served

from outrider.testing import run

from .watching import Outlets


def test_metrics_are_there_for_whoever_has_the_token() -> None:
    outlets = Outlets()

    async def main() -> None:
        async with served() as server:
            server.desk.telemetry = outlets.telemetry
            url = await server.tea()
            await server.client.post(f"{url}/commands", {"id": "1", "command": "stop"})
            async with server.client.listening(f"{url}/stream") as listener:
                await listener.all()
            said = await server.client.get("/metrics")
            assert said.status == 200
            assert said.headers["content-type"].startswith("text/plain")
            families = {family.name: family for family in text_string_to_metric_families(said.body.decode())}
            (ended,) = [sample for sample in families["outrider_sessions"].samples if sample.name.endswith("_total")]
            assert (ended.labels, ended.value) == ({"outcome": "stopped", "run": "plan"}, 1.0)
            assert (await server.client.get("/metrics", authorization="")).status == 401

    run(main())


def test_without_the_option_there_is_nothing_to_scrape() -> None:
    async def main() -> None:
        async with served() as server:
            said = await server.client.get("/metrics")
            assert said.status == 404
            assert "--metrics" in said.body.decode()

    run(main())


def test_a_session_belongs_to_the_trace_of_the_request_that_starts_it() -> None:
    outlets = Outlets()

    async def main() -> None:
        async with served() as server:
            server.desk.telemetry = outlets.telemetry
            with outlets.telemetry.within({"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}):
                url = await server.tea()
            await server.client.post(f"{url}/commands", {"id": "1", "command": "stop"})
            async with server.client.listening(f"{url}/stream") as listener:
                await listener.all()

    run(main())
    assert outlets.spans
    for span in outlets.spans:
        found = span.get_span_context()
        assert found is not None
        assert f"{found.trace_id:x}" == "af7651916cd43dd8448eb211c80319c"
