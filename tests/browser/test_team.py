"""The page for a team: signing in and out, what a role shows and hides, what is said of the server's end and of a lost token."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from outrider.web.users import Allowance, Role, User, Users
from outrider.web.users_file import add_user, allow_user, remove_user

from .conftest import Open, row, visit
from .stage import Stage, staged

pytestmark = pytest.mark.asyncio(loop_scope="session")


class Team:
    """Users in a file, and their tokens."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "team.json"
        roles: dict[str, Role] = {"wil": "watch", "ada": "act", "ben": "act", "root": "admin"}
        self.tokens = {name: add_user(self.file, name, role, Allowance(calls=7)) for name, role in roles.items()}
        self.users = Users(self.file)

    def user(self, name: str) -> User:
        """The user as the server knows them."""
        found = self.users.enters(self.tokens[name])
        assert found is not None
        return found.user

    def url(self, stage: Stage, name: str) -> str:
        """The URL that lets them in."""
        return f"http://127.0.0.1:{stage.doors.port}/?token={self.tokens[name]}"


@pytest.fixture
def team(tmp_path: Path) -> Team:
    return Team(tmp_path)


async def sign_in(page: Page, token: str) -> None:
    await page.get_by_label("Your token").fill(token)
    await page.get_by_role("button", name="Sign in").click()


async def test_somebody_signs_in_with_their_token_and_out_again(opened: Open, team: Team) -> None:
    async with staged(users=team.users) as stage, opened(f"http://127.0.0.1:{stage.doors.port}/") as page:
        await expect(page.get_by_label("Your token")).to_be_focused()
        await sign_in(page, "outrider_nobodys")
        await expect(page.get_by_role("alert")).to_contain_text("This is no token of this server's")
        await sign_in(page, team.tokens["ada"])
        await expect(page.get_by_label("What is to be planned?")).to_be_visible()
        assert "token" not in page.url
        await page.get_by_text("ada").click()
        await expect(page.get_by_text("Role: act.")).to_be_visible()
        await expect(page.get_by_text("0 of 7 calls spent.")).to_be_visible()
        await page.get_by_role("button", name="Sign out").click()
        await expect(page.get_by_label("Your token")).to_be_visible()
        assert await page.context.cookies() == []


async def test_whoever_watches_sees_the_plan_and_nothing_that_would_be_refused(opened: Open, team: Team) -> None:
    async with staged(users=team.users) as stage:
        stage.target.says("look up trains")
        session = await stage.begin(by=team.user("ada"))
        async with opened(team.url(stage, "wil")) as page:
            await expect(page.get_by_text("You watch. To start sessions")).to_be_visible()
            await expect(page.get_by_role("button", name="Plan it")).to_have_count(0)
            await visit(page, session)
            await expect(row(page, 0)).to_contain_text("look up trains")
            await expect(page.get_by_text("You watch. To step in")).to_be_visible()
            for name in ("Accept", "Pause", "Stop", "Go back to step 0: look up trains"):
                await expect(page.get_by_role("button", name=name)).to_have_count(0)
            await page.keyboard.press("p")
            await page.keyboard.press("t")
            await expect(page.get_by_role("combobox")).to_have_count(0)
            assert not session.held


async def test_who_acts_in_anothers_session_is_told_what_is_for_its_owner(opened: Open, team: Team) -> None:
    async with staged(users=team.users) as stage:
        session = await stage.begin(by=team.user("ada"))
        async with opened(team.url(stage, "ben"), session) as page:
            await expect(page.get_by_text("is for ada, who started it, and for admins")).to_be_visible()
            await expect(page.get_by_role("button", name="Stop", exact=True)).to_be_disabled()
            await page.get_by_role("button", name="Pause").click()
            await expect(page.get_by_role("button", name="Go on", exact=True)).to_be_visible()
        for owner in ("ada", "root"):
            async with opened(team.url(stage, owner), session) as page:
                await expect(page.get_by_role("button", name="Stop", exact=True)).to_be_enabled()


async def test_whose_budget_is_used_up_is_told_so_and_goes_on_when_an_admin_has_allowed_more(opened: Open, team: Team) -> None:
    async with staged(users=team.users) as stage:
        stage.target.says(*["look around"] * 9)
        session = await stage.begin(lookahead=0, by=team.user("ada"))
        async with opened(team.url(stage, "ada"), session) as page:
            await expect(row(page, 7)).to_contain_text("the budget of user ada has no room for another call: 7 of 7 calls spent")
            await expect(page.get_by_role("button", name="Allow as much again")).to_have_count(0)
            await expect(page.get_by_role("button", name="Go on", exact=True)).to_have_count(1)
            allow_user(team.file, "ada", {"calls": 1})
            await page.get_by_role("button", name="Go on", exact=True).click()
            await expect(row(page, 7)).to_have_attribute("data-kind", "confirmed")
            await expect(row(page, 8)).to_contain_text("8 of 8 calls spent")
            allow_user(team.file, "ada", {"calls": 1})
            await page.keyboard.press("p")
            await expect(row(page, 9)).to_contain_text("9 of 9 calls spent")


async def test_the_servers_end_and_a_token_that_was_revoked_are_said_above_the_plan(opened: Open, team: Team) -> None:
    async with staged(users=team.users) as stage:
        session = await stage.begin(by=team.user("ada"))
        async with opened(team.url(stage, "ben"), session) as page:
            stage.desk.draining.set()
            await expect(page.get_by_text("The server is about to stop: it takes no new session")).to_be_visible()
            remove_user(team.file, "ben")
            await expect(page.get_by_text("Your token was revoked, so you see no more of this session")).to_be_visible()
            await expect(page.get_by_role("button", name="Pause")).to_have_count(0)
            await page.get_by_role("link", name="Sign in").click()
            await expect(page.get_by_label("Your token")).to_be_visible()
