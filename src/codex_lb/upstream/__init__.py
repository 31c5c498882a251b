"""Speaks to the ChatGPT back end and its login host."""
