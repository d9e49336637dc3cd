"""The public names, what importing costs, and the error tree as its docstring draws it."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import subprocess
import sys

import pytest

import jupyter_crater
from jupyter_crater import errors

HEAVY = ("kubernetes", "openai", "ipywidgets", "jupyter_server", "pydantic", "ray", "yaml", "httpx")


def modules() -> list[str]:
    found = pkgutil.walk_packages(jupyter_crater.__path__, "jupyter_crater.")
    inside = ("jupyter_crater.engines.inside", "jupyter_crater.labextension")
    # Modules that start something when they are run are imported by name elsewhere, not here.
    return [m.name for m in found if not m.name.startswith(inside) and "__main__" not in m.name]


def test_names_are_sorted_and_there():
    assert jupyter_crater.__all__ == sorted(jupyter_crater.__all__)
    assert set(jupyter_crater._HOME) - {"load_ipython_extension"} == set(jupyter_crater.__all__)
    for name in jupyter_crater.__all__:
        assert getattr(jupyter_crater, name).__module__.startswith("jupyter_crater."), name


def test_they_stay_what_they_were_when_every_submodule_is_imported():
    before = {name: getattr(jupyter_crater, name) for name in jupyter_crater.__all__}
    for name in modules():
        importlib.import_module(name)
    for name, value in before.items():
        assert getattr(jupyter_crater, name) is value, name


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="lunch"):
        jupyter_crater.lunch  # noqa: B018


def test_importing_it_loads_nothing_heavy():
    code = f"import jupyter_crater, sys; print([m for m in {HEAVY} if m in sys.modules])"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"


def test_help_loads_nothing_heavy():
    code = (
        "import sys\nfrom jupyter_crater.cli import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        f"print([m for m in {HEAVY} if m in sys.modules], file=sys.stderr)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stderr.strip() == "[]"


def tree(kind: type, depth: int = 0) -> list[tuple[int, str]]:
    rows = [(depth, kind.__name__)]
    own = [k for k in kind.__subclasses__() if k.__module__ == errors.__name__]
    for child in sorted(own, key=lambda c: inspect.getsourcelines(c)[1]):
        rows += tree(child, depth + 1)
    return rows


def test_the_docstring_draws_the_tree_as_it_is():
    drawn = []
    for line in (errors.__doc__ or "").splitlines():
        word = line.replace("│", " ").replace("├──", "   ").replace("└──", "   ")
        name = word.split()[0] if word.split() else ""
        if hasattr(errors, name) and name[0].isupper():
            drawn.append(((len(word) - len(word.lstrip()) - 4) // 4, name))
    assert drawn == tree(errors.CraterError)


def test_every_error_is_exported_and_travels_as_json():
    kinds = {name for _, name in tree(errors.CraterError)}
    assert kinds == set(errors.__all__) - {"nearest"}
    error = errors.ParameterError("dtype", "No dtype 'hlaf'.", value="hlaf", hint="half")
    assert error.to_dict() == {
        "error": "ParameterError",
        "message": "No dtype 'hlaf'.",
        "hint": "half",
        "parameter": "dtype",
    }
    assert str(error) == "No dtype 'hlaf'.\nhalf"
