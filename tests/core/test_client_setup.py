"""What each client is told, and what is said of an answer."""

import json
import shlex
import tomllib
from dataclasses import replace
from typing import Any

import pytest

from codex_lb.core import client_check
from codex_lb.core.client_setup import CLIENTS, FILES, Client, Facts, Model, configured, models

GPT = Model("gpt-5.5", "GPT-5.5", context=272_000, sees=True)
FACTS = Facts("http://127.0.0.1:2455", "MY_KEY", (GPT, Model("other", "Other")))
CHAT = Facts(FACTS.url, FACTS.key_env, FACTS.models, chat=True)


def test_codex_reads_its_key_from_the_environment() -> None:
    assert tomllib.loads(configured("codex", "", FACTS)) == {
        "model_provider": "codex-lb",
        "model_providers": {
            "codex-lb": {
                "name": "codex-lb",
                "base_url": "http://127.0.0.1:2455/backend-api/codex",
                "wire_api": "responses",
                "env_key": "MY_KEY",
                "supports_websockets": True,
            }
        },
    }


def test_codexs_model_is_left_to_its_user_unless_one_is_chosen() -> None:
    chosen = Facts(FACTS.url, FACTS.key_env, FACTS.models, chosen=True)
    text = 'model = "mine"\nmodel_provider = "openai"\n'
    assert tomllib.loads(configured("codex", text, FACTS))["model"] == "mine"
    assert tomllib.loads(configured("codex", text, chosen))["model"] == "gpt-5.5"


def test_a_sign_in_of_codexs_own_gives_way_to_the_key() -> None:
    text = '[model_providers.codex-lb]\nname = "OpenAI"\nrequires_openai_auth = true\n'
    provider = tomllib.loads(configured("codex", text, FACTS))["model_providers"]["codex-lb"]
    assert "requires_openai_auth" not in provider
    assert provider["env_key"] == "MY_KEY"


@pytest.mark.parametrize(
    ("facts", "package"), [(FACTS, "@ai-sdk/openai"), (CHAT, "@ai-sdk/openai-compatible")]
)
def test_opencode_knows_address_key_and_models(facts: Facts, package: str) -> None:
    told = json.loads(configured("opencode", "", facts))
    assert told["model"] == "codex-lb/gpt-5.5"
    assert told["provider"] == {
        "codex-lb": {
            "npm": package,
            "name": "codex-lb",
            "options": {"baseURL": "http://127.0.0.1:2455/v1", "apiKey": "{env:MY_KEY}"},
            "models": {
                "gpt-5.5": {
                    "name": "GPT-5.5",
                    "reasoning": True,
                    "limit": {"context": 272_000, "output": 32_000},
                    "attachment": True,
                    "modalities": {"input": ["text", "image"], "output": ["text"]},
                },
                "other": {"name": "Other", "reasoning": True},
            },
        }
    }


@pytest.mark.parametrize(
    ("facts", "api"), [(FACTS, "openai-responses"), (CHAT, "openai-completions")]
)
def test_openclaw_knows_address_key_and_models(facts: Facts, api: str) -> None:
    assert json.loads(configured("openclaw", "", facts)) == {
        "agents": {"defaults": {"model": {"primary": "codex-lb/gpt-5.5"}}},
        "models": {
            "mode": "merge",
            "providers": {
                "codex-lb": {
                    "baseUrl": "http://127.0.0.1:2455/v1",
                    "apiKey": "${MY_KEY}",
                    "api": api,
                    "models": [
                        {
                            "id": "gpt-5.5",
                            "name": "GPT-5.5",
                            "reasoning": True,
                            "contextWindow": 272_000,
                            "input": ["text", "image"],
                        },
                        {"id": "other", "name": "Other", "reasoning": True},
                    ],
                }
            },
        },
    }


@pytest.mark.parametrize("facts", [FACTS, CHAT], ids=["responses", "chat"])
def test_the_sdks_code_compiles(facts: Facts) -> None:
    code = configured("sdk", "", facts)
    compile(code, "sdk", "exec")
    assert 'os.environ["MY_KEY"]' in code


PROGRAMS = [client for client in CLIENTS if client not in FILES]


@pytest.mark.parametrize("facts", [FACTS, CHAT], ids=["responses", "chat"])
@pytest.mark.parametrize("client", PROGRAMS)
def test_a_program_has_address_key_and_model_in_it(client: Client, facts: Facts) -> None:
    code = configured(client, "", facts)
    path = "chat/completions" if facts.chat else "responses"
    assert "http://127.0.0.1:2455/v1" in code
    assert path.replace("/", "." if client != "curl" else "/") in code
    assert "MY_KEY" in code
    assert '"gpt-5.5"' in code
    assert "$$" not in code


def test_curl_sends_json_and_lets_the_shell_put_the_key_in() -> None:
    *options, data = shlex.split(configured("curl", "", FACTS))
    assert "Authorization: Bearer $MY_KEY" in options
    assert json.loads(data) == {"model": "gpt-5.5", "input": "Say hello."}


@pytest.mark.parametrize("client", CLIENTS)
def test_a_model_can_be_used_that_is_not_the_first(client: Client) -> None:
    told = configured(client, "", replace(FACTS, chosen=True, to_use="other"))
    assert ("gpt-5.5" in told) is (client in ("opencode", "openclaw"))
    assert '"other"' in told or '"codex-lb/other"' in told


@pytest.mark.parametrize("client", CLIENTS)
def test_a_second_time_changes_nothing(client: Client) -> None:
    once = configured(client, "", FACTS)
    assert configured(client, once, FACTS) == once


def listed(*entries: dict[str, Any]) -> bytes:
    return json.dumps({"object": "list", "data": entries}).encode()


@pytest.mark.parametrize(
    ("answer", "chosen", "expected"),
    [
        pytest.param(
            listed({"id": "a", "metadata": {"display_name": "A"}, "context_length": 5,
                    "supports_images": True}, {"id": "b"}),
            None, (Model("a", "A", 5, sees=True), Model("b", "b")), id="as listed",
        ),
        pytest.param(
            listed({"id": "a"}, {"id": "b", "context_length": 5}), "b",
            (Model("b", "b", 5), Model("a", "a")), id="the chosen one in front",
        ),
        pytest.param(
            listed({"id": "a"}), "new", (Model("new", "new"), Model("a", "a")),
            id="one that is not listed",
        ),
    ],
)  # fmt: skip
def test_the_models(answer: bytes, chosen: str | None, expected: tuple[Model, ...]) -> None:
    assert models(answer, chosen) == expected


@pytest.mark.parametrize("answer", [b"", b"<html>", b'{"error": {}}', listed()])
def test_without_a_list_well_known_models_are_told(answer: bytes) -> None:
    assert "gpt-5.5" in {model.id for model in models(answer, None)}


# -- the check ---------------------------------------------------------------------------------


def error(code: str | None, message: str = "Because.", **more: object) -> bytes:
    kind = {"type": "server_error"}
    return json.dumps({"error": kind | {"code": code, "message": message} | more}).encode()


def stream(kind: str, **fields: object) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (
        kind.encode(), json.dumps({"type": kind} | fields).encode(),
    )  # fmt: skip


FAILED = {"error": {"code": "insufficient_quota", "message": "All gone."}}


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        pytest.param(401, error("invalid_api_key"), "MY_KEY is not accepted", id="wrong key"),
        pytest.param(503, error("no_accounts"), "no account that can serve", id="no accounts"),
        pytest.param(400, error("no_accounts"), "no account that can serve", id="Codex's no accounts"),
        pytest.param(403, error("model_not_allowed"), "may not use gpt-5.5", id="forbidden model"),
        pytest.param(400, error("model_not_supported"), "does not have gpt-5.5", id="no such model"),
        pytest.param(429, error("usage_limit_reached", "Until 5."), "used up. Until 5.", id="quota"),
        pytest.param(429, error("rate_limit_exceeded"), "A limit is reached", id="limit"),
        pytest.param(403, error("ip_forbidden"), "refused: Because.", id="another refusal"),
        pytest.param(502, error("upstream_error"), "failed: Because.", id="a fault"),
        pytest.param(200, stream("response.failed", response=FAILED), "used up. All gone.",
                     id="a stream that fails"),
        pytest.param(200, stream("response.created"), "broke off", id="a stream that ends"),
        pytest.param(200, b"<html>", "Something else", id="a page"),
        pytest.param(404, b"", "Something else", id="nothing there"),
        pytest.param(200, b'{"id": "r", "error": null}', None, id="an answer"),
        pytest.param(200, stream("response.completed", response={}), None, id="a whole stream"),
    ],
)  # fmt: skip
def test_what_is_said_of_an_answer(status: int, body: bytes, expected: str | None) -> None:
    said = client_check.complaint(status, body, FACTS, has_key=True)
    assert said == expected if expected is None else expected in (said or "")


def test_without_a_key_its_user_is_told_how_to_get_one() -> None:
    said = client_check.complaint(401, error("invalid_api_key"), FACTS, has_key=False)
    assert said is not None
    assert "export MY_KEY=" in said


@pytest.mark.parametrize(
    ("client", "facts", "path"),
    [
        ("codex", FACTS, "/responses"),
        ("opencode", FACTS, "/responses"),
        ("opencode", CHAT, "/chat/completions"),
        ("codex", CHAT, "/responses"),
    ],
)
def test_the_question_is_the_clients(client: Client, facts: Facts, path: str) -> None:
    asked, body = client_check.question(client, facts)
    assert (asked, body["model"]) == (path, "gpt-5.5")
