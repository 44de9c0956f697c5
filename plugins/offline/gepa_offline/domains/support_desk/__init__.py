"""The support desk: sort a ticket into a queue with a priority, then reply to it as the house wants.

Two components: ``triage`` (13 house rules) and ``reply`` (12). The reply sees the triage's result, so a
wrong priority also makes the reply promise the wrong time.
"""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

from gepa_core.types import Component
from gepa_offline.domain import SPLITS, Ask, Domain, Row, Split
from gepa_offline.domains.support_desk.answer import answer, reply_facts
from gepa_offline.domains.support_desk.metric import metric
from gepa_offline.domains.support_desk.reply_rules import PROOFS, REPLY
from gepa_offline.domains.support_desk.tickets import make_ticket
from gepa_offline.domains.support_desk.triage_rules import TRIAGE

TRIAGE_SEED = """\
You sort the support tickets of a company that sells software and devices.
Choose a queue (accounts, billing, privacy, retention, returns, risk, sales, shipping or technical) and a \
priority (low, normal, high or urgent).
Answer with two lines:
queue: the queue
priority: the priority"""

REPLY_SEED = """\
You write the reply to a customer of a company that sells software and devices.
The ticket was sorted as follows.
{triage}

Write a short and friendly reply."""


def make_row(seed: int, split: Split, number: int) -> Row:
    """The ticket of a seed, split and number, with what the support lead expects and notes."""
    customer = 10_000 + 3 * number + SPLITS.index(split)
    ticket = make_ticket(Random(f"support_desk/{seed}/{split}/{number}"), customer)
    queue = TRIAGE.by_id[f"queue.{ticket.topic}"]
    priority = TRIAGE.by_id[f"priority.{ticket.urgency}"]
    points = [REPLY.by_id[fact] for fact in reply_facts(ticket.topic, ticket.urgency, priority.right)]
    notes = {"queue": queue.note, "priority": priority.note}
    notes |= {PROOFS[point.id]: point.note for point in points}
    expected = {
        "queue": queue.right,
        "priority": priority.right,
        "reply": [PROOFS[point.id] for point in points],
        "notes": notes,
    }
    return {"inputs": {"ticket": ticket.text}, "expected": expected}


def run(texts: Mapping[str, str], inputs: Mapping[str, Any], ask: Ask) -> dict[str, str]:
    """Sort the ticket, then reply to it. The reply's text takes the triage in place of ``{triage}``."""
    ticket = {"role": "user", "content": inputs["ticket"]}
    triage = ask([{"role": "system", "content": texts["triage"]}, ticket], ()).text
    instruction = texts["reply"].replace("{triage}", triage)
    reply = ask([{"role": "system", "content": instruction}, ticket], ()).text
    return {"triage": triage, "reply": reply}


SUPPORT_DESK = Domain(
    name="support_desk",
    components=(
        Component(
            name="triage",
            text=TRIAGE_SEED,
            role="system",
            purpose="Sorts a ticket: names its queue and its priority, which the reply is then given.",
        ),
        Component(
            name="reply",
            text=REPLY_SEED,
            syntax="braces",
            role="system",
            purpose="Writes the reply to the customer, given the ticket and how it was sorted.",
        ),
    ),
    playbooks=(TRIAGE, REPLY),
    metric=metric,
    sizes={"train": 60, "val": 30, "test": 100},
    make_row=make_row,
    app=run,
    answer=answer,
)
