"""What a key's owner is told of its use and of what the pool has left."""

import json

import pytest

from codex_lb.core import key_usage
from codex_lb.core.keys import ApiKey, Terms
from codex_lb.core.model import Account


@pytest.mark.parametrize(
    ("accounts", "limits", "pool"),
    [
        pytest.param([], ["5h", "7d"], {"primary", "secondary"}, id="a key without limits"),
        pytest.param(None, [], None, id="the same where the operator hides the pool's quota"),
    ],
)
def test_what_the_pool_has_left_stands_for_a_keys_own_limits_unless_hidden(
    accounts: list[Account] | None, limits: list[str], pool: set[str] | None
) -> None:
    key = ApiKey("k", "sk-clb-x", "hash", Terms("ops"), 0.0)
    told = json.loads(
        key_usage.document(
            key, requests=1, total_tokens=2, cached_tokens=0, cost_micros=3_000_000,
            accounts=accounts, now=0.0,
        )
    )  # fmt: skip
    assert told["total_cost_usd"] == 3.0
    assert [limit["limit_window"] for limit in told["limits"]] == limits
    assert told["upstream_limits"] == told["limits"]
    assert (
        told["account_pool_usage"] is None
        if pool is None
        else set(told["account_pool_usage"]) == pool
    )
