"""Telling by its wording whether an unfenced answer is a text, talk around one, or a refusal."""

from __future__ import annotations

import re

_CANNOT = r"(?:can'?t|cannot|can not|couldn'?t|won'?t|will not|(?:'?m |am )?(?:unable|not able) to)"
_REFUSALS = (
    rf"(?:i ?'?a?m )?(?:(?:very|so|really|truly) )?(?:sorry|afraid)\b.{{0,60}}?\b{_CANNOT}",
    r"(?:sorry|apologies)\W+(?:but )?(?:no|i)\b",
    rf"(?:(?:unfortunately|(?:my )?apologies)\W+(?:but )?)?(?:as an ai\b.{{0,60}}?\b)?i ?{_CANNOT} "
    r"(?:help|assist|comply|do th|fulfil|provide|write|rewrite|create|generate|produce|improve|support"
    r"|continue|engage|discuss|process|answer th)",
    r"i (?:(?:must|have to|need to) )?(?:respectfully )?(?:decline|refuse)\b",
    r"(?:this|that|the|your) request\b.{0,60}?\b(?:violates|goes against|is against|cannot be)\b",
)
_TALK = (
    r"i (?:think|would|see|notice|suggest|believe|recommend|need more|don'?t|do not|found|looked|reviewed)\b",
    r"i (?:analy[sz]ed|have (?:review|analy|look|rewr|updat|improv|no\b))",
    r"i'(?:d|ve|ll)\b",
    r"(?:let me|let's) (?:analy|look|think|start|first|know|review|consider)",
    r"looking at the",
    r"it (?:looks|seems|appears)\b",
    r"thank(?:s| you)\b",
    r"the (?:current|existing|original|given|provided) (?:prompt|text|instructions?)\b",
    r"(?:could|can|would) you\b.*\?$",
    r"(?:please )?(?:provide|share) (?:me )?(?:the|more|your)\b.{0,60}\?",
    r"no changes?\b",
    r"nothing to (?:change|improve)",
)
_WHAT = r"(?:prompt|text|instructions?|version|component|description|template|rewrite|revision)"
_NEW = r"(?:new|improved|revised|updated|rewritten|final|optimi[sz]ed|better)"
_LEAD_LINES = (
    r"(?:sure|certainly|of course|okay|absolutely|great)[!,.:][^\n]*",
    rf"(?:here(?: is| are|'s)|below is|this is)\b[^\n]*\b(?:{_NEW}|prompt|instructions?)\b[^\n]*:",
    rf"(?:#+ *|\*\*)?(?:the |my )?{_NEW} (?:\w+ ){{0,3}}{_WHAT} *:? *(?:\*\*)?:?",
)
_SIGN_OFFS = (
    r"let me know|i hope th|hope th|would you like me|feel free to (?:adjust|ask|change|let|modify|tweak)",
    rf"this {_NEW} (?:version|prompt|text|instruction)\b",
)


def _any(alternatives: tuple[str, ...]) -> str:
    return "(?:" + "|".join(alternatives) + ")"


_IS_REFUSAL = re.compile(rf"^\W*+{_any(_REFUSALS)}", re.IGNORECASE | re.DOTALL)
_IS_TALK = re.compile(rf"^\W*+{_any(_TALK)}", re.IGNORECASE | re.DOTALL)
_IS_WORD = re.compile(r"\W*+(?:ok|okay|done|sure|yes|no|none|n/?a|null|understood|got it)\W*", re.IGNORECASE)
_LEAD_LINE = re.compile(rf"{_any(_LEAD_LINES)}[ \t]*(?:\n|$)", re.IGNORECASE)
_LEAD_WORDS = re.compile(
    rf"(?:here(?: is|'s) )?(?:the |my |an? )?{_NEW} (?:\w+ ){{0,2}}{_WHAT}: +", re.IGNORECASE
)
_SIGN_OFF = re.compile(rf"\n[ \t\r]*\n{_any(_SIGN_OFFS)}[^\n]*$", re.IGNORECASE)


def is_refusal(text: str) -> bool:
    """Whether a text opens by declining to do what was asked."""
    return _IS_REFUSAL.match(_plain(text)) is not None


def is_talk(text: str) -> bool:
    """Whether a text speaks *about* the wanted text instead of being it."""
    plain = _plain(text)
    return _IS_TALK.match(plain) is not None or _IS_WORD.fullmatch(plain) is not None


def without_small_talk(text: str, current: str) -> str:
    """``text`` without a lead-in such as "Here is the improved prompt:" and a sign-off after it.

    What stands in the current text as well is part of the text.
    """
    text = text.strip()
    for _ in range(2):  # "Sure!" on a line of its own, then "Here is the new text:"
        lead = _LEAD_LINE.match(_straight(text))
        if lead is None or lead.group().strip() in current:
            break
        text = text[lead.end() :].lstrip()
    words = _LEAD_WORDS.match(_straight(text))
    if words is not None and words.group().strip() not in current:
        text = text[words.end() :]
    sign_off = _SIGN_OFF.search(_straight(text))
    if sign_off is not None and sign_off.group().strip() not in current:
        text = text[: sign_off.start()]
    return text.strip()


def _straight(text: str) -> str:
    """``text`` with straight apostrophes: the same length, so that positions stay the same."""
    return text.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")


def _plain(text: str) -> str:
    return " ".join(_straight(text).split())
