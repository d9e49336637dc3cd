"""A YAML file as plain values that remember on which line each of them stands."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ..errors import TemplateError

# libyaml parses ten times faster; wheels of pyyaml carry it, source builds may not.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

MAX_BYTES = 1 << 20
MAX_FIELDS = 20_000
MAX_DEPTH = 50
"""A template is a page or two; what is larger is something else (aliases can multiply)."""

TEXTS = frozenset({"title", "description", "help"})
"""Keys whose value is one text: :func:`merge` replaces them whole, languages included."""

FieldPath = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """Plain values of a file, with the file and line (from 1) of every field."""

    path: Path
    data: dict[str, Any]
    lines: dict[FieldPath, tuple[Path, int]]

    def where(self, field: FieldPath) -> str:
        """``file:line: field`` of the field, or of the nearest one around it that is written."""
        at = field
        while at not in self.lines and at:
            at = at[:-1]
        path, line = self.lines.get(at, (self.path, 1))
        return f"{path}:{line}: {'.'.join(map(str, field)) or 'template'}"


def read(path: Path, *, ours: bool = False) -> Document:
    """Read one YAML file; ``ours`` spares the check against hostile ones.

    Raises:
        TemplateError: unreadable, not YAML, a key written twice, or no mapping at the top.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise TemplateError(f"{path}: larger than 1 MiB, so not a template.")
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise TemplateError(f"{path}: can't be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise TemplateError(f"{path}: not UTF-8 text (byte {error.start}).") from error
    loader = _Loader(text)
    try:
        if not ours:
            _check_depth(text)
        root = loader.get_single_node()
        if not isinstance(root, yaml.MappingNode):
            raise TemplateError(f"{path}:1: a template is a mapping with id, version, title, job.")
        lines: dict[FieldPath, tuple[Path, int]] = {}
        _walk(root, (), path, lines, set())
        data: dict[str, Any] = loader.construct_document(root)
    except (RecursionError, ValueError) as error:  # ValueError: 2026-13-45 looks like a date
        raise TemplateError(f"{path}:1: can't be read as YAML: {error}.") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        what = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise TemplateError(f"{path}:{mark.line + 1 if mark else 1}: not YAML: {what}.") from error
    finally:
        loader.dispose()
    return Document(path, data, lines)


def _check_depth(text: str) -> None:
    """libyaml composes by recursion in C: a file of brackets would end the process."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise ValueError(f"nested deeper than {MAX_DEPTH}")


def _walk(
    node: yaml.Node,
    field: FieldPath,
    path: Path,
    lines: dict[FieldPath, tuple[Path, int]],
    around: set[int],
) -> None:
    """Note lines; refuse what YAML allows and a template has no use for."""
    lines.setdefault(field, (path, node.start_mark.line + 1))
    if len(lines) > MAX_FIELDS:
        raise TemplateError(f"{path}: more than {MAX_FIELDS} fields, so not a template.")
    if isinstance(node, yaml.ScalarNode):
        return
    if id(node) in around:
        raise TemplateError(f"{path}:{node.start_mark.line + 1}: an alias that contains itself.")
    around.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            _walk(item, (*field, index), path, lines, around)
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            inner = (*field, str(key.value))
            line = key.start_mark.line + 1
            if inner in lines:
                raise TemplateError(
                    f"{path}:{line}: {'.'.join(map(str, inner))}: written twice "
                    f"(first on line {lines[inner][1]})."
                )
            lines[inner] = (path, line)
            _walk(value, inner, path, lines, around)
    around.discard(id(node))


def merge(base: Document, patch: Document) -> Document:
    """``patch`` over ``base`` as a JSON merge patch (RFC 7396): null removes, mappings merge.

    Texts are the exception: a title in one language doesn't keep the base's other languages.
    """
    return Document(patch.path, _merge(base.data, patch.data), base.lines | patch.lines)


def _merge(base: Any, patch: Any) -> Any:
    if not isinstance(patch, dict):
        return patch
    result = dict(base) if isinstance(base, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        elif key in TEXTS:
            result[key] = value
        else:
            result[key] = _merge(result.get(key), value)
    return result
