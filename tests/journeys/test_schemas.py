"""Every answer is one that its schema announces, whatever is sent: the operator's API and the proxy's.

Schemathesis makes the requests, good and bad ones, the same in every run.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings, strategies
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tests.journeys import wire
from tests.journeys.pool import Pool
from tests.journeys.service import REPOSITORY, Service

pytestmark = [
    pytest.mark.journey,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(300),  # a quarter of a minute on an idle machine
]

ADMIN = "made-up-admin-token"
HANDS_OUT = frozenset({"/api/accounts/{account_id}/export/auth", "/api/bundle/export"})  # tokens
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@pytest.fixture(scope="module", name="settings")
def _settings() -> dict[str, str]:
    return {"CODEX_LB_ADMIN_API_TOKEN": ADMIN}


@dataclass
class Found:
    """What the answers were, by operation, and which of them no schema announces."""

    statuses: dict[str, Counter[int]] = field(default_factory=dict)
    offences: list[str] = field(default_factory=list)

    @property
    def served(self) -> set[str]:
        """Operations of which at least one request succeeded."""
        return {label for label, seen in self.statuses.items() if any(s < 300 for s in seen)}


@dataclass
class Asker:
    """Asks each operation of a schema, `cases` times with good and as often with bad input.

    `known` are values with which a parameter or a member of the body means something here.
    """

    schema: Any
    service: Service
    token: str | None
    known: Mapping[str, object]
    cases: int
    is_picky: bool = False  # whoever answers knows no members of a body but the known ones
    found: Found = field(default_factory=Found)

    def ask_all(self) -> Found:
        with requests.Session() as session:
            for result in sorted(self.schema.get_all_operations(), key=_ends_things):
                for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
                    self._ask(session, result.ok(), mode)
        return self.found

    def _ask(self, session: requests.Session, operation: Any, mode: GenerationMode) -> None:
        seen = self.found.statuses.setdefault(operation.label, Counter())
        headers = {"authorization": f"Bearer {self.token}"} if self.token else {}

        @settings(
            max_examples=self.cases,
            derandomize=True,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode), is_known=strategies.booleans())
        def ask(case: Any, is_known: bool) -> None:
            if is_known:
                self._make_known(case.path_parameters)
                self._make_known(case.body)
                self._make_plain(case.body)
            answer = case.call(base_url=self.service.url, session=session, headers=headers)
            seen[answer.status_code] += 1
            if operation.path not in HANDS_OUT:
                self.service.heard(answer.text)
            case.validate_response(answer, checks=CHECKS)

        try:
            ask()
        except Unsatisfiable:
            return  # there is nothing about it that could be wrong
        except FailureGroup as failures:
            self.found.offences += [f"{operation.label}: {each}" for each in failures.exceptions]

    def _make_plain(self, body: object) -> None:
        """Upstream refuses what it does not know."""
        if self.is_picky and isinstance(body, dict):
            for name in body.keys() - self.known.keys():
                del body[name]

    def _make_known(self, given: object) -> None:
        if isinstance(given, dict):
            given |= {name: value for name, value in self.known.items() if name in given}


def _ends_things(result: Any) -> bool:
    return bool(result.ok().method == "delete")


async def test_the_operators_api_answers_as_its_schema_says(service: Service, pool: Pool) -> None:
    account = await pool.add()
    key = await _new_key(service)
    known = {"account_id": account.id, "key_id": key["id"]}

    found = await _asked_of_api(service, ADMIN, known, 6)

    assert found.offences == []
    assert len(found.served) >= 30, found.statuses


async def _asked_of_api(
    service: Service, token: str | None, known: Mapping[str, str], cases: int
) -> Found:
    document = await service.admin("GET", "/api/openapi.json")
    schema = schemathesis.openapi.from_dict(document).exclude(path="/api/ui/stream")  # has no end
    return await asyncio.to_thread(Asker(schema, service, token, known, cases).ask_all)


async def test_who_is_not_signed_in_gets_documented_refusals(service: Service) -> None:
    found = await _asked_of_api(service, None, {}, 2)

    assert found.offences == []
    assert found.served == {"GET /api/dashboard-auth/session", "POST /api/dashboard-auth/logout"}


async def test_the_proxy_answers_as_its_document_says(service: Service, pool: Pool) -> None:
    await pool.add()
    key = await _new_key(service)
    # Whatever the operator's routes were told before.
    await service.admin("PUT", "/api/settings", json={"hideUpstreamQuotaFromApiKeys": False})

    found = await _asked_of_proxy(service, key["key"], 14)

    assert found.offences == []
    unknown = {"POST /backend-api/files/{file}/uploaded"}  # which file that is, upstream says
    assert found.served == set(found.statuses) - unknown, found.statuses


async def test_who_shows_no_key_where_one_is_needed_gets_documented_refusals(
    service: Service, pool: Pool
) -> None:
    await pool.add()
    await service.admin("PUT", "/api/settings", json={"apiKeyAuthEnabled": True})
    found = await _asked_of_proxy(service, None, 3)  # the key is looked at first
    await service.admin("PUT", "/api/settings", json={"apiKeyAuthEnabled": False})

    assert found.offences == []
    assert all("/health" in label for label in found.served), found.served


async def _asked_of_proxy(service: Service, token: str | None, cases: int) -> Found:
    schema = schemathesis.openapi.from_path(REPOSITORY / "docs/proxy-openapi.yaml")
    known = {
        "model": "gpt-5.5",
        "input": [wire.message("hello")],
        "instructions": None,
        "messages": [{"role": "user", "content": "hello"}],
        "previous_response_id": None,
        "prompt": "A lighthouse",
        "file_name": "a.txt",
        "file_size": 3,
        "use_case": "codex",
        "stream": False,
        "reasoning": None,
        "service_tier": None,
        "tools": [],
    }
    asker = Asker(schema, service, token, known, cases, is_picky=True)
    return await asyncio.to_thread(asker.ask_all)


async def _new_key(service: Service) -> Any:
    return await service.admin("POST", "/api/api-keys", json={"name": "schemas"})
