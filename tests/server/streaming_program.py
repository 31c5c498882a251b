"""A whole process for `test_server.py`: streams as many events as the path says, 20 ms apart.

Prints its port when it is ready. The first argument is the drain budget in seconds.
"""

import asyncio
import sys
from typing import Any

from codex_lb import logs
from codex_lb.server import Lifecycle, new_event_loop, serve, stop_on_signals


async def main(drain_s: float) -> None:
    draining, deadline = asyncio.Event(), asyncio.Event()

    async def app(scope: Any, _receive: Any, send: Any) -> None:
        async def event(text: str, *, more: bool = True) -> None:
            body = f"data: {text}\n\n".encode()
            await send({"type": "http.response.body", "body": body, "more_body": more})

        await send({"type": "http.response.start", "status": 200, "headers": []})
        told = False
        for number in range(int(scope["path"][1:])):
            if deadline.is_set():
                await event("failed", more=False)
                return
            await event(str(number))
            if draining.is_set() and not told:
                await event("draining")
                told = True
            await asyncio.sleep(0.02)
        await event("completed", more=False)

    with stop_on_signals() as stop:
        life = Lifecycle(
            on_ready=lambda addresses: print(addresses[0][1], flush=True),  # noqa: T201 # read by the test
            on_drain=draining.set,
            on_deadline=deadline.set,
            drain_s=drain_s,
            notice_s=0.05,
        )
        log = logs.set_up("text", "info", sys.stderr)
        await serve(app, host="127.0.0.1", port=0, life=life, stop=stop, log=log)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(main(float(sys.argv[1])))
