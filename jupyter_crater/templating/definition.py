"""A template: what its file says, checked; its schema and texts; values in, JobSpec out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import Field, ValidationError, field_validator

from ..errors import CraterError, ParameterError, TemplateError, meant, nearest
from ..spec import EngineSettings, JobSpec, Provenance, check_name
from .body import Body, EngineFor, job_spec, references, substitute
from .document import Document, FieldPath
from .parameters import Language, Model, Parameter, Text, in_language, name_problem

LANGUAGES: tuple[str, ...] = get_args(Language)


class Definition(Model):
    """What may stand in a template file."""

    id: str
    version: str
    kind: Literal["engine", "client", "custom"]
    title: Text
    description: Text
    icon: str | None = None
    """Name of an icon of ours ("deepseek", "chat", …) or an emoji; never a path or address."""
    groups: dict[str, Text] = Field(default_factory=dict)
    """Headings of the form, in order."""
    parameters: dict[str, Parameter]
    job: dict[str, Any]

    @field_validator("icon")
    @classmethod
    def _icon(cls, value: str | None) -> str | None:
        if value is not None and (len(value) > 32 or any(c in value for c in "<>/:.\\")):
            raise ValueError("is a name or an emoji, not a path, an address or markup")
        return value


@dataclass(frozen=True, eq=False)
class Template:
    """One template. Made by :func:`jupyter_crater.templating.library`, which has checked it."""

    definition: Definition
    document: Document
    builtin: bool = False

    @property
    def id(self) -> str:
        return self.definition.id

    @property
    def version(self) -> str:
        return self.definition.version

    @property
    def kind(self) -> str:
        return self.definition.kind

    @property
    def icon(self) -> str | None:
        return self.definition.icon

    @property
    def path(self) -> Path:
        return self.document.path

    @property
    def title(self) -> str:
        """The English title."""
        return self.definition.title["en"]

    @property
    def parameters(self) -> Mapping[str, Parameter]:
        return self.definition.parameters

    @cached_property
    def defaults(self) -> dict[str, Any]:
        """Every parameter that needn't be given, with its default."""
        return {n: p.default for n, p in self.parameters.items() if not p.required}

    def __repr__(self) -> str:
        return f"<Template {self.id} {self.version}: {self.title}>"

    def text(self, key: str, language: str = "en") -> str:
        """One text in a language, English where it has none.

        ``key`` is "title", "description", "groups.GROUP", "parameters.NAME.title" or "….help".
        """
        at: Any = self.definition
        for word in key.split("."):
            at = at[word] if isinstance(at, dict) else getattr(at, word)
        return in_language(at, language)

    def schema(self, language: str = "en") -> dict[str, Any]:
        """JSON Schema (2020-12) of the values, with texts in ``language``.

        ``ui`` of a property: group, order (a number, smaller first), unit, advanced, suggest;
        ``ui`` of the whole: the groups with their headings, in order.
        """
        groups = [
            {"id": group, "title": in_language(text, language)}
            for group, text in self.definition.groups.items()
        ]
        properties = {}
        for place, (name, parameter) in enumerate(self.parameters.items()):
            properties[name] = parameter.property_schema(language)
            properties[name]["ui"].setdefault("order", place)
        return {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": self.text("title", language),
            "description": self.text("description", language),
            "type": "object",
            "properties": properties,
            "required": [name for name, p in self.parameters.items() if p.required],
            "additionalProperties": False,
            "ui": {"groups": groups},
        }

    def to_json(self, language: str = "en") -> dict[str, Any]:
        """What a list or a picker shows; ``schema()`` has the rest."""
        return {
            "id": self.id,
            "version": self.version,
            "kind": self.kind,
            "title": self.text("title", language),
            "description": self.text("description", language),
            "icon": self.icon,
            "builtin": self.builtin,
        }

    def coerce(self, texts: Mapping[str, str]) -> dict[str, Any]:
        """Values for the texts of a command line (``--set KEY=VALUE``).

        ``KEY.NAME=VALUE`` sets one name of an object beside those it has by default, e.g.
        ``env.NCCL_IB_HCA=mlx5_0``.

        Raises:
            ParameterError: unknown parameter, or a text that its type can't mean.
        """
        values: dict[str, Any] = {}
        for key, text in texts.items():
            name, dot, inner = key.partition(".")
            parameter = self._parameter(name)
            if dot and parameter.type == "object":
                before = values.get(name, parameter.default) or {}
                values[name] = before | {inner: parameter.coerce_item(text)}
            elif dot:
                raise self._unknown(key)
            else:
                values[name] = parameter.coerce(name, text)
        return values

    def problems(self, values: Mapping[str, Any]) -> list[ParameterError]:
        """Everything that is wrong with the values, in the order of the parameters."""
        found: list[ParameterError] = [self._unknown(n) for n in values if n not in self.parameters]
        for name, parameter in self.parameters.items():
            try:
                if name in values:
                    parameter.check(name, values[name])
                elif parameter.required:
                    raise ParameterError(
                        name,
                        f"{self.id} needs {name}: {self.text(f'parameters.{name}.title')}.",
                        hint=parameter.example(name),
                    )
            except ParameterError as error:
                found.append(error)
        return found

    def validate(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The given values as plain JSON data; defaults are not added.

        Raises:
            ParameterError: the first of :meth:`problems`.
        """
        for problem in self.problems(values):
            raise problem
        return {
            name: p.check(name, values[name])
            for name, p in self.parameters.items()
            if name in values
        }

    def render(self, values: Mapping[str, Any], *, engine_for: EngineFor | None = None) -> JobSpec:
        """The job that these values ask for; provenance holds the given values only.

        ``engine_for`` finds image and engine version of a GPU where the values leave them open
        (default: the catalog's engine entries).

        Raises:
            ParameterError: see :meth:`validate`; also a value that the spec refuses.
        """
        given = self.validate(values)
        try:
            return self.lay_out(self.defaults | given, given, engine_for or catalog_engine)
        except ValidationError as error:
            field, what = _mistakes(error)[0]
            blamed = self._blame(field) or self.id
            raise ParameterError(blamed, f"{blamed}: {what}.", value=given.get(blamed)) from error

    def lay_out(
        self, values: Mapping[str, Any], given: dict[str, Any], engine_for: EngineFor
    ) -> JobSpec:
        """The job for a full set of checked values; :meth:`render` is what to call."""
        return job_spec(
            Body.model_validate(substitute(self.definition.job, values)),
            kind=self.kind,
            title=self.title,
            provenance=Provenance(template=self.id, version=self.version, values=given),
            engine_for=engine_for,
        )

    def _blame(self, field: FieldPath) -> str | None:
        """The first parameter that stands at, around or below a field of the body."""
        for at, name, _ in references(self.definition.job):
            if field and at[: len(field)] == field[: len(at)]:
                return name
        return None

    def _parameter(self, name: str) -> Parameter:
        if name not in self.parameters:
            raise self._unknown(name)
        return self.parameters[name]

    def _unknown(self, name: str) -> ParameterError:
        return ParameterError(
            name,
            f"{self.id} has no parameter {name!r}.",
            hint=meant(name, self.parameters, f"It has: {', '.join(self.parameters)}."),
        )


def build(document: Document, *, builtin: bool = False) -> Template:
    """Check a document as a template, down to a trial rendering with its defaults.

    Raises:
        TemplateError: with a line ``file:line: field: what is wrong`` for each mistake.
    """
    try:
        definition = Definition.model_validate(document.data)
        check_name(definition.id)
    except ValidationError as error:
        raise _pointed(document, _mistakes(error)) from error
    except CraterError as error:
        raise _pointed(document, [(("id",), error.message)]) from error
    template = Template(definition, document, builtin)
    if mistakes := [*_parameter_mistakes(definition), *_body_mistakes(definition)]:
        raise _pointed(document, mistakes)
    try:
        for filled in (False, True):
            trial = {n: p.sample(filled=filled) for n, p in definition.parameters.items()}
            template.lay_out(trial, {}, lambda _gpu, _settings, _ray: (None, None))
    except ValidationError as error:
        raise _pointed(document, _mistakes(error, ("job",))) from error
    return template


Mistake = tuple[FieldPath, str]


def _pointed(document: Document, mistakes: Iterable[Mistake]) -> TemplateError:
    lines = [f"{document.where(field)}: {what}" for field, what in mistakes]
    return TemplateError("\n".join(line if line[-1] in ".?" else f"{line}." for line in lines))


def _mistakes(error: ValidationError, below: tuple[str, ...] = ()) -> list[Mistake]:
    found = []
    for one in error.errors(include_url=False):
        field, what = one["loc"], one["msg"].removeprefix("Value error, ")
        if one["type"] == "extra_forbidden":
            known = list((Body if below and len(field) == 1 else Definition).model_fields)
            if "parameters" in field:
                known = list(Parameter.model_fields)
            close = nearest(str(field[-1]), known)
            what = "no such field" + (f"; did you mean {close!r}?" if close else "")
        elif one["type"] == "missing":
            what = "is missing"
        found.append(((*below, *field), what))
    return found


_ONLY_OF = {
    "enum": "string",
    "pattern": "string",
    "minimum": "integer number",
    "maximum": "integer number",
    "exclusiveMinimum": "integer number",
    "names": "object",
    "values": "object",
}


def _parameter_mistakes(definition: Definition) -> Iterable[Mistake]:
    used = {name for _, name, _ in references(definition.job)}
    for name, parameter in definition.parameters.items():
        at = ("parameters", name)
        if problem := name_problem(name):
            yield at, f"{name!r} {problem}"
        if parameter.group is not None and parameter.group not in definition.groups:
            yield (*at, "group"), f"{parameter.group!r} isn't under groups"
        if name not in used:
            yield at, f"{name!r} is used nowhere in job"
        if parameter.required and parameter.default is not None:
            yield (*at, "required"), "a parameter with a default isn't required"
        foreign = [
            word
            for word, types in _ONLY_OF.items()
            if word in parameter.model_fields_set and parameter.type not in types.split()
        ]
        for word in foreign:
            yield (*at, word), f"means nothing for type {parameter.type}"
        written: list[tuple[FieldPath, Any]] = (
            [(("default",), parameter.default)] if parameter.default is not None else []
        )
        written += [(("examples", i), value) for i, value in enumerate(parameter.examples)]
        for field, value in [] if foreign else written:
            try:
                parameter.check(name, value)
            except ParameterError as error:
                yield (*at, *field), error.message


def _body_mistakes(definition: Definition) -> Iterable[Mistake]:
    for field, name, alone in references(definition.job):
        at = ("job", *field)
        parameter = definition.parameters.get(name)
        if parameter is None:
            close = nearest(name, definition.parameters)
            maybe = f"; did you mean {close!r}?" if close else ""
            yield at, f"no parameter {name!r}{maybe} (a literal is written $${{{name}}})"
        elif not alone and field[:1] == ("raw_command",):
            yield (
                at,
                f"no parameters inside a command text: put ${{{name}}} under env and write ${name.upper()} here",
            )
        elif not alone and (parameter.optional or parameter.type in {"array", "object"}):
            yield at, f"{name!r} may be null or isn't a plain value, so it has to stand alone"
    job = definition.job
    needs = {"engine": ("engine",), "client": ("connect",), "custom": ("command", "raw_command")}
    if not any(word in job for word in needs[definition.kind]):
        words = " or ".join(needs[definition.kind])
        yield ("job",), f"a template of kind {definition.kind} needs {words} here"
    if "engine" in job and "service" in job:
        yield ("job", "service"), "an engine brings its own service: its port and served name"


def catalog_engine(
    gpu: str | None, settings: EngineSettings, over_ray: bool
) -> tuple[str | None, str | None]:
    """Image and version of the engine entry for a GPU; of a given version its own image.

    Raises:
        ParameterError: a GPU that the catalog doesn't know, or that no build runs on.
    """
    from ..catalog import engines, gpus

    if settings.version is not None:
        entry, _ = engines.find(settings.engine, settings.version)
        named = entry.version in entry.image
        image = entry.image.replace(entry.version, settings.version) if named else None
        return image, settings.version
    if gpu is None:
        return None, None
    entry = engines.for_gpu(gpus.find(gpu).compute_capability, engine=settings.engine, ray=over_ray)
    return entry.image, entry.version
