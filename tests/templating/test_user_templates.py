"""Templates of folders and packages: told where they are wrong, and never in the way of others."""

import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings, strategies as st

from jupyter_crater import templating
from jupyter_crater.errors import ParameterError, TemplateError, TemplateNotFound

GOOD = """\
id: mine
version: 1
kind: custom
title: Mine
description: {en: My own, ja: 私の}
groups: {all: All}
parameters:
  size:
    type: integer
    default: 3
    minimum: 1
    group: all
    title: Size
  word:
    type: string
    title: Word
job:
  command: [echo, "n=${size}", "${word}", "$${HOME}"]
  env: {SIZE: "${size}"}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "templates"
    made.mkdir()
    return made


def test_a_template_of_a_folder(folder: Path) -> None:
    (folder / "mine.yaml").write_text(GOOD)
    template = templating.template("mine", [folder])
    assert template.title == "Mine"
    assert template.text("description", "ja") == "私の"
    assert template.version == "1"
    assert not template.builtin
    spec = template.render({"size": 5})
    assert spec.main.command == ("echo", "n=5", "${HOME}")
    assert spec.main.env == {"SIZE": "5"}
    assert template.render({"word": "a b"}).main.command[2] == "a b"
    assert [t.id for t in templating.templates([folder])][-1] == "mine"


@pytest.mark.parametrize(
    ("before", "after", "line", "field", "says"),
    [
        ("default: 3", "default: x", 10, "parameters.size.default", "a whole number"),
        ("default: 3", "default: 0", 10, "parameters.size.default", "at least 1"),
        ("minimum: 1", "minimun: 1", 11, "parameters.size.minimun", "did you mean 'minimum'"),
        ("minimum: 1", "pattern: x", 11, "parameters.size.pattern", "means nothing"),
        ("    title: Word\n", "", 14, "parameters.word.title", "is missing"),
        ("group: all", "group: none", 12, "parameters.size.group", "isn't under groups"),
        ("type: string", "type: text", 15, "parameters.word.type", "Input should be"),
        ("type: string", "type: string\n    pattern: '('", 16, "parameters.word.pattern", "regular"),
        ("  word:", "  wait:", 14, "parameters.wait", "is a word of launch()"),
        ("  word:", "  Word:", 14, "parameters.Word", "lower-case"),
        ("${word}", "${wort}", 18, "job.command.2", "did you mean 'word'"),
        ("n=${size}", "n=${word}", 18, "job.command.1", "has to stand alone"),
        ('"${word}", ', "", 14, "parameters.word", "used nowhere"),
        ("  env:", "  envs:", 19, "job.envs", "did you mean 'env'"),
        ("kind: custom", "kind: engine", 17, "job", "needs engine here"),
        ("kind: custom", "kind: custum", 3, "kind", "Input should be"),
        ("id: mine", "id: My Own", 1, "id", "DNS-1123"),
        ("id: mine", "id: custom", 1, "id", "is built in and can't be replaced"),
        ("version: 1\n", "", 1, "version", "is missing"),
        ("title: Mine", "title: {ja: 私}", 4, "title", "needs at least 'en'"),
        ("title: Mine", "title: [", 6, "", "not YAML"),
        ("title: Mine", "title: Mine\ntitle: Yours", 5, "title", "written twice (first on line 4)"),
        ("title: Mine", "title: Mine\nicon: ../../x.svg", 5, "icon", "not a path"),
        ("title: Mine", "title: Mine\nextends: nothing", 5, "extends", "isn't a built-in"),
        ("kind: custom", "kind: custom\nday: 2026-13-45", 1, "", "month must be"),
        ("kind: custom", "kind: &a [*a]", 3, "", ""),
        (GOOD, "- a list", 1, "", "is a mapping"),
        (GOOD, "", 1, "", "is a mapping"),
        ("  command: [echo", '  raw_command: "run ${size}"\n  command: [echo', 18, "job.raw_command",
         "under env"),
    ],
)  # fmt: skip
def test_a_broken_one_names_file_line_and_field(
    folder: Path, before: str, after: str, line: int, field: str, says: str
) -> None:
    path = folder / "mine.yaml"
    path.write_text(GOOD.replace(before, after, 1))
    (folder / "other.yaml").write_text(GOOD.replace("id: mine", "id: other"))
    library = templating.library([folder])
    assert [t.id for t in library.templates if not t.builtin] == ["other"]
    (bad,) = library.broken
    text = str(bad.error)
    assert bad.path == path
    assert f"{path}:{line}: {field}" in text
    assert says in text


def test_every_mistake_is_told_at_once(folder: Path) -> None:
    (folder / "mine.yaml").write_text(
        GOOD.replace("minimum: 1", "minimun: 1").replace("type: string", "type: text")
    )
    (bad,) = templating.broken([folder])
    assert str(bad.error).count("mine.yaml:") == 2


def test_asking_for_a_broken_one_tells_what_is_wrong(folder: Path) -> None:
    (folder / "mine.yaml").write_text(GOOD.replace("minimum: 1", "minimun: 1"))
    with pytest.raises(TemplateNotFound, match=r"mine\.yaml:11"):
        templating.template("mine", [folder])


def test_a_second_template_of_one_id_is_refused(folder: Path) -> None:
    (folder / "a.yaml").write_text(GOOD)
    (folder / "b.yml").write_text(GOOD)
    library = templating.library([folder, folder])
    assert library.get("mine").path == folder / "a.yaml"
    (bad,) = library.broken
    assert f"{folder / 'b.yml'}:1: id" in str(bad.error)
    assert str(folder / "a.yaml") in str(bad.error)


def test_an_edit_is_seen_at_the_next_look(folder: Path) -> None:
    path = folder / "mine.yaml"
    path.write_text(GOOD)
    first = templating.template("mine", [folder])
    assert templating.template("mine", [folder]) is first, "read again without a change"
    path.write_text(GOOD.replace("default: 3", "default: 44"))
    assert templating.template("mine", [folder]).defaults["size"] == 44
    path.write_text("broken: [")
    assert templating.library([folder]).broken
    path.unlink()
    with pytest.raises(TemplateNotFound):
        templating.template("mine", [folder])


def test_extending_is_a_merge_patch(folder: Path) -> None:
    (folder / "lab.yaml").write_text(
        """\
extends: deepseek-r1-distributed
id: lab-deepseek
version: "2026-11"
title: Our DeepSeek
parameters:
  model_volume: {default: lab-models}
  reasoning_parser: {default: null}
  trust_remote_code: {default: false}
  greeting: {type: string, default: hi, title: Greeting}
job:
  nodes: 4
  env: {GREETING: "${greeting}", NCCL_SOCKET_IFNAME: null, GLOO_SOCKET_IFNAME: null}
"""
    )
    template = templating.template("lab-deepseek", [folder])
    assert template.text("title", "ja") == "Our DeepSeek"
    assert template.text("parameters.model.title", "ja") == "モデル"
    assert "nodes" not in template.parameters, "fixed now, so nothing to ask"
    assert "network_interface" not in template.parameters
    assert list(template.parameters)[-1] == "greeting"
    spec = template.render({})
    assert [t.replicas for t in spec.tasks] == [1, 3]
    assert spec.tasks[1].env["GREETING"] == "hi"
    assert spec.tasks[1].env["NCCL_DEBUG"] == "WARN"
    assert spec.tasks[0].volumes[0].source == "lab-models"
    assert spec.engine is not None
    assert spec.engine.reasoning_parser is None
    assert spec.engine.trust_remote_code is False
    assert spec.provenance.template == "lab-deepseek"
    assert templating.template("deepseek-r1-distributed").defaults["nodes"] == 2


def test_a_mistake_that_extending_makes_points_into_the_file(folder: Path) -> None:
    (folder / "lab.yaml").write_text(
        "extends: vllm-single\nid: lab\nversion: 1\ntitle: Lab\n"
        "parameters:\n  port:\n    maximum: 7000\n"
    )
    (bad,) = templating.broken([folder])
    assert "vllm" not in str(bad.error).split(":")[0]
    assert "parameters.port.default: port has to be at least 1 and at most 7000" in str(bad.error)


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    library = templating.library([tmp_path / "gone"])
    assert "no such folder" in str(library.broken[0].error)
    assert all(t.builtin for t in library.templates)


def test_folders_of_the_configuration(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "mine.yaml").write_text(GOOD)
    monkeypatch.setenv("JUPYTER_CRATER_TEMPLATE_FOLDERS", str(folder))
    assert templating.template("mine").id == "mine"


def install(site: Path, entry: str, **files: str) -> None:
    """A package as pip leaves it: modules and the metadata beside them."""
    metadata = site / "lab_templates-1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: lab-templates\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(f"[jupyter_crater.templates]\nlab = {entry}\n")
    for name, text in files.items():
        path = site / "lab_templates" / name.replace("__yaml", ".yaml").replace("__py", ".py")
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)


@pytest.mark.parametrize(
    ("entry", "module"),
    [
        ("lab_templates", ""),
        (
            "lab_templates:folder",
            "import os\ndef folder():\n    return os.path.dirname(__file__)\n",
        ),
    ],
)
def test_templates_of_an_installed_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, entry: str, module: str
) -> None:
    install(tmp_path, entry, __init____py=module, mine__yaml=GOOD)
    monkeypatch.syspath_prepend(tmp_path)
    try:
        assert templating.template("mine").path == tmp_path / "lab_templates" / "mine.yaml"
    finally:
        sys.modules.pop("lab_templates", None)


def test_a_package_that_fails_hides_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, "lab_templates", __init____py="raise RuntimeError('no licence')\n")
    monkeypatch.syspath_prepend(tmp_path)
    library = templating.library()
    assert all(t.builtin for t in library.templates)
    assert "lab = lab_templates" in str(library.broken[0].error)
    assert "no licence" in str(library.broken[0].error)


PLAIN = yaml.safe_load(GOOD)
JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.just(1e400),
    st.sampled_from(["", "x", "${size}", "${", "${no}", "[", "2026-13-45", "('"]),
    st.just([]),
    st.just({}),
    st.just([{}]),
    st.just({"en": 1}),
    st.just({1: 2}),
)


def places(value: object, at: tuple = ()) -> list[tuple]:
    inner = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    return [at, *(p for key, item in inner for p in places(item, (*at, key)))]


def replaced(value: object, at: tuple, new: object) -> object:
    if not at:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)  # type: ignore[call-overload]
    copy[at[0]] = replaced(copy[at[0]], at[1:], new)
    return copy


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.sampled_from(places(PLAIN)), junk=JUNK)
def test_whatever_stands_in_a_file_is_a_template_or_a_told_mistake(
    folder: Path, at: tuple, junk: object
) -> None:
    (folder / "mine.yaml").write_text(yaml.safe_dump(replaced(PLAIN, at, junk)))
    library = templating.library([folder])
    for template in (t for t in library.templates if not t.builtin):
        template.render({})
    for bad in library.broken:
        assert isinstance(bad.error, TemplateError)
        assert str(folder / "mine.yaml") in str(bad.error)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 50_000,
        "a: &a [x, x, x, x, x, x, x, x, x]\n"
        + "".join(
            f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]\n"
            for a, b in zip("abcdefgh", "bcdefghi", strict=True)
        ),
        "x" * (2 << 20),
        "id: \xff",
        "id: !!python/object/apply:os.system [true]",
    ],
    ids=["deep", "laughs", "large", "latin-1", "tag"],
)
def test_hostile_files_are_refused(folder: Path, text: str) -> None:
    (folder / "bad.yaml").write_bytes(text.encode("latin-1"))
    (bad,) = templating.broken([folder])
    assert "bad.yaml" in str(bad.error)


def test_one_name_of_an_object_is_set_beside_the_others(folder: Path) -> None:
    (folder / "lab.yaml").write_text(
        "extends: vllm-single\nid: lab\nversion: 1\ntitle: Lab\n"
        "parameters:\n  env: {default: {GREETING: hi}}\n"
    )
    template = templating.template("lab", [folder])
    values = template.coerce({"env.A": "1", "env.B": "x=y z", "port": "9000"})
    assert values == {"env": {"GREETING": "hi", "A": "1", "B": "x=y z"}, "port": 9000}
    assert template.defaults["env"] == {"GREETING": "hi"}
    assert template.render(values).main.env["B"] == "x=y z"
    with pytest.raises(ParameterError, match=r"no parameter 'port\.x'"):
        template.coerce({"port.x": "1"})
