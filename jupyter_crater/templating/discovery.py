"""All templates that are there: built in, of the user's folders, of installed packages.

Files are read when they changed (time and size), so an edited template is seen at the next call
without a watcher. A broken file hides no other: it stands in ``Library.broken``.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Any

from ..errors import TemplateError, TemplateNotFound, meant
from .body import references
from .definition import Template, build
from .document import Document, merge, read

BUILTIN = Path(__file__).parent.parent / "catalog" / "templates"
GROUP = "jupyter_crater.templates"
"""Entry points name a package that holds ``*.yaml`` files, or a callable that returns a folder."""

_OWN = ("id", "version", "title")


@dataclass(frozen=True, slots=True)
class Broken:
    """A template that can't be used, and why."""

    path: Path
    error: TemplateError
    id: str | None = None
    """The id it has or would have, where that much could be read."""


@dataclass(frozen=True, slots=True)
class Library:
    """What one look found: built-in templates first, then by folder and file name."""

    templates: tuple[Template, ...]
    broken: tuple[Broken, ...]

    def get(self, template_id: str) -> Template:
        """The template of that id.

        Raises:
            TemplateNotFound: with the nearest id, or with what is wrong in the file that has it.
        """
        for one in self.templates:
            if one.id == template_id:
                return one
        for bad in self.broken:
            if template_id in {bad.id, bad.path.stem}:
                raise TemplateNotFound(
                    f"The template {template_id!r} is broken.", hint=str(bad.error)
                )
        ids = [t.id for t in self.templates]
        raise TemplateNotFound(
            f"There is no template {template_id!r}.",
            hint=meant(template_id, ids, f"There are: {', '.join(ids)}."),
        )


def templates(extra_folders: Iterable[Path | str] | None = None) -> list[Template]:
    """All usable templates; see :func:`library`."""
    return list(library(extra_folders).templates)


def broken(extra_folders: Iterable[Path | str] | None = None) -> list[Broken]:
    """All templates that can't be used, each with its error; see :func:`library`."""
    return list(library(extra_folders).broken)


def template(template_id: str, extra_folders: Iterable[Path | str] | None = None) -> Template:
    """One template by its id.

    Raises:
        TemplateNotFound: see :meth:`Library.get`.
    """
    if template_id in builtin_ids():  # reserved, so nothing else has to be looked at
        return _builtin(template_id)
    return library(extra_folders).get(template_id)


def library(extra_folders: Iterable[Path | str] | None = None) -> Library:
    """Look at every template there is.

    ``extra_folders`` come after the configured ones (``template_folders``); then entry points.
    """
    found = {one: _builtin(one) for one in builtin_ids()}
    bad: list[Broken] = []
    for folder in _folders(extra_folders, bad):
        for path in sorted([*folder.glob("*.yaml"), *folder.glob("*.yml")]):
            result = _load(path)
            if isinstance(result, Template) and result.id in found:
                first = found[result.id].path
                clash = TemplateError(
                    f"{result.document.where(('id',))}: {result.id!r} is the id of {first} already."
                )
                result = Broken(path, clash, result.id)
            if isinstance(result, Broken):
                bad.append(result)
            else:
                found[result.id] = result
    return Library(tuple(found.values()), tuple(bad))


@cache
def builtin_ids() -> tuple[str, ...]:
    """Ids that are taken; the file of each has its name. The flagship stands first."""
    return tuple(sorted((p.stem for p in BUILTIN.glob("*.yaml")), key=lambda i: (i == "custom", i)))


@cache
def _builtin(template_id: str) -> Template:
    document = read(BUILTIN / f"{template_id}.yaml", ours=True)
    return build(_extended(document), builtin=True)


_cache: dict[Path, tuple[tuple[int, int], Template | Broken]] = {}
_lock = threading.Lock()


def _load(path: Path) -> Template | Broken:
    """A user's file, read again only if it changed."""
    try:
        stat = path.stat()
    except OSError as error:
        return Broken(path, TemplateError(f"{path}: can't be read: {error.strerror}."))
    stamp = (stat.st_mtime_ns, stat.st_size)
    with _lock:
        known = _cache.get(path)
        if known is None or known[0] != stamp:
            known = _cache[path] = (stamp, _read_user(path))
        return known[1]


def _read_user(path: Path) -> Template | Broken:
    template_id: str | None = None
    try:
        document = read(path)
        template_id = str(document.data["id"]) if "id" in document.data else None
        if missing := [field for field in _OWN if field not in document.data]:
            raise TemplateError(f"{path}:1: {missing[0]}: is missing.")
        if template_id in builtin_ids():
            raise TemplateError(
                f"{document.where(('id',))}: {template_id!r} is built in and can't be replaced; "
                f"choose another id (with 'extends: {template_id}' to start from it)."
            )
        return build(_extended(document))
    except TemplateError as error:
        return Broken(path, error, template_id)


def _extended(document: Document) -> Document:
    """The document over the built-in one that it extends, if it does."""
    data = dict(document.data)
    base = data.pop("extends", None)
    if base is None:
        return document
    if base not in builtin_ids() or base == data.get("id"):
        known = ", ".join(builtin_ids())
        raise TemplateError(
            f"{document.where(('extends',))}: {base!r} isn't a built-in template ({known})."
        )
    merged = merge(_builtin(base).document, Document(document.path, data, document.lines))
    return _without_idle(merged, kept=data.get("parameters"))


def _without_idle(document: Document, kept: Any) -> Document:
    """Without inherited parameters that the changed body has no use for."""
    parameters = document.data.get("parameters")
    if not isinstance(parameters, dict):
        return document
    wanted = {name for _, name, _ in references(document.data.get("job"))}
    wanted |= set(kept) if isinstance(kept, dict) else set()
    used = {name: p for name, p in parameters.items() if name in wanted}
    return replace(document, data=document.data | {"parameters": used})


def _folders(extra: Iterable[Path | str] | None, bad: list[Broken]) -> Iterator[Path]:
    from .. import config

    named = [*config.load().template_folders, *(extra or ())]
    for folder in dict.fromkeys(Path(one).expanduser() for one in named):
        if folder.is_dir():
            yield folder
        else:
            bad.append(Broken(folder, TemplateError(f"{folder}: there is no such folder.")))
    for point in metadata.entry_points(group=GROUP):
        try:
            yield _folder_of(point.load())
        except Exception as error:  # noqa: BLE001  (someone else's package must not hide ours)
            what = TemplateError(
                f"entry point {point.name} = {point.value} (group {GROUP}): "
                f"{type(error).__name__}: {error}"
            )
            bad.append(Broken(Path(point.value), what, point.name))


def _folder_of(loaded: Any) -> Path:
    if isinstance(loaded, ModuleType):
        places = list(getattr(loaded, "__path__", []))
        folder = Path(places[0] if places else Path(str(loaded.__file__)).parent)
    else:
        folder = Path(loaded()) if callable(loaded) else Path(loaded)
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder} is no folder")
    return folder
