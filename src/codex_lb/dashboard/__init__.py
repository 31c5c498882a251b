"""The control plane: the operator's API under `/api` and the pages."""
