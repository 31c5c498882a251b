"""What is past its time goes, each kind at its own; what has no time stays."""

from pathlib import Path

import pytest

from codex_lb.core.model import (
    AccountEvent,
    Credential,
    Identity,
    OpenedRequest,
    QuotaSample,
    Receipt,
)
from codex_lb.core.operator_settings import Amounts
from codex_lb.jobs.prune import prune
from codex_lb.store import Store

NOW = 1_800_000_000.0
DAY_S = 86_400.0
AGES = (1, 89, 91, 179, 181)  # days


@pytest.mark.parametrize(
    ("keep", "requests", "samples"),
    [
        pytest.param(Amounts(log_days=90), [1, 89], [1, 89], id="rows are kept as long as set"),
        pytest.param(Amounts(log_days=0), list(AGES), [1, 89], id="or for ever"),
        pytest.param(Amounts(sample_days=0), [1, 89], list(AGES), id="and so are readings"),
    ],
)
async def test_each_kind_is_kept_for_its_own_time(
    tmp_path: Path, keep: Amounts, requests: list[int], samples: list[int]
) -> None:
    store = await Store.open(None, tmp_path, tmp_path / "key", clock=lambda: NOW)
    identity, credential = Identity("acc", None, "a@x", "plus"), Credential("", "", "", None, 0)
    await store.put_account("a", identity, credential, now=0)
    for age in AGES:
        at = NOW - age * DAY_S
        row = OpenedRequest(f"{age}", int(at * 1000), "responses", "sse", "m", conversation_id="t")
        await store.import_history([(row, Receipt(row.id, "success", row.opened_at_ms))])
        await store.add_samples([QuotaSample("a", 300, at, 0.5, None)])
        await store.add_account_events([AccountEvent("a", at, "paused", "operator")])

    await prune(store, keep, NOW)

    def ages(times: list[float]) -> list[int]:
        return sorted(round((NOW - at) / DAY_S) for at in times)

    left = await store.recent_requests(limit=9, before=None)
    assert ages([record.opened.opened_at_ms / 1000 for record in left]) == requests
    sums = await store.hourly("conversation", start_at=0, end_at=NOW)
    assert ages([one.hour_at for one in sums]) == requests
    assert len(await store.hourly("model", start_at=0, end_at=NOW)) == len(AGES)
    assert ages([one.measured_at for one in await store.samples(since=0)]) == samples
    told = await store.account_events("a", limit=9)
    assert ages([record.event.at for record in told]) == [1, 89, 91, 179]
    await store.close()
