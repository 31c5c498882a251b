"""What a client must be told, so that it talks to codex-lb: a new configuration, or an old one changed.

The API key is never in it: every client reads it from the environment. Facts about the clients and
the pitfalls behind the choices: `docs/clients.md`.
"""

from dataclasses import dataclass
from string import Template
from typing import Literal, get_args

import msgspec

from codex_lb.core import catalogue, json_edit, toml_edit
from codex_lb.core.foreign_json import JsonObject, decode

Client = Literal["codex", "opencode", "openclaw", "sdk", "typescript", "curl"]
CLIENTS: tuple[Client, ...] = get_args(Client)
FILES: dict[
    Client, str
] = {  # where nothing in the environment says otherwise; the others have none
    "codex": "~/.codex/config.toml",
    "opencode": "~/.config/opencode/opencode.json",
    "openclaw": "~/.openclaw/openclaw.json",
}

_NAME = "codex-lb"
_MOST_OUTPUT = 32_000  # tokens that OpenCode asks for at most; upstream tells no bound

_PYTHON = """\
import os

from openai import OpenAI

client = OpenAI(base_url="$url/v1", api_key=os.environ["$key_env"])
"""
_TYPESCRIPT = """\
import OpenAI from "openai";

const client = new OpenAI({ baseURL: "$url/v1", apiKey: process.env.$key_env });
"""
_CURL = """ \\
  -H "Authorization: Bearer $$$key_env" \\
  -H "Content-Type: application/json" \\
"""

# Of clients without a file: a program that speaks responses, and one that speaks chat completions.
_PROGRAMS: dict[Client, tuple[str, str]] = {
    "sdk": (
        _PYTHON
        + """\
response = client.responses.create(model="$model", input="Say hello.")
print(response.output_text)
""",
        _PYTHON
        + """\
messages = [{"role": "user", "content": "Say hello."}]
completion = client.chat.completions.create(model="$model", messages=messages)
print(completion.choices[0].message.content)
""",
    ),
    "typescript": (
        _TYPESCRIPT
        + """\
const response = await client.responses.create({ model: "$model", input: "Say hello." });
console.log(response.output_text);
""",
        _TYPESCRIPT
        + """\
const messages = [{ role: "user" as const, content: "Say hello." }];
const completion = await client.chat.completions.create({ model: "$model", messages });
console.log(completion.choices[0].message.content);
""",
    ),
    "curl": (
        "curl $url/v1/responses"
        + _CURL
        + """\
  -d '{"model": "$model", "input": "Say hello."}'
""",
        "curl $url/v1/chat/completions"
        + _CURL
        + """\
  -d '{"model": "$model", "messages": [{"role": "user", "content": "Say hello."}]}'
""",
    ),
}


@dataclass(frozen=True, slots=True)
class Model:
    id: str
    name: str
    context: int | None = None  # tokens; None: not told
    sees: bool = False  # takes images


@dataclass(frozen=True, slots=True)
class Facts:
    """`models`: at least one, the first is to be used unless `to_use` says otherwise.

    `chosen`: by the user.
    """

    url: str  # of codex-lb, without a slash at its end
    key_env: str
    models: tuple[Model, ...]
    chosen: bool = False
    chat: bool = False  # speak chat completions where there is a choice
    to_use: str | None = None

    @property
    def model(self) -> str:
        return self.to_use or self.models[0].id


class _Entry(msgspec.Struct):
    id: str
    metadata: JsonObject = {}
    context_length: int | None = None
    supports_images: bool = False


class _Listed(msgspec.Struct):
    data: list[_Entry]


def models(listed: bytes, chosen: str | None) -> tuple[Model, ...]:
    """Those of a `/v1/models` answer (well-known ones if it is none), `chosen` in front."""
    told = decode(listed, _Listed)
    known = {
        entry.id: Model(
            entry.id,
            str(entry.metadata.get("display_name") or entry.id),
            entry.context_length,
            entry.supports_images,
        )
        for entry in (told.data if told else ())
    } or {slug: Model(slug, slug) for slug in (str(e["slug"]) for e in catalogue.BUILT_IN)}
    first = [known.pop(chosen, Model(chosen, chosen))] if chosen else []
    return (*first, *known.values())


def configured(client: Client, text: str, facts: Facts) -> str:
    """`text` (a client's configuration, empty if it has none) with codex-lb in it.

    What is right already stays as it is. Raises `CannotEditError`.
    """
    match client:
        case "codex":
            return toml_edit.put(text, _codex(facts))
        case "opencode":
            return json_edit.put(text, _opencode(facts))
        case "openclaw":
            return json_edit.put(text, _openclaw(facts))
        case "sdk" | "typescript" | "curl":
            program = Template(_PROGRAMS[client][facts.chat])
            return program.substitute(url=facts.url, key_env=facts.key_env, model=facts.model)


def base_url(client: Client, facts: Facts) -> str:
    return facts.url + ("/backend-api/codex" if client == "codex" else "/v1")


def _codex(facts: Facts) -> dict[str, toml_edit.Values]:
    model = {"model": facts.model} if facts.chosen else {}
    return {
        "": {**model, "model_provider": _NAME},
        f"model_providers.{_NAME}": {
            # Under the name "OpenAI" the history is compacted upstream, and then only one account
            # can read it.
            "name": _NAME,
            "base_url": base_url("codex", facts),
            "wire_api": "responses",
            "env_key": facts.key_env,
            "requires_openai_auth": None,
            "supports_websockets": True,
        },
    }


def _opencode(facts: Facts) -> JsonObject:
    provider = {
        "npm": "@ai-sdk/openai-compatible" if facts.chat else "@ai-sdk/openai",
        "name": _NAME,
        "options": {
            "baseURL": base_url("opencode", facts),
            "apiKey": f"{{env:{facts.key_env}}}",
        },
        "models": {model.id: _opencode_model(model) for model in facts.models},
    }
    return {
        "$schema": "https://opencode.ai/config.json",
        "provider": {_NAME: provider},
        "model": f"{_NAME}/{facts.model}",
    }


def _opencode_model(model: Model) -> JsonObject:
    told: JsonObject = {"name": model.name, "reasoning": True}
    if model.context:  # without it a long conversation is never compacted
        told["limit"] = {"context": model.context, "output": _MOST_OUTPUT}
    if model.sees:
        told["attachment"] = True
        told["modalities"] = {"input": ["text", "image"], "output": ["text"]}
    return told


def _openclaw(facts: Facts) -> JsonObject:
    provider = {
        "baseUrl": base_url("openclaw", facts),
        "apiKey": f"${{{facts.key_env}}}",
        "api": "openai-completions" if facts.chat else "openai-responses",
        "models": [_openclaw_model(model) for model in facts.models],
    }
    return {
        "agents": {"defaults": {"model": {"primary": f"{_NAME}/{facts.model}"}}},
        "models": {"mode": "merge", "providers": {_NAME: provider}},
    }


def _openclaw_model(model: Model) -> JsonObject:
    told: JsonObject = {"id": model.id, "name": model.name, "reasoning": True}
    if model.context:
        told["contextWindow"] = model.context
    if model.sees:
        told["input"] = ["text", "image"]
    return told
