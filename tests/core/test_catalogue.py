"""Upstream's entries reach every kind of client in its shape, and nothing is made up."""

import json
from typing import Any

import pytest

from codex_lb.core import catalogue
from codex_lb.core.foreign_json import JsonObject

TOLD: JsonObject = {
    "slug": "gpt-9",
    "display_name": "GPT-9",
    "context_window": 1000,
    "supported_reasoning_levels": [{"effort": "low", "description": "l"}, {"effort": "max"}],
    "default_reasoning_level": "low",
    "input_modalities": ["text", "image"],
    "base_instructions": "Be good.",
    "unheard_of": {"kept": [1.5, None]},
}
HIDDEN: JsonObject = {"slug": "secret", "visibility": "hide"}


def openai(*entries: JsonObject) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(catalogue.build(entries).openai.body)["data"]
    return found


def test_codex_gets_the_entries_as_they_came_hidden_ones_too() -> None:
    document = json.loads(catalogue.build([TOLD, HIDDEN]).codex.body)
    assert document["models"] == [TOLD, HIDDEN]
    assert [model["id"] for model in document["data"]] == ["gpt-9"]


def test_the_openai_shape_repeats_what_upstream_told() -> None:
    (model,) = openai(TOLD)
    abilities = {
        "context_length": 1000,
        "supports_reasoning": True,
        "supports_images": True,
        "supports_vision": True,
    }
    assert model == abilities | {
        "id": "gpt-9",
        "object": "model",
        "created": 0,
        "owned_by": "codex-lb",
        "metadata": {
            name: TOLD[name]
            for name in (
                "display_name", "context_window", "input_modalities",
                "supported_reasoning_levels", "default_reasoning_level",
            )
        },
        "capabilities": abilities
        | {
            "input_modalities": ["text", "image"],
            "supports_tool_use": True,
            "supports_streaming": True,
        },
        "contextLength": 1000,
        "supportsReasoning": True,
        "supportsImages": True,
        "supportsVision": True,
    }  # fmt: skip


@pytest.mark.parametrize(
    "odd",
    [
        pytest.param({"input_modalities": 5}, id="modalities"),
        pytest.param({"supported_reasoning_levels": "low"}, id="levels"),
        pytest.param({"supported_reasoning_levels": [1, {"effort": None}]}, id="single levels"),
        pytest.param({"display_name": None, "visibility": "list"}, id="names"),
    ],
)
def test_odd_fields_are_no_harm(odd: JsonObject) -> None:
    known = catalogue.build([{"slug": "gpt-9"} | odd])
    assert json.loads(known.openai.body)["data"][0]["id"] == "gpt-9"
    assert catalogue.for_dashboard(known)[0]["supportedReasoningEfforts"] == []


def test_names_alone_are_shown_but_not_to_codex() -> None:
    known = catalogue.build(catalogue.BUILT_IN)
    assert json.loads(known.codex.body)["models"] == []
    assert "gpt-5.5" in {model["id"] for model in json.loads(known.openai.body)["data"]}


def test_one_model_can_be_asked_for_by_name_unless_it_is_hidden() -> None:
    known = catalogue.build([TOLD, HIDDEN])
    document = known.entry("gpt-9")
    assert document is not None
    assert json.loads(document.body) == openai(TOLD)[0]
    assert known.entry("secret") is None
    assert known.entry("other") is None


def test_a_tag_changes_when_and_only_when_its_document_does() -> None:
    known = catalogue.build([TOLD])
    same = catalogue.build([dict(TOLD)])
    instructed = catalogue.build([TOLD | {"base_instructions": "Be better."}])
    assert (same.codex, same.openai) == (known.codex, known.openai)
    assert instructed.codex.etag != known.codex.etag
    assert instructed.openai == known.openai


def test_the_dashboard_gets_names_and_efforts() -> None:
    listed = {"slug": "bare", "supported_reasoning_levels": ["low"]}
    assert catalogue.for_dashboard(catalogue.build([TOLD, HIDDEN, listed])) == [
        {
            "id": "gpt-9",
            "name": "GPT-9",
            "sourceOnly": False,
            "supportedReasoningEfforts": ["low", "max"],
            "defaultReasoningEffort": "low",
            "context": 1000,
            "sees": True,
        },
        {
            "id": "bare",
            "name": "bare",
            "sourceOnly": False,
            "supportedReasoningEfforts": ["low"],
            "defaultReasoningEffort": None,
            "context": None,
            "sees": False,
        },
    ]


@pytest.mark.parametrize(
    ("body", "slugs"),
    [
        pytest.param(b'{"models":[{"slug":"a"},{"slug":""},{},{"slug":1}]}', ["a"], id="slugs"),
        pytest.param(b'{"models":[]}', None, id="an empty list replaces nothing"),
        pytest.param(b'{"models":[1]}', None, id="other things"),
        pytest.param(b"<html>", None, id="no JSON"),
    ],
)
def test_what_counts_as_a_catalogue(body: bytes, slugs: list[str] | None) -> None:
    found = catalogue.read(body)
    assert (None if found is None else [entry["slug"] for entry in found]) == slugs
