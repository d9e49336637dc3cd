import pytest

from jupyter_crater.chat import Settings, Turn, fit
from jupyter_crater.errors import InputError


def talk(turns: int, size: int = 300) -> list[Turn]:
    roles = ["user", "assistant"]
    return [Turn(role=roles[i % 2], text=f"{i} " + "x" * size) for i in range(turns)]


def test_thinking_is_not_sent():
    turns = [Turn(role="user", text="2+2?"), Turn(role="assistant", text="4", thinking="hm")]
    sent, omitted = fit([*turns, Turn(role="user", text="sure?")], Settings(), 4096)
    assert [m["content"] for m in sent] == ["2+2?", "4", "sure?"]
    assert omitted == 0


def test_empty_answers_are_not_sent():
    turns = [Turn(role="user", text="a"), Turn(role="assistant"), Turn(role="user", text="b")]
    assert [m["content"] for m in fit(turns, Settings(), None)[0]] == ["a", "b"]


def test_the_oldest_go_first_and_the_system_prompt_stays():
    turns = talk(41)
    sent, omitted = fit(turns, Settings(system="Be short.", max_tokens=100), 1100)
    assert sent[0] == {"role": "system", "content": "Be short."}
    assert sent[1]["role"] == "user"
    assert sent[-1]["content"] == turns[-1].text
    assert omitted == 41 - (len(sent) - 1)
    assert 5 <= len(sent) <= 10


def test_one_message_that_is_too_long_is_sent_all_the_same():
    sent, omitted = fit(talk(3, size=50_000), Settings(), 1000)
    assert len(sent) == 1
    assert omitted == 2


def test_the_ratio_of_earlier_answers_counts():
    chinese = Turn(role="assistant", text="力" * 1000, completion_tokens=1000)
    turns = [Turn(role="user", text="力" * 1000), chinese, Turn(role="user", text="力")]
    assert fit(turns, Settings(max_tokens=10), 2100)[1] == 0
    assert fit(turns, Settings(max_tokens=10), 1500)[1] == 2


def test_unknown_context_is_not_trimmed():
    assert fit(talk(101), Settings(), None)[1] == 0


@pytest.mark.parametrize(
    "data", [None, {}, "x", [{"role": "system", "text": "x"}], [{"text": "x"}], [1]]
)
def test_foreign_turns_are_refused(data):
    with pytest.raises(InputError):
        Turn.list_from_json(data)


def test_foreign_settings_are_refused():
    with pytest.raises(InputError, match="temperature"):
        Settings.from_json({"temperature": 7})
