"""Whatever bytes are sent to the import, the answer is one of its own."""

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.dashboard.builders import AuthFile, FakeAccounts, caller

BOUNDARY = "b0undary"
WHOLE = (
    (
        f"--{BOUNDARY}\r\n"
        'content-disposition: form-data; name="auth_json"; filename="auth.json"\r\n'
        "content-type: application/json\r\n\r\n"
    ).encode()
    + AuthFile().document()
    + f"\r\n--{BOUNDARY}--\r\n".encode()
)

ACCOUNTS = FakeAccounts()
CLIENT = caller(ACCOUNTS, peer="127.0.0.1")


def status(body: bytes, content_type: str) -> int:
    async def post() -> int:
        headers = {"content-type": content_type}
        answer = await CLIENT.post("/api/accounts/import", content=body, headers=headers)
        assert answer.status_code == 200 or answer.json()["error"].keys() == {"code", "message"}
        return answer.status_code

    return asyncio.run(post())


def test_the_whole_body_is_taken() -> None:
    assert status(WHOLE, f"multipart/form-data; boundary={BOUNDARY}") == 200


@settings(max_examples=200)
@given(st.integers(0, len(WHOLE)), st.integers(0, 40), st.binary(max_size=40))
def test_a_damaged_body_is_taken_or_refused(at: int, lost: int, put: bytes) -> None:
    damaged = WHOLE[:at] + put + WHOLE[at + lost :]
    assert status(damaged, f"multipart/form-data; boundary={BOUNDARY}") in (200, 400, 422)


@settings(max_examples=100)
@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60))
def test_any_content_type_is_taken_or_refused(rest: str) -> None:
    assert status(WHOLE, f"multipart/form-data{rest}") in (400, 415, 422)
