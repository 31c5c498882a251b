"""`python -m codex_lb` is `codex-lb`."""

from codex_lb.cli import main

main(prog_name="codex-lb")
