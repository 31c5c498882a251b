"""The route of the models that the pool serves."""

from fastapi import APIRouter

from codex_lb.dashboard.log_ports import ModelsPort
from codex_lb.dashboard.summaries import Shape


class ModelOption(Shape):
    id: str
    name: str
    source_only: bool = False
    supported_reasoning_efforts: tuple[str, ...] = ()
    default_reasoning_effort: str | None = None


class ModelsResponse(Shape):
    models: list[ModelOption]


def routes(models: ModelsPort) -> APIRouter:
    router = APIRouter(prefix="/api/models", tags=["models"])

    @router.get("")
    async def list_models() -> ModelsResponse:
        """Every model some account can serve."""
        return ModelsResponse(models=[ModelOption.model_validate(entry) for entry in models()])

    return router
