"""How the simulated task model answers prompts of the multi-hop domain."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from gepa_offline.choosing import choose
from gepa_offline.domains.multi_hop.reading import Question, last_work, take_apart
from gepa_offline.domains.multi_hop.rules import ANSWER, QUERY
from gepa_offline.judge import Judge
from gepa_offline.prompt import Answer, Prompt

NOT_STATED = "The passages do not say."


def answer(prompt: Prompt, judge: Judge) -> Answer | None:
    """Do what the prompt's form asks for; None without a question.

    With tools listed as JSON: a sub-question for each question, with the tool to ask. With numbered
    choices: the choice for the last question. With responses to sub-questions: these, together. With
    passages: an answer to the last question from them. Else a search query for the last question. A choice
    and a query need the same knowledge: under which word the corpus files what is asked for.
    """
    parts = [take_apart(text) for role, text in prompt.turns if role in ("system", "user")]
    questions = _questions(prompt)
    if not questions:
        return None
    instruction = "\n".join(part.instruction for part in parts)
    tools = next((part.tools for part in reversed(parts) if part.tools), None)
    if tools:
        return Answer(text=_sub_questions(questions, tools, instruction, judge))
    last = questions[-1]
    choices = [choice for part in parts for choice in part.choices]
    if choices:
        position = choose(choices, _section(last, instruction, judge), last.text)
        reason = "It fits the question best."
        return Answer(text=json.dumps([{"choice": position + 1, "reason": reason}]))
    responses = [response for part in parts for _, response in part.responses]
    if responses:
        return Answer(text="; ".join(responses))
    passages = [passage for part in parts for passage in part.passages]
    if passages:
        return Answer(text=_from_passages(last, passages, instruction, judge))
    return Answer(text=f"{last.work.removeprefix('The ')} {_section(last, instruction, judge)}")


def _questions(prompt: Prompt) -> list[Question]:
    """The questions asked in the last message that has any; a follow-up gets the work named before it."""
    work, found = "", list[Question]()
    for role, text in prompt.turns:
        asked = take_apart(text).questions if role in ("system", "user") else ()
        if asked:
            found = [question.about(work or last_work(text)) for question in asked]
        work = last_work(text) or work
    return found


def _section(question: Question, instruction: str, judge: Judge) -> str:
    return judge.value(QUERY, f"query.{question.kind.id}", instruction)


def _sub_questions(
    questions: Sequence[Question], tools: Mapping[str, str], instruction: str, judge: Judge
) -> str:
    names = list(tools)
    items = []
    for question in questions:
        section = _section(question, instruction, judge)
        position = choose(list(tools.values()), section, question.text)
        items.append({"sub_question": question.text, "tool_name": names[position]})
    return f"```json\n{json.dumps({'items': items}, indent=4)}\n```"


def _from_passages(question: Question, passages: Sequence[str], instruction: str, judge: Judge) -> str:
    value = judge.value(ANSWER, f"answer.{question.kind.id}", instruction)
    if value == "not stated":
        return NOT_STATED
    for passage in passages:
        found = question.kind.answer(passage, in_form=value == "in form")
        if found is not None:
            return passage if value == "sentence" else found
    return NOT_STATED
