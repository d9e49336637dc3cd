"""The calls of picker and calculator: templates, checks before a launch, sizing, the launch."""

from __future__ import annotations

from typing import Any

from .. import api, config, estimates
from ..engines import Parsed, command_text, parse_command, start_command
from ..errors import CraterError, InputError, ParameterError
from ..spec import JobSpec
from ..templating import LANGUAGES, Template

Params = dict[str, Any]
Json = dict[str, Any]


def templates_list(params: Params) -> Json:
    """All templates, and the backends to choose from: the default first."""
    language = _language(params)
    from ..backends.kubernetes import access

    default = config.load().backend or "local"
    there = ["kubernetes"] if access.kubeconfig() or (access.ACCOUNT / "token").is_file() else []
    return {
        "schema": 1,
        "templates": [template.to_json(language) for template in api.templates()],
        "backends": list(dict.fromkeys([default, "local", *there])),
    }


def template_get(params: Params) -> Json:
    template, language = _template(params), _language(params)
    return {"template": template.to_json(language), "schema": template.schema(language)}


def template_check(params: Params) -> Json:
    """What a launch with these values would be; starts nothing.

    ``errors``: one per wrong parameter; ``refusal``: why it can't be launched as it is; ``plan``,
    ``rehearsal``, ``command``, ``manifest`` and ``code`` as far as the values allow.
    """
    template, values = _template(params), _values(params)
    found: Json = {"schema": 1, "errors": [e.to_dict() for e in template.problems(values)]}
    name, backend = _optional(params, "name"), _optional(params, "backend")
    connect = _optional(params, "connect")
    found["code"] = code(template.id, values, name, backend, connect)
    if found["errors"]:
        return found
    try:
        asked = template.render(values)
    except ParameterError as error:
        found["errors"] = [error.to_dict()]
        return found
    found |= {"command": _command(asked), "manifest": asked.to_json(), "plan": _plan(asked)}
    try:
        prepared = api.prepare(
            template,
            name=name,
            backend=backend,
            connect=connect,
            force=True,
            parameters=values,
        )
        if prepared.backend.name != "local":
            found["manifest"] = prepared.documents()
    except ParameterError as error:
        found["errors"] = [error.to_dict()]
    except CraterError as error:
        found["refusal"] = error.to_dict()
    else:
        found["rehearsal"] = [
            {"setting": c.reason, **c.data, "because": c.message} for c in prepared.changes
        ]
    return found


def _plan(asked: JobSpec) -> Json | None:
    """Of what was asked for, also where a rehearsal will run: that is what the values are for."""
    try:
        plan = estimates.plan(asked)
        return None if plan is None else dict(plan.to_json())
    except CraterError:
        return None


def template_parse(params: Params) -> Json:
    """The values that an edited start command changes, or why it can't be read back."""
    template, values = _template(params), _values(params)
    text = params.get("command")
    if not isinstance(text, str) or not text.strip():
        raise InputError("The start command is empty.")
    parsed = parse_command(text)
    if parsed.settings is None:
        return {"values": None, "because": parsed.because}
    # What the fields say already stays with them: an argument that a template derives (the served
    # name, say) is not to become a given value by being read back.
    before = _settings(parse_command(_command(template.render(values))))
    after = _settings(parsed)
    changed = {
        name: value
        for name, value in after.items()
        if name in template.parameters and value != before.get(name)
    }
    return {"values": changed}


def _settings(parsed: Parsed) -> Json:
    """By the names of template parameters."""
    found: Json = {} if parsed.settings is None else parsed.settings.model_dump(mode="json")
    found["extra_args"] = found.pop("extra", [])
    if parsed.ray_port is not None:
        found["ray_port"] = parsed.ray_port
    if parsed.env:
        found["env"] = parsed.env
    return found


def catalog(_: Params) -> Json:
    """Names to choose from; others work too."""
    from ..catalog import gpus, models

    return {
        "schema": 1,
        "gpus": [gpu.name for gpu in gpus.all()],
        "models": [model.id for model in models.all()],
    }


def size(params: Params) -> Json:
    settings = {name: value for name, value in params.items() if value is not None}
    for name in ("model", "gpu"):
        if not isinstance(settings.get(name), str) or not settings[name].strip():
            raise ParameterError(name, f"{name} has to be named.")
    for name in ("nodes", "gpus_per_node", "tensor_parallel", "pipeline_parallel"):
        value = settings.get(name, 1)
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 1024:
            raise ParameterError(name, f"{name} has to be a whole number from 1 to 1024.")
    plan = api.size(settings.pop("model"), gpu=settings.pop("gpu"), **settings)
    return dict(plan.to_json())


def launch(params: Params) -> Json:
    job = api.launch(
        _template(params),
        name=_optional(params, "name"),
        backend=_optional(params, "backend"),
        connect=_optional(params, "connect"),
        force=flag(params, "force"),
        **_values(params),
    )
    return {"schema": 1, "name": job.name, "backend": job.backend}


def relaunch(params: Params) -> Json:
    """The next attempt of an ended job, ``values`` laid over its own."""
    name = params.get("name")
    if not isinstance(name, str):
        raise InputError("'name' has to be a job's name.")
    job = api.relaunch(name, backend=_optional(params, "backend"), **_values(params))
    return {"schema": 1, "name": job.name, "backend": job.backend}


def code(
    template: str, values: Json, name: str | None, backend: str | None, connect: str | None = None
) -> str:
    """The lines of Python that do the same."""
    given = {"name": name, "backend": backend, "connect": connect} | values
    lines = [f"    {key}={value!r}," for key, value in given.items() if value is not None]
    lines += [f"    {key}=None," for key, value in values.items() if value is None]
    call = "\n".join([f"job = crater.launch(\n    {template!r},", *lines, ")"])
    return f"import jupyter_crater as crater\n\n{call}\njob"


def _command(spec: JobSpec) -> str:
    if spec.raw_command is not None:
        return spec.raw_command
    return command_text(start_command(spec.engine) if spec.engine else spec.main.command)


def _template(params: Params) -> Template:
    name = params.get("id")
    if not isinstance(name, str):
        raise InputError("'id' has to be a template's id.")
    return api.template(name)


def _values(params: Params) -> Json:
    values = params.get("values") or {}
    if not isinstance(values, dict):
        raise InputError("'values' has to be an object: parameter → value.")
    return values


def _optional(params: Params, name: str) -> str | None:
    value = params.get(name)
    if value is not None and not isinstance(value, str):
        raise InputError(f"{name!r} has to be a text.")
    return value or None


def flag(params: Params, name: str) -> bool:
    """Yes or no; a query has words for it.

    Raises:
        InputError: any other word, or a number.
    """
    value = params.get(name)
    try:
        return value is not None and config.flag(value)
    except ValueError as error:
        raise InputError(f"{name!r} {error}, not {value!r}.") from None


def _language(params: Params) -> str:
    value = params.get("language")
    return value if value in LANGUAGES else "en"
