"""A network that is cut in the middle of a run, and mended: the model's server, or the journal's, is on its other side."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from cli.running import Place
from journal.samples import short_run
from journal.servers import started

from outrider import FINISH
from outrider.journal import PostgresJournal
from outrider.testing import steps

from .apart import Apart, apart
from .conftest import SILENCE_S, actions, needs_postgres, plan
from .page import stands
from .serving import PLAN, once, serving, tea
from .test_failover import lost_in_silence, resumed


@pytest.fixture
def network() -> Iterator[Apart]:
    with apart() as network:
        yield network


@pytest.mark.usefixtures("impatient")
def test_a_model_beyond_a_cut_network_ends_the_run_within_its_time_and_the_run_is_resumed(place: Place, network: Apart) -> None:
    with serving(tea(once(2, network.cut)), host=network.far, enter=network.enter) as server:
        ran = plan(place, server.url, "-k", "0")
        assert (ran.code, ran.events[-1]["outcome"], actions(ran)) == (3, "target_failed", list(PLAN[:2]))
        why, kept, _ = ran.err.splitlines()
        stands(why, **{"http://gpu:8000/v1": server.url, "10 s": f"{SILENCE_S:g} s"})
        assert kept == "outrider: 2 confirmed steps kept; to go on from there:"
        network.mend()
        session = ran.err.split("--from ")[1].split()[0]
        again = plan(place, server.url, "-k", "0", "--from", session)
        assert (again.code, actions(again)) == (0, [*PLAN, "finish"])


@pytest.mark.usefixtures("impatient")
def test_a_network_that_is_cut_for_a_moment_is_not_seen(place: Place, network: Apart) -> None:
    def moment() -> None:
        network.cut()
        network.mend()

    with serving(tea(once(2, moment)), host=network.far, enter=network.enter) as server:
        ran = plan(place, server.url, "-k", "0")
    assert (ran.code, ran.err, actions(ran)) == (0, "", [*PLAN, "finish"])


def test_a_journal_beyond_a_cut_network_ends_the_run_and_the_run_is_resumed(network: Apart) -> None:
    needs_postgres()
    with started(network.far, within=network.do) as server:
        database = server.new_database()
        address = server.address(database, host=network.far)
        lost_in_silence(address, database, network.cut)
        network.mend()
        sent_late = [3]  # what was given up may still arrive when the network is mended; it counts, unless somebody has claimed
        assert resumed(address, asked=[[2, 3], sent_late]) == steps("search", "book", "pack", FINISH)


def test_a_server_that_the_network_has_swallowed_keeps_nobody_from_the_one_that_takes_over(network: Apart) -> None:
    """The first of two hosts neither answers nor refuses; both reach the same data."""
    needs_postgres()
    with started(network.far, within=network.do) as server:
        address = server.address(server.new_database(), host=f"{network.far},{server.folder}")

        with PostgresJournal(address, answer_s=1.0) as journal:
            journal.append("trip", short_run()[:1])
            network.cut()
            journal.append("trip", short_run()[1:])
            assert journal.read("trip") == short_run()
        with PostgresJournal(address, answer_s=1.0, read_only=True) as journal:
            assert journal.read("trip") == short_run()
