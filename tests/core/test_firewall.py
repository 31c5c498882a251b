"""The address list: its spellings, and whom it lets in."""

import pytest

from codex_lb.core import firewall
from codex_lb.core.firewall import Entry


@pytest.mark.parametrize(
    ("text", "entry"),
    [
        (" 192.0.2.1 ", "192.0.2.1"),
        ("192.0.2.1/32", "192.0.2.1"),
        ("192.0.2.77/24", "192.0.2.0/24"),
        ("2001:DB8::1", "2001:db8::1"),
        ("2001:db8::/32", "2001:db8::/32"),
        ("192.0.2", None),
        ("host.example", None),
        ("", None),
    ],
)
def test_an_entry_has_one_spelling(text: str, entry: str | None) -> None:
    assert firewall.parse(text) == entry


@pytest.mark.parametrize(
    ("address", "admitted"),
    [
        ("192.0.2.9", True),
        ("::ffff:192.0.2.9", True),
        ("2001:db8::1", True),
        ("198.51.100.1", False),
        ("127.0.0.1", False),
        (None, False),
    ],
)
def test_a_list_lets_in_whom_it_names(address: str | None, admitted: bool) -> None:
    listed = firewall.networks([Entry("192.0.2.0/24", 0), Entry("2001:db8::1", 0)])
    assert firewall.admits(address, listed) is admitted
    assert firewall.admits(address, ())
