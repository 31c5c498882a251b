"""What is measured: each scenario is one shape of traffic."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scenario:
    """How many requests of which size, and what upstream answers to each."""

    name: str
    title: str
    body_bytes: int
    events: int  # text deltas in each reply
    pace_ms: float  # between two of them; 0: all at once
    connections: int
    requests: int  # in each round
    rounds: int
    limit_s: float = 12.0  # for one round; a slower target is judged by what it finished
    pause_s: float = 0.0
    probes_health: bool = False
    watches_memory: bool = False
    over_socket: bool = False  # turns on WebSockets
    needs_cost: bool = True  # whether CPU per request is the point


_BODY = 20_000

SCENARIOS = (
    Scenario(
        "burst",
        "200 events at once, 20 KB request, 16 connections",
        body_bytes=_BODY,
        events=200,
        pace_ms=0,
        connections=16,
        requests=600,
        rounds=5,
    ),
    Scenario(
        "paced",
        "100 events 20 ms apart (ideal 2.0 s), 20 KB request, 50 streams at once",
        body_bytes=_BODY,
        events=100,
        pace_ms=20,
        connections=50,
        requests=50,
        rounds=3,
    ),
    Scenario(
        "sockets",
        "200 frames at once, 20 KB turn, 16 WebSockets",
        body_bytes=_BODY,
        events=200,
        pace_ms=0,
        connections=16,
        requests=600,
        rounds=3,
        over_socket=True,
    ),
    Scenario(
        "paced sockets",
        "100 frames 20 ms apart (ideal 2.0 s), 20 KB turn, 50 WebSockets at once",
        body_bytes=_BODY,
        events=100,
        pace_ms=20,
        connections=50,
        requests=50,
        rounds=2,
        over_socket=True,
    ),
    Scenario(
        "quiet",
        "one stream at a time, 20 events at once, 20 KB request",
        body_bytes=_BODY,
        events=20,
        pace_ms=0,
        connections=1,
        requests=200,
        rounds=3,
        pause_s=0.004,
        needs_cost=False,
    ),
    Scenario(
        "crowd",
        "500 streams at once, 40 events 100 ms apart (ideal 3.9 s), 20 KB request",
        body_bytes=_BODY,
        events=40,
        pace_ms=100,
        connections=500,
        requests=500,
        rounds=2,
        limit_s=20.0,
        probes_health=True,
        watches_memory=True,
    ),
    Scenario(
        "large",
        "1 MB request, 10 events at once, 8 connections",
        body_bytes=1_000_000,
        events=10,
        pace_ms=0,
        connections=8,
        requests=120,
        rounds=3,
        watches_memory=True,
    ),
)
