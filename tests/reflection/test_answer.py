"""Finding the new text in an answer: every shape that models were seen to answer in."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gepa_core.reflection import (
    Empty,
    NewText,
    NoText,
    Refused,
    Truncated,
    Unchanged,
    extract_text,
)
from gepa_core.reflection.fences import fenced

CURRENT = "Answer the question.\nBe brief."
NEW = "Answer the question in one sentence.\nName the source."
F = "```"
CODE = '{"answer": "…"}'

FOUND = {
    "a fenced block": f"{F}\n{NEW}\n{F}",
    "prose around it": f"The examples show two things.\n\n{F}\n{NEW}\n{F}\n\nI hope this helps!",
    "a language tag": f"{F}markdown\n{NEW}\n{F}",
    "another tag": f"{F}text\n{NEW}\n{F}",
    "a tag in capitals": f"{F}TEXT\n{NEW}\n{F}",
    "a longer fence": f"`````\n{NEW}\n`````",
    "tildes": f"~~~\n{NEW}\n~~~",
    "carriage returns after the fences": f"{F}\r\n{NEW}\n{F}\r\n",
    "an indented fence": f"  {F}\n{NEW}\n  {F}",
    "no fence": NEW,
    "white space around": f"\n\n  {NEW}\n\n",
    "a lead-in": f"Here is the improved prompt:\n\n{NEW}",
    "two lead-ins": f"Sure!\nHere's the new text:\n\n{NEW}",
    "a heading as lead-in": f"## Improved prompt\n\n{NEW}",
    "a bold lead-in": f"**Revised instructions:**\n\n{NEW}",
    "a lead-in on the same line": f"New prompt: {NEW}",
    "a typographic lead-in": f"Here\N{RIGHT SINGLE QUOTATION MARK}s the new text:\n{NEW}",
    "a sign-off": f"{NEW}\n\nLet me know if you want it shorter.",
    "tags around it": f"<prompt>\n{NEW}\n</prompt>",
    "tags after reasoning": f"They failed at naming.\n<new_prompt>{NEW}</new_prompt>",
    "tags around a fence": f"<prompt>\n{F}\n{NEW}\n{F}\n</prompt>",
    "quotation marks": f'"{NEW}"',
    "typographic quotation marks": f"“{NEW}”",
    "thinking before it": f"<think>Maybe\n{F}\nnot this\n{F}\n</think>\n{F}\n{NEW}\n{F}",
    "an unclosed fence": f"{F}\n{NEW}",
    "a fence closed on the last line": f"{F}\n{NEW}{F}",
    "a fence opened and closed on lines of text": f"{F}{NEW}{F}",
    "the current text quoted first": f"Old:\n{F}\n{CURRENT}\n{F}\nNew:\n{F}\n{NEW}\n{F}",
    "the current text quoted last": f"{F}\n{NEW}\n{F}\n\nIt replaces:\n\n{F}\n{CURRENT}\n{F}",
    "a part of the current text quoted last": f"{F}\n{NEW}\n{F}\n\nI dropped:\n\n{F}\nBe brief.\n{F}",
    "two versions": f"Draft:\n\n{F}\nA draft.\n{F}\n\nFinal:\n\n{F}\n{NEW}\n{F}",
    "two versions, tagged": f"{F}text\nA draft.\n{F}\nBetter:\n{F}text\n{NEW}\n{F}",
    "example output after it": f"{F}\n{NEW}\n{F}\n\nIt then answers:\n\n{F}json\n{CODE}\n{F}",
    "an unclosed block after it": f"{F}\n{NEW}\n{F}\n\nFor example:\n\n{F}\nParis, says",
    "an empty block after it": f"{F}\n{NEW}\n{F}\n\n{F}\n{F}",
    "apologies inside a fence": f"Done.\n{F}\n{NEW}\n{F}",
}


@pytest.mark.parametrize("answer", FOUND.values(), ids=FOUND.keys())
def test_the_text_is_found(answer: str) -> None:
    assert extract_text(answer, CURRENT) == NewText(NEW)


NESTED = {
    "a tagged block in a longer fence": ("````", f"Reply so:\n{F}json\n{CODE}\n{F}\nThen stop."),
    "a tagged block in the same fence": (F, f"Reply so:\n{F}json\n{CODE}\n{F}\nThen stop."),
    "a bare block in the same fence": (F, f"Reply so:\n{F}\n{CODE}\n{F}\nThen stop."),
    "two tagged blocks": (F, f"So:\n{F}json\n{CODE}\n{F}\nOr so:\n{F}yaml\na: 1\n{F}"),
    "two bare blocks": (F, f"So:\n{F}\n{CODE}\n{F}\nOr so:\n{F}\na: 1\n{F}\nNever otherwise."),
    "a block at the end": (F, f"Reply so:\n{F}json\n{CODE}\n{F}"),
    "a block at the start": (F, f"{F}python\nprint()\n{F}\nis an example."),
    "a block in tildes": (F, f"Reply so:\n~~~\n{CODE}\n~~~\nThen stop."),
}


@pytest.mark.parametrize(("fence", "text"), NESTED.values(), ids=NESTED.keys())
@pytest.mark.parametrize("tag", ["", "markdown"])
def test_the_outermost_block_is_taken(fence: str, text: str, tag: str) -> None:
    answer = f"Here it is:\n\n{fence}{tag}\n{text}\n{fence}\n"
    assert extract_text(answer, CURRENT) == NewText(text)


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (f"{F}You are a poet.\nWrite.\n{F}", "You are a poet.\nWrite."),
        (f"{F}Summarise:\n{{text}}\n{F}", "Summarise:\n{text}"),
        (f"{F}\nmarkdown\nis what you write.\n{F}", "markdown\nis what you write."),
        (f"{F}\nClassify\nthe ticket.\n{F}", "Classify\nthe ticket."),
    ],
)
def test_a_first_line_that_is_no_tag_is_kept(answer: str, text: str) -> None:
    assert extract_text(answer, CURRENT) == NewText(text)


@pytest.mark.parametrize(
    "answer",
    [
        "I'm sorry, but I can't help with that.",
        "I\N{RIGHT SINGLE QUOTATION MARK}m sorry, but I can\N{RIGHT SINGLE QUOTATION MARK}t assist.",
        "I cannot help with rewriting this prompt.",
        "I can't assist with this request.",
        "Sorry, I cannot do that.",
        "Unfortunately, I am unable to provide a rewrite.",
        "As an AI language model, I cannot create such instructions.",
        "I must decline.",
        "This request violates the usage policy.",
        "I won't write that.",
        f"{F}\nI'm sorry, but I can't assist with that.\n{F}",
        f"I'm sorry, but I cannot rewrite this:\n\n{F}\n{CURRENT}\n{F}",
    ],
)
def test_a_refusal_is_told_apart(answer: str) -> None:
    assert isinstance(extract_text(answer, CURRENT), Refused)


@pytest.mark.parametrize(
    "text",
    [
        "I want you to act as a translator.",
        "If you cannot answer, say: I'm sorry, but I can't help with that.",
        "The answer must be short.\nI will give you a question.",
        "You cannot help with refunds; hand those over.",
        "Thoroughly read the ticket, then answer.",
        "Let the customer speak first.",
        "Here is a ticket:\n{ticket}\nClassify it.",
        "Great care is needed.\nCheck every date.",
        "Sort it.\n\nFeel free to use lists.",
        "Sort it.\n\nThis text is shown to the customer.",
        "Classify the text:\n<text>{text}</text>\nAnswer yes or no.",
        "<text>{a}</text> and <text>{b}</text>: which is better?",
        "<text>{a}</text>\n<text>{b}</text>",
        '"Yes" or "no"',
    ],
)
def test_a_text_that_sounds_a_little_like_one_is_a_text(text: str) -> None:
    assert extract_text(text, CURRENT) == NewText(text)


@pytest.mark.parametrize("answer", ["", "   ", "\n\n\t"])
def test_an_empty_answer_is_told_apart(answer: str) -> None:
    assert isinstance(extract_text(answer, CURRENT), Empty)


@pytest.mark.parametrize(
    "answer",
    [
        f"{F}\n{F}",
        f"{F}\n   \n{F}",
        f"`````\n{F}\n{F}\n`````",
        F,
        "OK",
        "Done.",
        "No changes needed.",
        "I think the prompt should mention the source.",
        "I've rewritten the prompt as you asked.",
        "The current prompt is already fine.",
        "Could you share more examples?",
        f"{F}\nAnswer\x00 me.\n{F}",
        f"{F}\nAnswer \ud800 me.\n{F}",
    ],
)
def test_what_is_no_text_never_becomes_one(answer: str) -> None:
    assert isinstance(extract_text(answer, CURRENT), NoText)


@pytest.mark.parametrize(
    "answer",
    [
        f"{F}\n{CURRENT}\n{F}",
        CURRENT,
        f"{F}\n  Answer the\n\nquestion.   Be brief.\n{F}",
        f"Here is the improved prompt:\n\n{CURRENT}",
    ],
)
def test_the_current_text_again_is_told_apart(answer: str) -> None:
    assert isinstance(extract_text(answer, CURRENT), Unchanged)


@pytest.mark.parametrize("reason", ["length", "max_tokens", "MAX_TOKENS"])
@pytest.mark.parametrize("answer", [f"{F}\n{NEW}", NEW, f"{F}\nUse:\n{F}\nx\n{F}\nand mo", ""])
def test_an_answer_that_was_cut_off_is_told_apart(answer: str, reason: str) -> None:
    assert isinstance(extract_text(answer, CURRENT, finish_reason=reason), Truncated)


def test_an_answer_that_a_filter_stopped_is_a_refusal() -> None:
    assert isinstance(extract_text(NEW, CURRENT, finish_reason="content_filter"), Refused)


@pytest.mark.parametrize(
    "current",
    ["<instructions>\nBe brief.\n</instructions>", '"Be brief."', "## New instructions\nBe brief."],
)
def test_marks_that_the_current_text_has_stay(current: str) -> None:
    text = current.replace("Be brief.", "Name the source.")
    assert extract_text(text, current) == NewText(text)


def test_of_code_alone_the_last_block_is_taken() -> None:
    answer = f"{F}python\na = 1\n{F}\n\nBetter:\n\n{F}python\na = 2\n{F}"
    assert extract_text(answer, "a = 0") == NewText("a = 2")


def test_a_shortened_text_alone_is_a_new_text() -> None:
    assert extract_text(f"{F}\nBe brief.\n{F}", CURRENT) == NewText("Be brief.")


def test_reasons_begin_with_a_word_to_count_by() -> None:
    answers = ["I cannot help with that.", "", "OK", CURRENT]
    found = [extract_text(answer, CURRENT) for answer in answers]
    reasons = [each.reason.split(":")[0] for each in found if not isinstance(each, NewText)]
    assert reasons == ["refusal", "empty", "no-text", "unchanged"]
    truncated = extract_text(NEW, CURRENT, finish_reason="length")
    assert isinstance(truncated, Truncated)
    assert truncated.reason.startswith("truncated: ")


prompts = st.text(
    st.one_of(st.sampled_from("`~ \n\r\t{}<>#abc"), st.characters(codec="utf-8", exclude_characters="\x00"))
)


@given(prompts, st.sampled_from(["", "markdown", "text", "json"]))
def test_any_text_in_a_proper_fence_comes_back_exactly(text: str, tag: str) -> None:
    assume(text.replace("`", "").replace("~", "").strip())
    assume(text.split() != CURRENT.split())
    assume(isinstance(extract_text(text, CURRENT), NewText | NoText))  # not by chance a refusal
    assert extract_text(fenced(text, tag), CURRENT) == NewText(text)
    assert extract_text(f"Reasons.\n\n{fenced(text, tag)}\n\nThat is all.", CURRENT) == NewText(text)


@given(st.text(st.characters()), st.text(), st.sampled_from(["", "stop", "length", "content_filter"]))
def test_nothing_that_a_model_says_is_an_error(answer: str, current: str, reason: str) -> None:
    found = extract_text(answer, current, finish_reason=reason)
    if isinstance(found, NewText):
        assert found.text.strip()
        assert "\x00" not in found.text
        assert found.text.split() != current.split()
        found.text.encode("utf-8")


lines = st.sampled_from(
    ["```", "````", "```json", "~~~", "text", "", "New:", "<prompt>", "</prompt>", "```x y"]
)


@given(st.lists(lines, max_size=12).map("\n".join))
def test_any_tangle_of_fences_gives_an_answer(answer: str) -> None:
    found = extract_text(answer, CURRENT)
    assert isinstance(found, NewText | NoText | Empty)
