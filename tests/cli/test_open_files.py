"""A server may have as many files open as its sessions need, or says that it may not."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from outrider.cli.open_files import FILES_A_SESSION, FILES_BESIDE, allow_open_files

if sys.platform == "win32":
    pytest.skip("Windows has no such limit", allow_module_level=True)

import resource


@pytest.fixture
def hard() -> Iterator[int]:
    """The most that may be allowed; what is allowed is put back in the end."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield hard
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_what_the_system_lets_us_allow_is_allowed_without_a_word(hard: int) -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
    assert allow_open_files(40) == ""
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == 40 * FILES_A_SESSION + FILES_BESIDE


def test_what_is_allowed_already_stays_as_it_is(hard: int) -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert allow_open_files(1) == ""
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == before


def test_more_than_the_system_allows_is_said_with_a_remedy(hard: int) -> None:
    if hard == resource.RLIM_INFINITY:
        pytest.skip("here everything is allowed")
    said = allow_open_files(hard)
    assert f"the system allows {hard}" in said
    assert "--most-sessions" in said
