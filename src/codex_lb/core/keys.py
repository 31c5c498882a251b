"""Decide what an API key may do, and what its operator may set about it.

A key is `sk-clb-` and 43 characters. It is shown once; what is kept is its hash, by which a
presented key is found, and its first characters, by which the operator tells it from others.

A request passes a key in two steps: `refused` before its body is read, `refused_call` once the call
is known. What the key imposes (`imposed`) comes between the two, so it is judged like a wish of
the client's own.
"""

import base64
import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace

from codex_lb.core.answers import Answer, forbidden, unauthorized
from codex_lb.core.limits import Limit, Rule
from codex_lb.core.model_names import base_model
from codex_lb.core.raw_fields import Fields, encode, encoded, object_in, read_fields
from codex_lb.core.responses import EFFORT_ALIASES, TIER_ALIASES, Call

PREFIX = "sk-clb-"
MISSING = "Missing API key in Authorization header"
RANDOM_BYTES = 32
SHOWN = 15  # characters
LONGEST_NAME = 128
END_OF_TIME = 253_402_300_800.0  # the year 10000, which no date is written in
EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max", "ultra")
TIERS = ("auto", "default", "priority", "flex", "fast", "ultrafast")


@dataclass(frozen=True, slots=True)
class Terms:
    """What the operator sets about a key, beside its limits. An empty list allows everything."""

    name: str
    allowed_models: tuple[str, ...] = ()
    allowed_efforts: tuple[str, ...] = ()
    assigned_accounts: tuple[str, ...] = ()  # ids; those that have left the pool serve nothing
    enforced_model: str | None = None
    enforced_effort: str | None = None
    enforced_tier: str | None = None
    shows_hidden: bool = False  # Codex is shown the other models as hidden
    expires_at: float | None = None
    is_active: bool = True


@dataclass(frozen=True, slots=True)
class ApiKey:
    id: str
    prefix: str
    hash: str = field(repr=False)
    terms: Terms
    created_at: float
    last_used_at: float | None = None
    mean_output: float | None = None  # tokens per answer, running
    limits: tuple[Limit, ...] = ()


class InvalidKeyError(Exception):
    """What is wanted of a key cannot be; a sentence that names the field."""


@dataclass(frozen=True, slots=True)
class Secret:
    """A new key; `key` is shown once and kept nowhere."""

    key: str = field(repr=False)
    prefix: str
    hash: str = field(repr=False)


def new_secret(random_bytes: bytes) -> Secret:
    """From `RANDOM_BYTES` bytes of chance."""
    key = PREFIX + base64.urlsafe_b64encode(random_bytes).rstrip(b"=").decode()
    return Secret(key, key[:SHOWN], hashed(key))


def hashed(key: str) -> str:
    """Under which a presented key, whatever it is, is looked up."""
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


# -- what a request may ------------------------------------------------------------------------


def refused(key: ApiKey | None, now: float) -> Answer | None:
    """Why nothing may be asked with the key (None: it is not known), before a body is read.

    A deactivated key is told like an unknown one: who holds it need not know that it was one.
    """
    if key is None or not key.terms.is_active:
        return unauthorized("Invalid API key")
    if key.terms.expires_at is not None and key.terms.expires_at <= now:
        return unauthorized("API key has expired")
    return None


def refused_call(key: ApiKey, model: str, effort: str | None) -> Answer | None:
    """`model` and `effort` are those of the call after `imposed`."""
    terms = key.terms
    if not allows(terms, model):
        return forbidden(
            f"This API key does not have access to model '{model}'", "model_not_allowed"
        )
    if terms.allowed_efforts and effort is not None and effort not in _sent(terms.allowed_efforts):
        return forbidden(
            f"This API key may not use reasoning effort {effort}.", "reasoning_effort_not_allowed"
        )
    return None


def restricts(terms: Terms) -> bool:
    """Whether there is a model that the key may not use."""
    return terms.enforced_model is not None or bool(terms.allowed_models)


def allows(terms: Terms, model: str) -> bool:
    """Also for lists of models: the one imposed is then the only one."""
    if terms.enforced_model is not None:
        return base_model(model) == base_model(terms.enforced_model)
    allowed = {base_model(name) for name in terms.allowed_models}
    return not allowed or base_model(model) in allowed


def imposed(key: ApiKey, call: Call) -> Call:
    """The call with the key's model, effort and tier in place of the client's."""
    terms = key.terms
    model = base_model(terms.enforced_model) if terms.enforced_model else call.model
    effort = _as_sent(terms.enforced_effort) if terms.enforced_effort else call.effort
    tier = TIER_ALIASES.get(terms.enforced_tier or "", terms.enforced_tier) or call.service_tier
    if (model, effort, tier) == (call.model, call.effort, call.service_tier):
        return call
    fields: Fields = read_fields(call.body)
    fields["model"] = encoded(model)
    if effort != call.effort:
        fields["reasoning"] = encoded(object_in(fields, "reasoning") | {"effort": encoded(effort)})
    if tier != call.service_tier:
        fields["service_tier"] = encoded(tier)
    renamed = call.renamed or model != call.model
    return replace(
        call, body=encode(fields), model=model, effort=effort, service_tier=tier, renamed=renamed
    )


def _as_sent(effort: str | None) -> str | None:
    return EFFORT_ALIASES.get(effort, effort) if effort else None


def _sent(efforts: Collection[str]) -> set[str | None]:
    return {_as_sent(effort) for effort in efforts}


# -- what an operator may set ------------------------------------------------------------------


def tidied(terms: Terms) -> Terms:
    """As it is kept: trimmed, in lower case where case means nothing, no name twice."""
    tier = _lower(terms.enforced_tier)
    return replace(
        terms,
        name=terms.name.strip(),
        allowed_models=_distinct(name.strip() for name in terms.allowed_models),
        allowed_efforts=_distinct(effort.strip().lower() for effort in terms.allowed_efforts),
        assigned_accounts=_distinct(terms.assigned_accounts),
        enforced_model=(terms.enforced_model or "").strip() or None,
        enforced_effort=_lower(terms.enforced_effort),
        enforced_tier=TIER_ALIASES.get(tier, tier) if tier else None,
    )


def check(terms: Terms, known_accounts: Collection[str]) -> None:
    """Raises `InvalidKeyError`. `terms` are tidied."""
    if not terms.name or len(terms.name) > LONGEST_NAME:
        raise InvalidKeyError(f"`name` must have 1 to {LONGEST_NAME} characters.")
    if "" in terms.allowed_models:
        raise InvalidKeyError("`allowedModels` has an empty name.")
    if terms.expires_at is not None and not 0 <= terms.expires_at < END_OF_TIME:
        raise InvalidKeyError("`expiresAt` is no time that can be kept.")
    _check_words("allowedReasoningEfforts", terms.allowed_efforts, EFFORTS)
    _check_words("enforcedReasoningEffort", _listed(terms.enforced_effort), EFFORTS)
    _check_words("enforcedServiceTier", _listed(terms.enforced_tier), TIERS)
    unknown = set(terms.assigned_accounts) - set(known_accounts)
    if unknown:
        raise InvalidKeyError(
            f"`assignedAccountIds` has unknown ids: {', '.join(sorted(unknown))}."
        )
    _check_enforced(terms)


def check_rules(rules: Sequence[Rule]) -> None:
    """Raises `InvalidKeyError`."""
    places = [rule.place for rule in rules]
    if len(set(places)) < len(places):
        raise InvalidKeyError("`limits` has two rules of the same type, window and model.")
    if "" in {rule.model for rule in rules}:
        raise InvalidKeyError("`limits` has an empty `modelFilter`.")


def _check_enforced(terms: Terms) -> None:
    """A key that imposes what it does not allow would serve nothing."""
    if terms.enforced_model is not None and not allows(
        replace(terms, enforced_model=None), terms.enforced_model
    ):
        raise InvalidKeyError("`enforcedModel` is not among `allowedModels`.")
    if terms.enforced_effort and terms.allowed_efforts:
        _check_words("enforcedReasoningEffort", [terms.enforced_effort], terms.allowed_efforts)


def _check_words(name: str, words: Collection[str], known: Collection[str]) -> None:
    for word in words:
        if word not in known:
            raise InvalidKeyError(f"`{name}` must be one of {', '.join(known)}.")


def _listed(word: str | None) -> list[str]:
    return [word] if word else []


def _lower(word: str | None) -> str | None:
    return (word or "").strip().lower() or None


def _distinct(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(words))
