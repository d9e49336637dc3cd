"""One value against one parameter: taken for what it means, or refused with what is right."""

import json
import math
from fractions import Fraction
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given, strategies as st

from jupyter_crater.errors import ParameterError
from jupyter_crater.templating.parameters import Parameter, in_language


def parameter(**fields: object) -> Parameter:
    return Parameter.model_validate({"title": "P"} | fields)


@pytest.mark.parametrize(
    ("fields", "value", "plain"),
    [
        ({"type": "integer"}, 8, 8),
        ({"type": "integer"}, 8.0, 8),
        ({"type": "integer"}, Fraction(8), 8),
        ({"type": "integer"}, None, None),
        ({"type": "integer", "default": 1, "nullable": True}, None, None),
        ({"type": "number"}, 1, 1),
        ({"type": "number"}, Fraction(1, 2), 0.5),
        ({"type": "string"}, Path("/models/x"), "/models/x"),
        ({"type": "array"}, "--seed 0 --x 'a b'", ["--seed", "0", "--x", "a b"]),
        ({"type": "array"}, ("a",), ["a"]),
        ({"type": "object"}, {"A": 1, "B": "x"}, {"A": "1", "B": "x"}),
        ({"type": "object", "values": "integer"}, {"rdma/hca": 1}, {"rdma/hca": 1}),
    ],
)
def test_taken_for_what_it_means(fields: dict, value: object, plain: object) -> None:
    checked = parameter(**fields).check("p", value)
    assert checked == plain
    assert type(checked) is type(plain)
    json.dumps(checked)


@pytest.mark.parametrize(
    ("fields", "value", "says"),
    [
        ({"type": "integer"}, "8", "a whole number, not '8'"),
        ({"type": "integer"}, 8.5, "a whole number"),
        ({"type": "integer"}, True, "a whole number"),
        ({"type": "integer"}, math.inf, "a whole number"),
        ({"type": "integer", "required": True}, None, "can't be empty"),
        ({"type": "number"}, math.nan, "a number"),
        ({"type": "number", "minimum": 0, "maximum": 1, "unit": "GiB"}, 2, "at most 1 GiB"),
        ({"type": "number", "exclusiveMinimum": 0}, 0, "above 0"),
        ({"type": "boolean", "default": True}, 1, "true or false"),
        ({"type": "string"}, 1, "text"),
        ({"type": "string"}, "a\0b", "text"),
        ({"type": "string", "pattern": "^/"}, "x", "has to match"),
        ({"type": "string", "enum": ["half", "auto"]}, "hlaf", "Did you mean 'half'"),
        ({"type": "array"}, [1], "a list of texts"),
        ({"type": "array"}, "'open", "isn't balanced"),
        ({"type": "object"}, [("A", "1")], "a mapping"),
        ({"type": "object"}, {1: "x"}, "can't be a name here"),
        ({"type": "object"}, {"A": None}, "A has to be text"),
        ({"type": "object", "values": "integer"}, {"A": "1"}, "A has to be a count"),
        ({"type": "object", "values": "integer"}, {"A": -1}, "A has to be a count"),
        ({"type": "object", "names": "^[A-Z]+$"}, {"a b": "x"}, "can't be a name here"),
        ({"type": "integer", "default": 7}, "x", "For example p=7"),
    ],
)
def test_refused_with_what_is_right(fields: dict, value: object, says: str) -> None:
    with pytest.raises(ParameterError) as caught:
        parameter(**fields).check("p", value)
    assert says in str(caught.value)
    assert caught.value.parameter == "p"


@pytest.mark.parametrize(
    ("fields", "text", "value"),
    [
        ({"type": "integer"}, "32768", 32768),
        ({"type": "integer"}, "null", None),
        ({"type": "integer"}, "", None),
        ({"type": "number"}, "0.9", 0.9),
        ({"type": "number"}, "1", 1),
        ({"type": "boolean", "default": False}, "Yes", True),
        ({"type": "boolean", "default": False}, "off", False),
        ({"type": "string", "default": "x"}, "none", "none"),
        ({"type": "string"}, " a ", " a "),
        ({"type": "array"}, "--seed 0", ["--seed", "0"]),
        ({"type": "object"}, 'A=1 B="x y"', {"A": "1", "B": "x y"}),
        ({"type": "object"}, '{"A": "1"}', {"A": "1"}),
        ({"type": "object", "values": "integer"}, "rdma/hca=1", {"rdma/hca": 1}),
    ],
)
def test_a_text_of_the_command_line(fields: dict, text: str, value: object) -> None:
    assert parameter(**fields).coerce("p", text) == value
    assert type(parameter(**fields).coerce("p", text)) is type(value)


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"type": "integer"}, "many"),
        ({"type": "number"}, "0,9"),
        ({"type": "boolean", "default": True}, "maybe"),
        ({"type": "object"}, "A"),
        ({"type": "object"}, '{"A": '),
        ({"type": "array"}, "'open"),
    ],
)
def test_a_text_that_means_nothing(fields: dict, text: str) -> None:
    with pytest.raises(ParameterError, match="p"):
        parameter(**fields).coerce("p", text)


PARAMETERS = [
    parameter(type="integer", minimum=1, maximum=65535, default=8000),
    parameter(type="integer", minimum=0),
    parameter(type="number", exclusiveMinimum=0, maximum=1, required=True),
    parameter(type="boolean", default=True),
    parameter(type="string", pattern="^[a-z]+$"),
    parameter(type="string", enum=("half", "auto"), default="half", nullable=True),
    parameter(type="object", names="^[A-Z]+$", default={}),
    parameter(type="object", values="integer", default={}),
    parameter(type="array", default=[]),
]
WORDS = st.sampled_from(["", "half", "auto", "abc", "ABC", "A B", "1", "/x"])
NUMBERS = st.integers(-2, 70000) | st.floats(allow_nan=False, allow_infinity=False, width=32)
VALUES = (
    st.none()
    | st.booleans()
    | NUMBERS
    | WORDS
    | st.lists(WORDS | NUMBERS, max_size=3)
    | st.dictionaries(WORDS, WORDS | NUMBERS | st.booleans(), max_size=2)
)


@given(st.sampled_from(PARAMETERS), VALUES)
def test_what_is_accepted_is_what_the_schema_accepts(one: Parameter, value: object) -> None:
    """A form checks by the schema, Python by ``check``: they must not differ."""
    schema = one.property_schema()
    valid = jsonschema.Draft202012Validator(schema)
    try:
        plain = one.check("p", value)
    except ParameterError:
        assert not valid.is_valid(value)
    else:
        assert valid.is_valid(plain)
        lenient = one.type in {"array", "object"}  # command-line text, numbers in env
        assert lenient or valid.is_valid(value)


def test_a_text_in_the_nearest_language() -> None:
    text = {"en": "e", "ja": "j", "zh-CN": "z"}
    found = [in_language(text, tag) for tag in ("ja", "ja_JP", "zh_CN", "zh", "zh-Hans", "de", "")]
    assert found == ["j", "j", "z", "z", "z", "e", "e"]
