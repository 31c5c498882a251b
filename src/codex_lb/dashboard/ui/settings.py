"""The settings page: what is set, what it would be otherwise, and where it was set."""

import platform
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from fastapi import APIRouter, Request
from starlette.responses import Response

from codex_lb.core import operator_settings
from codex_lb.core.operator_settings import OperatorSettings
from codex_lb.core.pricing import ListPrice
from codex_lb.dashboard.summaries import Shape
from codex_lb.dashboard.ui.documents import Document, Sources, reply
from codex_lb.settings import Settings, shown

_ASKED_S = 604_800  # within which a model that has no price was asked for


@dataclass(frozen=True, slots=True)
class Variable:
    """One of the environment, as text; None: not set, or nothing is the default."""

    name: str
    value: str | None
    default: str | None


@dataclass(frozen=True, slots=True)
class Installation:
    version: str
    database: Literal["sqlite", "postgresql"] = "sqlite"
    data_dir: str = ""
    variables: Sequence[Variable] = ()
    local_url: str = Settings().local_url

    @classmethod
    def of(cls, settings: Settings, version: str) -> "Installation":
        database: Literal["sqlite", "postgresql"] = (
            "postgresql" if settings.database_url else "sqlite"
        )
        variables = [Variable(*each) for each in shown(settings)]
        data_dir = str(settings.data_dir)
        return cls(version, database, data_dir, variables, settings.local_url)


class SettingField(Shape):
    """`source`: operator, environment or default. What the environment sets needs a restart."""

    name: str
    value: Any
    default: Any
    source: Literal["operator", "environment", "default"]


class Security(Shape):
    has_password: bool
    totp_configured: bool
    totp_required: bool
    has_admin_token: bool
    recovery_codes_left: int
    sessions: int


class Rates(Shape):
    """Micro-dollars per million tokens. `estimated`: by the rates of the model most like it."""

    input: int
    cached: int
    output: int
    estimated: bool


class ServedModel(Shape):
    """`plans`: those of the pool that are known to have it; `rates` None: it has no price."""

    id: str
    name: str
    plans: list[str]
    rates: Rates | None
    own: bool  # the price is the operator's


class About(Shape):
    version: str
    python: str
    database: Literal["sqlite", "postgresql"]
    data_dir: str


class SettingsDocument(Document):
    """`version`: of the operator's settings, for `expectedVersion` of a change."""

    version: int
    operator: list[SettingField]
    environment: list[SettingField]
    security: Security
    models: list[ServedModel]
    about: About


def routes(sources: Sources, installation: Installation) -> APIRouter:
    router = APIRouter(prefix="/api/ui", tags=["ui"])

    @router.get("/settings", response_model=SettingsDocument)
    async def ui_settings(request: Request) -> Response:
        return reply(request, await document(sources, installation))

    return router


async def document(sources: Sources, installation: Installation) -> SettingsDocument:
    stamp = sources.stamp()
    known = await sources.settings.read()
    environment = sources.settings.environment
    usual = operator_settings.in_force(OperatorSettings(), environment)
    login = await sources.callers.login()
    plans = sorted({each.identity.plan for each in await sources.accounts.list()})
    return SettingsDocument.model_validate(
        stamp
        | {
            "version": known.version,
            "operator": [
                _field(name, value, usual[name], "operator")
                for name, value in operator_settings.in_force(known, environment).items()
                if name != "version"
            ],
            "environment": [
                _field(each.name, each.value, each.default, "environment")
                for each in installation.variables
            ],
            "security": Security(
                has_password=login.password_hash is not None,
                totp_configured=login.totp_secret is not None,
                totp_required=login.asks_code,
                has_admin_token=sources.callers.has_token,
                recovery_codes_left=len(login.recovery),
                sessions=len(await sources.callers.sessions()),
            ),
            "models": [
                ServedModel(
                    id=model,
                    name=name,
                    plans=[plan for plan in plans if sources.serves(plan, model)],
                    rates=_rates(sources.list_price(model)),
                    own=model.lower() in known.model_prices(),
                )
                for model, name in (await _named(sources, known)).items()
            ],
            "about": About(
                version=installation.version,
                python=platform.python_version(),
                database=installation.database,
                data_dir=installation.data_dir,
            ),
        }
    )


async def _named(sources: Sources, known: OperatorSettings) -> dict[str, str]:
    """Models by id: those on offer, those with a price of the operator's, those without any."""
    now = sources.clock()
    asked = await sources.history.hourly("model", start_at=now - _ASKED_S, end_at=now)
    unpriced = sorted({each.key for each in asked if sources.list_price(each.key) is None})
    offered = {str(each["id"]): str(each["name"]) for each in sources.models()}
    return {model: model for model in (*known.prices, *unpriced)} | offered


def _rates(price: ListPrice | None) -> Rates | None:
    if price is None:
        return None
    rates = price.rates
    return Rates(
        input=rates.input, cached=rates.cached, output=rates.output, estimated=price.estimated
    )


def _field(
    name: str, value: object, default: object, where: Literal["operator", "environment"]
) -> SettingField:
    source = where if value != default else "default"
    return SettingField(name=name, value=value, default=default, source=source)
