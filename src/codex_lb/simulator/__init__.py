"""A ChatGPT back end and login host on loopback, scriptable call by call."""

from codex_lb.simulator.accounts import SimAccount
from codex_lb.simulator.record import Received
from codex_lb.simulator.server import Simulator

__all__ = ["Received", "SimAccount", "Simulator"]
