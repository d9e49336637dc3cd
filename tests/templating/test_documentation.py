"""What docs/templates.md shows works as it is written there."""

import re
from pathlib import Path

import pytest

from jupyter_crater import templating
from jupyter_crater.spec import Resources, Volume
from jupyter_crater.templating.body import Body
from jupyter_crater.templating.parameters import Parameter

TEXT = (Path(__file__).parents[2] / "docs" / "templates.md").read_text()
EXAMPLES = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number, example in enumerate(EXAMPLES):
        (tmp_path / f"{number}.yaml").write_text(example)
    return tmp_path


def test_the_examples_are_templates(folder: Path) -> None:
    library = templating.library([folder])
    assert [str(b.error) for b in library.broken] == []
    lab = library.get("lab-deepseek").render({})
    assert lab.nodes == 4
    assert lab.main.env["NCCL_IB_HCA"] == "mlx5_0"
    assert lab.main.env["NCCL_DEBUG"] == "WARN"
    assert "nodes" not in library.get("lab-deepseek").parameters
    spec = library.get("evaluate").render({"model": "/models/a b", "env": {"A": "1"}})
    assert spec.main.command[-2:] == ("--model", "/models/a b")
    assert spec.main.env == {"HF_HUB_OFFLINE": "1", "A": "1"}


def test_every_field_and_every_built_in_template_is_told() -> None:
    for field in (*Body.model_fields, *Parameter.model_fields, *Resources.model_fields):
        assert re.search(f"`{field}\\b", TEXT), field
    for field in Volume.model_fields:
        assert f"`{field}`" in TEXT, field
    for template in templating.templates():
        if template.builtin:
            assert f"| `{template.id}` |" in TEXT
