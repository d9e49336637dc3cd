from __future__ import annotations

import pytest

from jupyter_crater import templating
from jupyter_crater.spec import Connect, Forward, JobSpec, Port, Provenance, Task


def spec_of(template: str, **values) -> JobSpec:
    return templating.template(template).render(values)


@pytest.fixture
def distributed() -> JobSpec:
    """The main job with a lease, as clusters get it."""
    spec = spec_of("deepseek-r1-distributed", model_volume="models")
    return spec.model_copy(update={"lease_seconds": 8 * 3600})


@pytest.fixture
def client() -> JobSpec:
    """A chat page that talks to a job named deepseek-r1."""
    return JobSpec(
        kind="client",
        title="Open WebUI",
        tasks=(
            Task(
                name="main",
                image="ghcr.io/open-webui/open-webui:v0.6.5",
                command=("bash", "start.sh"),
                ports=(Port(name="web", port=8080),),
            ),
        ),
        forwards=(Forward(name="web", task="main", port=8080),),
        connect=Connect(job="deepseek-r1"),
        provenance=Provenance(template="open-webui", version="1"),
    )
