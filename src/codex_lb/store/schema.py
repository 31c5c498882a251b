"""The tables, alike on SQLite and PostgreSQL.

Times are Unix seconds (`_at`) or milliseconds (`_ms`), money is integer micro-dollars. Lists and
other JSON stand in text columns: nothing is ever looked up inside them. A change here needs a
migration; a test holds the two together.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    text,
)

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)


def _account_key() -> Column[str]:
    owner = ForeignKey("accounts.id", ondelete="CASCADE")
    return Column("account_id", Text, owner, primary_key=True)


accounts = Table(
    "accounts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("chatgpt_account_id", Text),
    Column("chatgpt_user_id", Text),
    Column("email", Text, nullable=False),
    Column("plan", Text, nullable=False),
    Column("workspace_id", Text),
    Column("workspace_label", Text),
    Column("seat_type", Text),
    Column("state", Text, nullable=False),
    Column("state_reason", Text),
    Column("created_at", Double, nullable=False),
    Column("refreshed_at", Double, nullable=False),
    Column("access_expires_at", Double),
    Column("alias", Text),
    Column("priority", Text, nullable=False, server_default="normal"),
    Column("credits", Text),  # JSON
    Column("extras", Text),  # JSON
    Column("reset_credits", Integer, nullable=False, server_default="0"),
)

credentials = Table(  # sealed, see secrets.py
    "credentials",
    metadata,
    _account_key(),
    Column("access_token", LargeBinary, nullable=False),
    Column("refresh_token", LargeBinary, nullable=False),
    Column("id_token", LargeBinary, nullable=False),
)

quota_windows = Table(
    "quota_windows",
    metadata,
    _account_key(),
    Column("minutes", Integer, primary_key=True, autoincrement=False),
    Column("used", Double, nullable=False),
    Column("resets_at", Double),
    Column("measured_at", Double, nullable=False),
    Column("source", Text, nullable=False),
)

quota_samples = Table(  # the history of `quota_windows`
    "quota_samples",
    metadata,
    _account_key(),
    Column("minutes", Integer, primary_key=True, autoincrement=False),
    Column("measured_at", Double, primary_key=True),
    Column("used", Double, nullable=False),
    Column("resets_at", Double),
)
Index(None, quota_samples.c.measured_at)

account_events = Table(
    "account_events",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("account_id", Text, ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False),
    Column("at", Double, nullable=False),
    Column("kind", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("detail", Text),
)
Index(None, account_events.c.account_id, account_events.c.at)
Index(None, account_events.c.at)

refresh_claims = Table(  # an exchange of the refresh token that is under way, see refresh_claims.py
    "refresh_claims",
    metadata,
    _account_key(),
    Column("token_hash", Text, nullable=False),  # SHA-256 of the refresh token
    Column("instance_id", Text, nullable=False),
    Column("claimed_at", Double, nullable=False),
)

blocks = Table(
    "blocks",
    metadata,
    _account_key(),
    Column("kind", Text, primary_key=True),
    Column("model", Text, primary_key=True),  # '' bars every model
    Column("since", Double, nullable=False),
    Column("until", Double, nullable=False),
    Column("reason", Text, nullable=False),
    Column("is_told", Boolean, nullable=False),
)

instances = Table(  # one row per running process
    "instances",
    metadata,
    Column("id", Text, primary_key=True),
    Column("pid", Integer, nullable=False),
    Column("host", Text, nullable=False),
    Column("started_at", Double, nullable=False),
    Column("heartbeat_at", Double, nullable=False),
)

requests = Table(  # OpenedRequest and Receipt in one row; what comes of the receipt may be null
    "requests",
    metadata,
    Column("id", Text, primary_key=True),
    Column("instance_id", Text, nullable=False),
    Column("opened_at_ms", BigInteger, nullable=False),
    Column("endpoint", Text, nullable=False),
    Column("transport", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("effort", Text),
    Column("service_tier", Text),
    Column("api_key_id", Text),
    Column("conversation_id", Text),
    Column("user_agent", Text),
    Column("client_ip", Text),
    Column("status", Text, nullable=False),
    Column("closed_at_ms", BigInteger),
    Column("account_id", Text),  # no foreign key: the row outlives its account
    Column("plan", Text),
    Column("http_status", Integer),
    Column("error_code", Text),
    Column("error_message", Text),
    Column("upstream_status", Integer),
    Column("actual_service_tier", Text),
    Column("response_id", Text),
    Column("input_tokens", BigInteger),  # the four are null together: nothing was counted
    Column("cached_tokens", BigInteger),
    Column("output_tokens", BigInteger),
    Column("reasoning_tokens", BigInteger),
    Column("input_micros", BigInteger),  # the four are null together: nothing was priced
    Column("cached_micros", BigInteger),
    Column("output_micros", BigInteger),
    Column("estimated", Boolean),
    Column("unpriced", Boolean, nullable=False),
    Column("attempts", Text, nullable=False),
    Column("first_event_ms", BigInteger),
    Column("queue_ms", BigInteger, nullable=False),
    Column("duration_ms", BigInteger, nullable=False),
)
Index(None, requests.c.opened_at_ms, requests.c.id)
Index(None, requests.c.account_id, requests.c.opened_at_ms)
Index(None, requests.c.conversation_id, requests.c.opened_at_ms)
_answered = text("response_id IS NOT NULL")
_by_response = Index(None, requests.c.response_id, sqlite_where=_answered)
_is_open = text("status = 'in_progress'")
_by_instance = Index("ix_requests_open", requests.c.instance_id, sqlite_where=_is_open)

rollups = Table(  # closed requests by the hour in which they were opened, see rollups.py
    "rollups",
    metadata,
    Column("dimension", Text, primary_key=True),  # account, account_ever, model, api_key, ...
    Column("hour_at", BigInteger, primary_key=True, autoincrement=False),  # 0 in account_ever
    Column("key", Text, primary_key=True),  # '' for requests without one
    Column("requests", BigInteger, nullable=False),
    Column("errors", BigInteger, nullable=False),
    Column("cancelled", BigInteger, nullable=False),
    Column("input_tokens", BigInteger, nullable=False),
    Column("cached_tokens", BigInteger, nullable=False),
    Column("output_tokens", BigInteger, nullable=False),
    Column("reasoning_tokens", BigInteger, nullable=False),
    Column("cost_micros", BigInteger, nullable=False),
)

settings = Table(
    "settings",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),  # JSON
)

affinities = Table(
    "affinities",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("account_id", Text, nullable=False),
    Column("expires_at", Double, nullable=False),
)
Index(None, affinities.c.expires_at)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("prefix", Text, nullable=False),  # what is shown of the key
    Column("key_hash", Text, nullable=False, unique=True),  # SHA-256, hexadecimal
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double),
    Column("is_active", Boolean, nullable=False),
    Column("allowed_models", Text),  # JSON list; null: every model
    Column("allowed_efforts", Text),  # JSON list; null: every effort
    Column("assigned_accounts", Text),  # JSON list; null: every account
    Column("enforced_model", Text),
    Column("enforced_effort", Text),
    Column("enforced_tier", Text),
    Column("shows_hidden", Boolean, nullable=False),  # Codex is shown the other models as hidden
    Column("last_used_at", Double),
    Column("mean_output", Double),  # tokens per answer, running; null: nothing served yet
)

limits = Table(
    "limits",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("api_key_id", Text, ForeignKey("api_keys.id", ondelete="CASCADE"), nullable=False),
    Column("kind", Text, nullable=False),  # total_tokens, input_tokens, output_tokens, cost_usd
    Column("window", Text, nullable=False),  # 5h, daily, 7d, weekly, monthly
    Column("model", Text, nullable=False),  # '' counts every model
    Column("max_value", BigInteger, nullable=False),
    Column("used", BigInteger, nullable=False),  # settled
    Column("held", BigInteger, nullable=False),  # by requests that run: the sum of reservations
    Column("resets_at", Double, nullable=False),
)
Index(None, limits.c.api_key_id)

reservations = Table(  # what a running request holds of each limit; gone once it is settled
    "reservations",
    metadata,
    Column("request_id", Text, primary_key=True),
    Column(
        "limit_id",
        Integer,
        ForeignKey("limits.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("instance_id", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
)
Index(None, reservations.c.instance_id)

operator_sessions = Table(
    "operator_sessions",
    metadata,
    Column("id_hash", Text, primary_key=True),  # SHA-256 of the cookie's value
    Column("created_at", Double, nullable=False),
    Column("seen_at", Double, nullable=False),
    Column("owes_code", Boolean, nullable=False),  # the password was right, the TOTP code is due
    Column("client_ip", Text),
    Column("user_agent", Text),
)

audit_log = Table(  # what operators did
    "audit_log",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Double, nullable=False),
    Column("actor", Text, nullable=False),  # session, token, local, command line
    Column("client_ip", Text),
    Column("action", Text, nullable=False),
    Column("target", Text),
    Column("detail", Text),  # JSON
)
Index(None, audit_log.c.at)


def speak_postgresql() -> None:
    """Say for PostgreSQL, too, which rows are in an index; loading its dialect takes 2 MB."""
    _by_response.kwargs["postgresql_where"] = _answered
    _by_instance.kwargs["postgresql_where"] = _is_open
