"""Say a chat's tools, and the choice among them, as upstream knows them.

There a tool has no level of its own for what is special about it. The oldest form, `functions` and
`function_call`, becomes tools too.
"""

from msgspec import Raw

from codex_lb.core.raw_fields import (
    FALSE,
    NULL,
    BadRequestError,
    Fields,
    as_object,
    encoded,
    given,
    list_in,
    object_in,
    picked,
    text_in,
)

REPLACED = ("functions", "function_call", "web_search_options")
_NESTED = ("function", "custom")
_WEB_SEARCH = frozenset({"web_search", "web_search_preview", "web_search_preview_2025_03_11"})


def translated(fields: Fields) -> Fields:
    """The members that differ. Raises `BadRequestError` for a tool that upstream does not run."""
    said: Fields = {}
    tools = list_in(fields, "tools") if given(fields, "tools") else []
    flat = [_tool(as_object(raw), f"tools[{i}]") for i, raw in enumerate(tools)]
    if given(fields, "functions"):
        flat += [_function(as_object(raw)) for raw in list_in(fields, "functions")]
        said["parallel_tool_calls"] = FALSE  # there is room for one call in the answer
    if given(fields, "web_search_options"):
        flat.append(_web_search(object_in(fields, "web_search_options")))
    if flat:
        said["tools"] = encoded(flat)
    for name in ("function_call", "tool_choice"):
        if given(fields, name):
            said["tool_choice"] = _choice(fields[name])
    return said


def _tool(tool: Fields, place: str) -> Fields:
    kind = text_in(tool, "type")
    if kind in _WEB_SEARCH or (kind in _NESTED and given(tool, "name")):
        return tool
    if kind == "function":
        return _function(object_in(tool, "function"))
    if kind == "custom":
        custom = object_in(tool, "custom")
        form = object_in(custom, "format")
        if form:
            grammar = picked(form, "type") | object_in(form, "grammar")
            custom["format"] = encoded(grammar)
        return picked(tool, "type") | custom
    raise BadRequestError(f"Tools of type {kind!r} are not supported.", param=f"{place}.type")


def _function(function: Fields) -> Fields:
    # Where nothing is said, chat does not bind the model to the schema, and upstream would.
    said = {name: value for name, value in function.items() if value != NULL}
    return {"type": encoded("function"), "strict": FALSE} | said


def _web_search(options: Fields) -> Fields:
    tool = {"type": encoded("web_search")} | picked(options, "search_context_size")
    place = object_in(options, "user_location")
    if place:
        tool["user_location"] = encoded(picked(place, "type") | object_in(place, "approximate"))
    return tool


def _choice(choice: Raw) -> Raw:
    """Words stay as they are; a tool's name stands one level higher."""
    wanted = as_object(choice)
    kind = text_in(wanted, "type")
    if kind == "allowed_tools":
        allowed = object_in(wanted, kind) or wanted
        tools = list_in(allowed, "tools") if given(allowed, "tools") else []
        flat = {"tools": encoded([_choice(tool) for tool in tools])}
        return encoded(picked(wanted, "type") | picked(allowed, "mode") | flat)
    if kind in _NESTED and given(wanted, kind):
        return encoded(picked(wanted, "type") | picked(object_in(wanted, kind), "name"))
    if kind is None and given(wanted, "name"):  # a `function_call`
        return encoded({"type": encoded("function")} | picked(wanted, "name"))
    return choice
