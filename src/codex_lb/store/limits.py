"""How the counters of limits move: held when a request begins, used when its row is closed.

Every function is part of one short transaction that has locked the key's row first, so that the
rules of one key change together or not at all.

A row of the request log is closed exactly once (requests.py), and what it used is counted in that
same transaction. So a counter is the sum of the ledger in its window, nothing is settled twice, and
whatever closes the row, be it the burial of a dead process, also gives back what it held.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from sqlalchemy import ColumnElement, Connection, bindparam, delete, insert, select, update

from codex_lb.core import limits as rules
from codex_lb.core.limits import Limit, Rule, Spend, Verdict
from codex_lb.core.model import OpenedRequest, Receipt, Usage
from codex_lb.store.schema import api_keys, limits, reservations

# A row is written a moment after it was closed. One that was on its way when a rule was made is not
# among those the rule has counted, so it belongs to the rule's first window; imported ones do not.
_WRITTEN_LATE_S = 60.0

Pair = tuple[OpenedRequest, Receipt]
Estimate = Callable[[float | None], Spend]  # from the key's mean output, see `core/limits.py`


def lock(connection: Connection, key_id: str) -> bool:
    """Nobody else moves the key's counters until the transaction ends. False: no such key."""
    query = select(api_keys.c.id).where(api_keys.c.id == key_id).with_for_update()
    return connection.scalar(query) is not None


def by_key(connection: Connection, key_id: str | None = None) -> dict[str, list[Limit]]:
    """As stored, oldest first; of one key, or of all."""
    query = select(limits).order_by(limits.c.id)
    if key_id is not None:
        query = query.where(limits.c.api_key_id == key_id)
    found: dict[str, list[Limit]] = defaultdict(list)
    for row in connection.execute(query):
        rule = Rule(row.kind, row.window, row.max_value, row.model or None)
        found[row.api_key_id].append(Limit(row.id, rule, row.used, row.held, row.resets_at))
    return found


def reserve(
    connection: Connection,
    key_id: str,
    request_id: str,
    *,
    instance_id: str,
    model: str,
    estimate: Estimate,
    now: float,
) -> Verdict:
    """Hold what is needed of every limit that applies, or of none. A key that is gone has none."""
    lock(connection, key_id)
    mean = connection.scalar(select(api_keys.c.mean_output).where(api_keys.c.id == key_id))
    need = estimate(mean)
    current = [rules.rolled(limit, now) for limit in by_key(connection, key_id)[key_id]]
    applying = rules.applying(current, model)
    verdict = rules.decide(applying, need)
    if verdict is not need or not applying:
        return verdict
    held = {limit.id: rules.amount(limit, need) for limit in applying}
    rows = [
        {"request_id": request_id, "limit_id": id_, "instance_id": instance_id, "amount": amount}
        for id_, amount in held.items()
    ]
    connection.execute(insert(reservations), rows)
    _put(connection, [replace(limit, held=limit.held + held[limit.id]) for limit in applying])
    return verdict


def top_up(connection: Connection, key_id: str, request_id: str, need: Spend) -> None:
    """Let a running request hold `need`, where it holds less by now."""
    lock(connection, key_id)
    mine = reservations.c.request_id == request_id
    rows = connection.execute(select(reservations.c.limit_id, reservations.c.amount).where(mine))
    held = {row.limit_id: row.amount for row in rows}
    raised: list[Limit] = []
    for limit in by_key(connection, key_id)[key_id]:
        amount = rules.amount(limit, need)
        more = amount - held.get(limit.id, amount)
        if more > 0:
            place = mine & (reservations.c.limit_id == limit.id)
            connection.execute(update(reservations).where(place).values(amount=amount))
            raised.append(replace(limit, held=limit.held + more))
    _put(connection, raised)


def settle(connection: Connection, pairs: Iterable[Pair]) -> None:
    """Count what the rows that are being closed used, and give back what they held."""
    closed: dict[str, list[Pair]] = defaultdict(list)
    for opened, receipt in pairs:
        if opened.api_key_id is not None:
            closed[opened.api_key_id].append((opened, receipt))
    for key_id in sorted(closed):  # so that two replicas cannot deadlock
        if lock(connection, key_id):
            _settle(connection, key_id, closed[key_id])


def _settle(connection: Connection, key_id: str, pairs: Sequence[Pair]) -> None:
    ended_at = max(receipt.closed_at_ms for _, receipt in pairs) / 1000
    ids = [opened.id for opened, _ in pairs]
    returned = _returned(connection, reservations.c.request_id.in_(ids))
    settled = []
    for stored in by_key(connection, key_id)[key_id]:
        limit = rules.rolled(stored, ended_at)
        used = sum(_used(limit, opened, receipt) for opened, receipt in pairs)
        settled.append(replace(limit, used=limit.used + used, held=limit.held - returned[limit.id]))
    _put(connection, settled)
    _note_use(connection, key_id, ended_at, [r.usage for _, r in pairs if r.usage])


def _used(limit: Limit, opened: OpenedRequest, receipt: Receipt) -> int:
    if receipt.usage is None or limit.rule.model not in (None, opened.model):
        return 0
    if receipt.closed_at_ms / 1000 < limit.began_at - _WRITTEN_LATE_S:
        return 0
    return rules.taken(receipt.usage, receipt.cost).of(limit.rule.kind)


def _note_use(
    connection: Connection, key_id: str, ended_at: float, usages: Sequence[Usage]
) -> None:
    mine = api_keys.c.id == key_id
    row = connection.execute(
        select(api_keys.c.last_used_at, api_keys.c.mean_output).where(mine)
    ).one()
    mean = row.mean_output
    for usage in usages:
        mean = rules.mean_output(mean, usage.output_tokens)
    last = max(row.last_used_at or 0.0, ended_at)
    connection.execute(update(api_keys).where(mine).values(last_used_at=last, mean_output=mean))


def reset(connection: Connection, key_id: str, now: float) -> None:
    """Nothing is used any more, and every window begins now. What runs keeps what it holds."""
    _put(
        connection,
        [
            replace(limit, used=0, resets_at=rules.first_reset(limit.rule.window, now))
            for limit in by_key(connection, key_id)[key_id]
        ],
    )


def put_counters(connection: Connection, key_id: str, counted: Sequence[Limit]) -> None:
    """The use and the window of each limit, by its place among the key's."""
    given = {limit.rule.place: limit for limit in counted}
    known = by_key(connection, key_id)[key_id]
    pairs = [(limit, given[limit.rule.place]) for limit in known if limit.rule.place in given]
    _put(connection, [replace(k, used=g.used, resets_at=g.resets_at) for k, g in pairs])


def release_instance(connection: Connection, instance_id: str) -> None:
    """Give back what the requests of a process hold that is no more."""
    theirs = reservations.c.instance_id == instance_id
    query = select(limits.c.api_key_id).join(reservations).where(theirs).distinct()
    for key_id in sorted(connection.scalars(query)):
        release(connection, key_id, instance_id)


def release(connection: Connection, key_id: str, instance_id: str) -> None:
    """Give back what they hold of one key."""
    lock(connection, key_id)
    known = by_key(connection, key_id)[key_id]
    ids = [limit.id for limit in known]
    theirs = reservations.c.instance_id == instance_id
    returned = _returned(connection, theirs & reservations.c.limit_id.in_(ids))
    _put(connection, [replace(limit, held=limit.held - returned[limit.id]) for limit in known])


def holders(connection: Connection, key_id: str) -> set[str]:
    """Ids of the processes whose requests hold something of the key's limits."""
    query = select(reservations.c.instance_id).join(limits).where(limits.c.api_key_id == key_id)
    return set(connection.scalars(query.distinct()))


def _returned(connection: Connection, which: ColumnElement[bool]) -> Counter[int]:
    """By limit, of the reservations that end with this."""
    ended = delete(reservations).where(which)
    back: Counter[int] = Counter()
    for row in connection.execute(ended.returning(reservations.c.limit_id, reservations.c.amount)):
        back[row.limit_id] += row.amount
    return back


_COUNTERS = (
    update(limits)
    .where(limits.c.id == bindparam("limit_id"))
    .values(used=bindparam("new_used"), held=bindparam("new_held"), resets_at=bindparam("reset"))
)


def _put(connection: Connection, counted: Sequence[Limit]) -> None:
    rows = [
        {"limit_id": limit.id, "new_used": limit.used, "new_held": limit.held}
        | {"reset": limit.resets_at}
        for limit in counted
    ]
    if rows:
        connection.execute(_COUNTERS, rows)
