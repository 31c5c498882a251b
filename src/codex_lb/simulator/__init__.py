"""A scripted ChatGPT back end for tests, benchmark and demo."""
