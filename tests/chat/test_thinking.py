import itertools

from hypothesis import given, strategies as st

from jupyter_crater.chat.thinking import Splitter


def split(*pieces: str | tuple[str, str]) -> tuple[str, str]:
    """(thinking, text) after all pieces, retractions done."""
    splitter = Splitter()
    thinking = text = ""
    parts = []
    for piece in pieces:
        parts += splitter.feed(*((None, piece[1]) if isinstance(piece, tuple) else (piece,)))
    for part in [*parts, *splitter.end()]:
        if part.retract:
            thinking, text = thinking + text, ""
        thinking += part.thinking
        text += part.text
    return thinking, text


def test_the_four_ways():
    assert split(("r", "Hm."), "Four.") == ("Hm.", "Four.")
    assert split("<think>Hm.</think>Four.") == ("Hm.", "Four.")
    assert split("Hm.</think>\n\nFour.") == ("Hm.", "Four.")
    assert split("Four.") == ("", "Four.")


@given(
    st.sampled_from(
        [
            "<think>a < b</think>\n\nx </think> y",
            "a\n</think>\n\nx <think> y",
            " \n<think>a</think>x",
        ]
    ),
    st.lists(st.integers(0, 40), max_size=8),
)
def test_cuts_between_deltas_change_nothing(text: str, cuts: list[int]):
    places = sorted({0, len(text), *(c for c in cuts if c < len(text))})
    pieces = [text[a:b] for a, b in itertools.pairwise(places)]
    assert split(*pieces) == split(text)


def test_tags_that_are_spoken_about_stay_text():
    assert split("Close it with `</think>` then.") == ("", "Close it with `</think>` then.")
    assert split("Close it with ", "`", "</think>", "` then.") == (
        "",
        "Close it with `</think>` then.",
    )
    assert split("<think>a</think>the tag <think> and </think>") == (
        "a",
        "the tag <think> and </think>",
    )
    assert split(("r", "a"), "the tag </think>") == ("a", "the tag </think>")
    assert split("It is a <think> tag.") == ("", "It is a <think> tag.")


def test_unclosed_thinking_stays_thinking():
    assert split("<think>a", "b</thi") == ("ab</thi", "")
    assert split("<thi") == ("", "<thi")


def test_text_is_passed_on_at_once():
    splitter = Splitter()
    assert [p.text for p in splitter.feed("Hello")] == ["Hello"]
    assert [p.text for p in splitter.feed(" <")] == [" "]
    assert [p.text for p in splitter.feed("b")] == ["<b"]
