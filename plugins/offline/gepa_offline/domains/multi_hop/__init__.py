"""Multi-hop question answering: write a search query, then answer from the passages that it finds.

Two components: ``query`` (8 house rules: under which word the corpus files things) and ``answer`` (8:
the form of an answer). A question names a work and asks for something about its maker; the passage that
states it has to be found by the work's title and the right word.
"""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

from gepa_core.types import Component, Feedback
from gepa_offline.domain import SPLITS, Ask, Domain, Row, Split
from gepa_offline.domains.multi_hop.answer import answer
from gepa_offline.domains.multi_hop.corpus import makers, search
from gepa_offline.domains.multi_hop.kinds import KINDS
from gepa_offline.domains.multi_hop.rules import ANSWER, QUERY

_WEIGHTS = {"retrieval": 0.3, "answer": 0.7}


def make_row(seed: int, split: Split, number: int) -> Row:
    """The question of a seed, split and number. The splits ask about different makers."""
    rng = Random(f"multi_hop/{seed}/{split}/{number}")
    kind = rng.choices(KINDS, weights=[kind.weight for kind in KINDS])[0]
    maker = rng.choice(makers()[SPLITS.index(split) :: len(SPLITS)])
    passage = maker.passages[1 + KINDS.index(kind)]
    known = kind.answer(passage.text, in_form=True)
    question = rng.choice(kind.asks).format(work=maker.work)
    return {
        "inputs": {"question": f"No. {1000 + 3 * number + SPLITS.index(split)}: {question}"},
        "expected": {
            "answer": known,
            "passage": passage.title,
            "notes": {
                "query": QUERY.by_id[f"query.{kind.id}"].note,
                "answer": ANSWER.by_id[f"answer.{kind.id}"].note,
            },
        },
    }


def run(texts: Mapping[str, str], inputs: Mapping[str, Any], ask: Ask) -> dict[str, Any]:
    """Write a query, search the corpus with it, answer from what was found."""
    question = inputs["question"]
    query = ask(
        [{"role": "system", "content": texts["query"]}, {"role": "user", "content": question}], ()
    ).text
    found = [str(passage) for passage in search(query)]
    shown = "\n".join(f"[{number}] {passage}" for number, passage in enumerate(found, 1))
    told = f"{shown or '[1] Nothing was found.'}\n\n{question}"
    reply = ask([{"role": "system", "content": texts["answer"]}, {"role": "user", "content": told}], ()).text
    return {"query": query, "passages": found, "answer": reply}


def metric(row: Mapping[str, Any], output: Mapping[str, Any]) -> Feedback:
    """Score whether the right passage was found and whether the answer is exactly right."""
    expected, notes = row["expected"], row["expected"]["notes"]
    found = any(str(passage).startswith(expected["passage"]) for passage in output["passages"])
    right = str(output["answer"]).strip() == expected["answer"]
    of_query = "The right passage was found." if found else f"The passage was not found. {notes['query']}"
    of_answer = f"The answer was {output['answer']!r}, expected {expected['answer']!r}. {notes['answer']}"
    if right:
        of_answer = "The answer is right."
    elif not found:
        of_answer = "The passages could not give the answer."
    objectives = {"retrieval": float(found), "answer": float(right)}
    return Feedback(
        score=sum(_WEIGHTS[name] * value for name, value in objectives.items()),
        text=f"{of_query} {of_answer}",
        objectives=objectives,
        by_component={"query": of_query, "answer": of_answer},
    )


MULTI_HOP = Domain(
    name="multi_hop",
    components=(
        Component(
            name="query",
            text="You write a search query for a question.\nThe query is a few words, nothing else.",
            role="system",
            purpose="Writes the query with which the corpus is searched.",
        ),
        Component(
            name="answer",
            text="You answer a question from passages.\nAnswer as briefly as possible.",
            role="system",
            purpose="Answers the question from the passages that the query found.",
        ),
    ),
    playbooks=(QUERY, ANSWER),
    metric=metric,
    sizes={"train": 60, "val": 30, "test": 100},
    make_row=make_row,
    app=run,
    answer=answer,
)
