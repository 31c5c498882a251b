"""A proxy and load balancer for pools of ChatGPT accounts."""

__version__ = "0.1.0"
