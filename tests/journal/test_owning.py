"""Of two processes that open a session, one owns it: leases, fences and the mailbox. Each test runs against every journal."""

import asyncio
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from outrider import FINISH, plan
from outrider.errors import BadOption, JournalLost, JournalUnusable, NotNow, OldFence, SessionOwned, UnknownName
from outrider.journal import (
    Heard,
    JournalStore,
    Lease,
    Mailed,
    MemoryJournal,
    Owned,
    SqliteJournal,
    answer_to,
    is_gone,
    own,
    this_process,
)
from outrider.model import Step
from outrider.rules.events import Command, Paused, Record, Steered, Took, WentOn
from outrider.testing import ScriptedAgent
from outrider.testing import run as on_virtual_clock

from .conftest import Stepped, run
from .samples import noon, numbered, opened, short_run

NEXT = numbered(WentOn(), first=1)


def begun(journal: JournalStore, owner: str = "one") -> Lease:
    """A session that is claimed and opened."""
    lease = journal.claim("trip", owner, 10)
    journal.append("trip", short_run()[:1], fence=lease.fence)
    return lease


# Leases -------------------------------------------------------------------------------------------------------------


def test_whoever_claims_a_session_owns_it(journal: JournalStore) -> None:
    assert journal.owner("trip") == ""
    lease = begun(journal)
    assert (lease.session, lease.owner, lease.ttl_s) == ("trip", "one", 10)
    assert journal.owner("trip") == "one"
    assert journal.owner("walk") == ""


@pytest.mark.parametrize("owner", ["one", "two"])
def test_a_session_that_is_owned_is_refused_with_its_owner(journal: JournalStore, owner: str) -> None:
    begun(journal)
    with pytest.raises(SessionOwned, match="session 'trip' is owned by one: watch it, or wait until it ends") as refused:
        journal.claim("trip", owner, 10)
    assert refused.value.owner == "one"


def test_of_two_owners_the_second_writes_and_the_first_can_only_watch(journal: JournalStore) -> None:
    first = begun(journal)
    second = journal.claim("trip", "two", 10, over="one")
    assert second.fence > first.fence
    with pytest.raises(OldFence, match=f"this one has fence {first.fence}, and {second.fence} counts now; it can only watch"):
        journal.append("trip", NEXT, fence=first.fence)
    with pytest.raises(OldFence):
        journal.renew(first)
    journal.release(first)
    assert journal.owner("trip") == "two", "an old lease releases nothing"
    journal.append("trip", NEXT, fence=second.fence)
    assert journal.read("trip") == [*short_run()[:1], *NEXT]


def test_over_another_owner_than_there_is_counts_for_nothing(journal: JournalStore) -> None:
    begun(journal)
    with pytest.raises(SessionOwned):
        journal.claim("trip", "two", 10, over="three")


def test_a_session_that_was_claimed_is_not_written_without_a_fence(journal: JournalStore) -> None:
    lease = journal.claim("trip", "one", 10)
    with pytest.raises(OldFence, match="'trip' has been claimed, so only its owner writes it; resume it, or watch it"):
        journal.append("trip", short_run())
    assert journal.sessions() == []
    journal.release(lease)
    with pytest.raises(OldFence):
        journal.append("trip", short_run())


def test_a_fence_that_nobody_has_given_is_refused(journal: JournalStore) -> None:
    with pytest.raises(OldFence):
        journal.append("trip", short_run(), fence=3)
    journal.append("trip", short_run()[:1])
    with pytest.raises(OldFence):
        journal.append("trip", NEXT, fence=1)
    assert journal.read("trip") == short_run()[:1]


def test_a_session_that_was_opened_without_a_lease_can_be_claimed(journal: JournalStore) -> None:
    journal.append("trip", short_run()[:1])
    lease = journal.claim("trip", "one", 10)
    with pytest.raises(OldFence):
        journal.append("trip", NEXT)
    journal.append("trip", NEXT, fence=lease.fence)


def test_a_number_that_is_out_of_turn_is_told_as_that_where_the_fence_is_right(journal: JournalStore) -> None:
    lease = begun(journal)
    with pytest.raises(JournalUnusable, match="'trip' expects event 1 next and was given 5"):
        journal.append("trip", numbered(WentOn(), first=5), fence=lease.fence)


def test_a_released_session_can_be_claimed_and_its_last_owner_writes_no_more(journal: JournalStore) -> None:
    first = begun(journal)
    journal.release(first)
    assert journal.owner("trip") == ""
    with pytest.raises(OldFence):
        journal.append("trip", NEXT, fence=first.fence)
    assert journal.claim("trip", "two", 10).fence > first.fence


@pytest.mark.parametrize(("owner", "ttl_s"), [("", 10), ("one", 0), ("one", -1), ("one", float("inf")), ("one", float("nan"))])
def test_a_claim_that_makes_no_sense_is_refused(journal: JournalStore, owner: str, ttl_s: float) -> None:
    with pytest.raises(BadOption, match="give"):
        journal.claim("trip", owner, ttl_s)


def test_a_closed_journal_refuses_to_lease(journal: JournalStore) -> None:
    lease = begun(journal)
    journal.close()
    for refused in (
        lambda: journal.claim("walk", "one", 10), lambda: journal.renew(lease), lambda: journal.release(lease),
        lambda: journal.owner("trip"), lambda: journal.command("trip", WentOn()),
    ):  # fmt: skip
        with pytest.raises(JournalUnusable, match="closed"):
            refused()


# By the clock -------------------------------------------------------------------------------------------------------


def test_a_lease_that_ran_out_can_be_claimed_and_one_that_was_renewed_cannot(stepped: Stepped) -> None:
    journal, clock = stepped
    lease = begun(journal)
    clock.step(9)
    journal.renew(lease)
    clock.step(9)
    with pytest.raises(SessionOwned):
        journal.claim("trip", "two", 10)
    clock.step(2)
    assert journal.owner("trip") == ""
    journal.append("trip", NEXT, fence=lease.fence)
    journal.renew(lease)
    assert journal.owner("trip") == "one", "nobody has claimed it meanwhile"
    clock.step(10)
    journal.claim("trip", "two", 10)
    with pytest.raises(OldFence):
        journal.renew(lease)


def test_a_clock_that_is_stepped_back_makes_no_two_owners(stepped: Stepped) -> None:
    journal, clock = stepped
    first = begun(journal)
    clock.step(-5)
    with pytest.raises(SessionOwned):
        journal.claim("trip", "two", 10)
    clock.step(-3600)
    second = journal.claim("trip", "two", 10)
    clock.step(3600)
    with pytest.raises(OldFence):
        journal.append("trip", NEXT, fence=first.fence)
    journal.append("trip", NEXT, fence=second.fence)


# The mailbox --------------------------------------------------------------------------------------------------------


def test_commands_are_given_in_order_and_stay_until_they_are_taken_out(journal: JournalStore) -> None:
    lease = begun(journal)
    said: tuple[Command, ...] = (Paused(), Took(at=0, step=Step("walk", {"to": "Oslo"})), Steered(at=0, sentence="by 北"))
    numbers = [journal.command("trip", command, by="ida") for command in said]
    assert numbers == sorted(numbers)
    mailed = [Mailed(n=n, command=command, by="ida") for n, command in zip(numbers, said, strict=True)]
    assert run(in_mail(journal, 3)) == mailed
    assert run(in_mail(journal, 3)) == mailed, "reading takes nothing out"
    assert run(in_mail(journal, 1, since=numbers[2])) == mailed[2:]
    journal.append("trip", NEXT, fence=lease.fence, taken=numbers[0])
    assert run(in_mail(journal, 2)) == mailed[1:]
    journal.append("trip", [], fence=lease.fence, taken=numbers[1])
    assert run(in_mail(journal, 1)) == mailed[2:]


async def in_mail(journal: JournalStore, count: int, since: int = 0) -> list[Mailed]:
    """So many commands of the mailbox."""
    async with journal.mail("trip", since=since) as mail:
        return [await anext(mail) for _ in range(count)]


def test_records_that_are_refused_take_nothing_out(journal: JournalStore) -> None:
    lease = begun(journal)
    n = journal.command("trip", Paused())
    with pytest.raises(JournalUnusable):
        journal.append("trip", numbered(WentOn(), first=5), fence=lease.fence, taken=n)
    with pytest.raises(OldFence):
        journal.append("trip", [], fence=lease.fence + 1, taken=n)
    assert [mailed.n for mailed in run(in_mail(journal, 1))] == [n]


def test_mailboxes_are_apart(journal: JournalStore) -> None:
    lease = begun(journal)
    journal.append("walk", short_run()[:1])
    one, two = journal.command("walk", Paused()), journal.command("trip", WentOn())
    journal.append("trip", [], fence=lease.fence, taken=0)
    assert [mailed.n for mailed in run(in_mail(journal, 1))] == [two]
    journal.append("walk", [], taken=two)
    assert one < two
    assert [mailed.n for mailed in run(in_mail(journal, 1))] == [two]


def test_a_session_that_is_not_there_or_has_finished_takes_no_command(journal: JournalStore) -> None:
    with pytest.raises(UnknownName, match="there is no session 'trip' in the journal"):
        journal.command("trip", Paused())
    journal.append("trip", short_run())
    with pytest.raises(NotNow, match="session 'trip' has finished: complete; nothing can be said to it any more"):
        journal.command("trip", Paused())


# What comes of them -------------------------------------------------------------------------------------------------


async def told(journal: JournalStore, count: int, since: int = 0) -> list[Heard]:
    """What has come of so many commands."""
    async with journal.heard("trip", since=since) as heard:
        return [await anext(heard) for _ in range(count)]


def test_what_came_of_a_command_is_told_its_record_or_why_it_was_refused(journal: JournalStore) -> None:
    lease = begun(journal)
    one, two, three = (journal.command("trip", command) for command in (Paused(), WentOn(), Paused()))
    journal.append("trip", NEXT, fence=lease.fence, taken=one)
    journal.append("trip", [], fence=lease.fence, taken=two, refused="the run is going on already: 北 \x00")
    refused = Heard(n=two, refused="the run is going on already: 北 \x00")
    assert run(told(journal, 2)) == [Heard(n=one, record=1), refused]
    assert run(told(journal, 1, since=two)) == [refused]
    assert [mailed.n for mailed in run(in_mail(journal, 1))] == [three]
    with pytest.raises(TimeoutError):
        run(in_time(told(journal, 1, since=three)))


def test_whoever_waits_for_what_comes_of_a_command_is_told_at_once(journal: JournalStore) -> None:
    lease = begun(journal)
    one, two = journal.command("trip", Paused()), journal.command("trip", Paused())

    async def main() -> list[Heard]:
        async with asyncio.TaskGroup() as group:
            waiting = group.create_task(told(journal, 2))
            await asyncio.sleep(0)
            journal.append("trip", NEXT, fence=lease.fence, taken=one)
            await asyncio.sleep(0)
            journal.append("trip", [], fence=lease.fence, taken=two, refused="not now")
        return waiting.result()

    assert run(main()) == [Heard(n=one, record=1), Heard(n=two, refused="not now")]


def test_the_owner_answers_each_command_of_the_mailbox(journal: JournalStore) -> None:
    async def main() -> None:
        with own(journal, "trip") as owned:
            session = plan("Plan a trip", target=ScriptedAgent("search", FINISH), journal=owned, name="trip").owned_by(owned)
            async with session:
                session.pause()
                said = [journal.command("trip", command) for command in (Paused(), Took(at=7, step=Step("fly")), WentOn())]
                answers = [await answer_to(journal, "trip", n) for n in said]
                await session.result()
        (went_on,) = journal.read("trip", kinds=["went_on"])
        assert answers == [
            Heard(n=said[0], refused="the run waits for you already; take the step, or go on"),
            Heard(n=said[1], refused="step 7 is not there yet; the next one is 0"),
            Heard(n=said[2], record=went_on.n),
        ]

    run(main())


def test_where_nobody_runs_the_session_a_command_waits_for_whoever_does_next(journal: JournalStore) -> None:
    lease = begun(journal)
    n = journal.command("trip", Paused())
    journal.release(lease)
    assert run(answer_to(journal, "trip", n)) is None


def test_what_came_of_a_command_is_told_even_where_its_owner_has_left(journal: JournalStore) -> None:
    lease = begun(journal)
    n = journal.command("trip", Paused())
    journal.append("trip", NEXT, fence=lease.fence, taken=n)
    journal.release(lease)
    assert run(answer_to(journal, "trip", n)) == Heard(n=n, record=1)


# As they come -------------------------------------------------------------------------------------------------------


def test_a_session_is_followed_to_its_end(journal: JournalStore) -> None:
    async def main() -> list[Record]:
        journal.append("trip", short_run()[:2])
        async with asyncio.TaskGroup() as group:
            following = group.create_task(followed(journal, since=1))
            for record in short_run()[2:]:
                await asyncio.sleep(0)
                journal.append("trip", [record])
        return following.result()

    assert run(main()) == short_run()[1:]


async def followed(journal: JournalStore, since: int = 0) -> list[Record]:
    async with journal.follow("trip", since=since) as records:
        return [record async for record in records]


def test_many_follow_one_session(journal: JournalStore) -> None:
    async def main() -> list[list[Record]]:
        journal.append("trip", short_run()[:1])
        async with asyncio.TaskGroup() as group:
            following = [group.create_task(followed(journal)) for _ in range(3)]
            await asyncio.sleep(0)
            journal.append("trip", short_run()[1:])
        return [task.result() for task in following]

    assert run(main()) == [short_run()] * 3


def test_following_what_is_not_there_says_so(journal: JournalStore) -> None:
    with pytest.raises(UnknownName, match="no session's name begins with 'trip'"):
        run(followed(journal))


def test_a_stream_is_entered_first_and_over_when_it_is_left(journal: JournalStore) -> None:
    async def main() -> None:
        journal.append("trip", short_run())
        with pytest.raises(NotNow, match="async with"):
            await anext(journal.follow("trip"))
        async with journal.follow("trip") as records:
            await anext(records)
        assert [record async for record in records] == []

    run(main())


# A session that this process owns -----------------------------------------------------------------------------------


def test_a_plan_is_written_by_its_owner_and_steered_through_the_mailbox(journal: JournalStore) -> None:
    async def main() -> None:
        with own(journal, "trip") as owned:
            assert journal.owner("trip") == this_process()
            session = plan("Plan a trip", target=ScriptedAgent("search", FINISH), journal=owned, name="trip")
            async with session, asyncio.TaskGroup() as group:
                session.pause()
                obeying = group.create_task(owned.obey(lambda mailed: perform(mailed)))
                heard = asyncio.Event()

                def perform(mailed: Mailed) -> str:
                    assert mailed.command == WentOn()
                    session.go_on()
                    heard.set()
                    return ""

                journal.command("trip", WentOn())
                await heard.wait()
                assert (await session.result()).prefix == (Step("search"), Step(FINISH))
                obeying.cancel()

    run(main())
    assert journal.owner("trip") == ""
    assert [record.event.kind for record in journal.read("trip", kinds=["went_on", "finished"])] == ["went_on", "finished"]
    with pytest.raises(TimeoutError):
        run(in_time(in_mail(journal, 1)))


async def in_time(reading: object) -> None:
    async with asyncio.timeout(0.2):
        await reading  # type: ignore[misc]


def test_a_command_that_nothing_came_of_is_taken_out_all_the_same(journal: JournalStore) -> None:
    async def main() -> None:
        owned = Owned(journal, begun(journal))
        n = [journal.command("trip", Paused()), journal.command("trip", WentOn())]
        heard: list[Mailed] = []

        def perform(mailed: Mailed) -> str:
            heard.append(mailed)
            if len(heard) == 2:
                raise NotNow("enough of it")
            return "not now"

        with pytest.raises(NotNow):
            await owned.obey(perform)
        assert [mailed.n for mailed in heard] == n
        assert await in_mail(journal, 1) == heard[1:], "the second was not carried out, and is there for the next owner"

    run(main())


def test_an_owner_that_lost_its_session_ends_the_run_with_its_plan(journal: JournalStore) -> None:
    async def main() -> None:
        target = ScriptedAgent("search", "book", FINISH)
        owned = own(journal, "trip", owner="one")
        async with plan("Plan a trip", target=target, journal=owned, name="trip") as session, session.events() as stream:
            await anext(stream)
            journal.claim("trip", "two", 10, over="one")
            with pytest.raises(JournalLost, match="claimed by another process"):
                await session.result()

    run(main())


def test_a_lease_is_for_one_session(journal: JournalStore) -> None:
    with pytest.raises(JournalUnusable, match="the lease is for session 'trip'"):
        Owned(journal, begun(journal)).append("walk", short_run())


def test_a_lease_is_kept_by_renewing_it_until_somebody_else_claims() -> None:
    class Asked(MemoryJournal):
        renewed = 0

        def renew(self, lease: Lease) -> None:
            self.renewed += 1
            if self.renewed == 2:
                raise JournalUnusable("the journal is away for a moment")
            super().renew(lease)

    async def main() -> None:
        journal = Asked()
        owned = own(journal, "trip", owner="one", ttl_s=3)
        async with asyncio.TaskGroup() as group:
            keeping = group.create_task(keep(owned))
            await asyncio.sleep(10.5)
            assert journal.renewed == 10
            journal.claim("trip", "two", 3, over="one")
            assert await keeping == "lost"

    async def keep(owned: Owned) -> str:
        with pytest.raises(OldFence):
            await owned.keep()
        return "lost"

    on_virtual_clock(main())


# Who owns -----------------------------------------------------------------------------------------------------------


def test_a_process_of_this_machine_that_is_gone_is_not_waited_for(journal: JournalStore) -> None:
    program = "from outrider.journal import this_process; print(this_process())"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    gone = done.stdout.strip()
    assert str(os.getpid()) in this_process()
    assert gone != this_process()
    journal.claim("trip", gone, 3600)
    assert own(journal, "trip").lease.owner == this_process()
    with pytest.raises(SessionOwned):
        own(journal, "trip")


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="when a process began is read from /proc")
def test_a_process_that_has_the_number_of_another_is_another() -> None:
    mine = this_process()
    assert not is_gone(mine)
    began = mine.rpartition("-")[2]
    assert is_gone(mine.replace(f"-{began}", f"-{int(began[:-1]) + 1})"))


@pytest.mark.parametrize("owner", ["ida", "process 1 on elsewhere (00000000-7)", "process 4194305 on (x)"])
def test_of_owners_elsewhere_nothing_is_known(owner: str) -> None:
    assert not is_gone(owner)


def test_two_processes_whose_clocks_differ_never_both_write(path: Path) -> None:
    with SqliteJournal(path, clock=noon) as one, SqliteJournal(path, clock=lambda: noon() + timedelta(days=1)) as two:
        first = one.claim("trip", "one", 10)
        assert (one.owner("trip"), two.owner("trip")) == ("one", "")
        one.append("trip", numbered(opened()), fence=first.fence)
        second = two.claim("trip", "two", 10)
        with pytest.raises(OldFence):
            one.append("trip", NEXT, fence=first.fence)
        two.append("trip", NEXT, fence=second.fence)
