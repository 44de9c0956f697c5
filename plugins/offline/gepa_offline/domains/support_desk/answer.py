"""How the simulated task model reads and answers prompts of the support desk."""

from __future__ import annotations

import re

from gepa_offline.domains.support_desk.reply_rules import REPLY
from gepa_offline.domains.support_desk.tickets import TICKET, Ticket, understand
from gepa_offline.domains.support_desk.triage_rules import PRIORITIES, QUEUES, TRIAGE
from gepa_offline.judge import Judge
from gepa_offline.prompt import Answer, Prompt

_SORTED = re.compile(
    rf"queue:\s*(?:{'|'.join(QUEUES)})\s+priority:\s*(?P<priority>{'|'.join(PRIORITIES)})\b", re.IGNORECASE
)


def answer(prompt: Prompt, judge: Judge) -> Answer | None:
    """Sort a ticket, or answer one that has been sorted; None when the prompt holds no ticket.

    The last ticket in a system or user message is the one meant; everything else in these messages is
    read as instruction. A prompt that holds a finished triage asks for the reply.
    """
    text = prompt.said_to_model
    tickets = TICKET.findall(text)
    if not tickets:
        return None
    ticket = understand(tickets[-1])
    rest = TICKET.sub("", text)
    decided = _SORTED.search(rest)
    if decided is None:
        return Answer(text=_triage(ticket, rest, judge))
    return Answer(text=_reply(ticket, decided["priority"].lower(), _SORTED.sub("", rest), judge))


def reply_facts(topic: str, urgency: str, priority: str) -> list[str]:
    """The facts that decide a reply, in the order in which they are spoken of."""
    facts = [f"reply.{topic}"]
    if urgency in ("legal", "third_contact"):
        facts.append(f"reply.{urgency}")
    facts.append(f"reply.time_{priority if priority in ('urgent', 'high') else 'normal'}")
    return facts


def _triage(ticket: Ticket, instruction: str, judge: Judge) -> str:
    queue = judge.value(TRIAGE, f"queue.{ticket.topic}", instruction)
    priority = judge.value(TRIAGE, f"priority.{ticket.urgency}", instruction)
    return f"queue: {queue}\npriority: {priority}"


def _reply(ticket: Ticket, priority: str, instruction: str, judge: Judge) -> str:
    facts = reply_facts(ticket.topic, ticket.urgency, priority)
    points = [judge.value(REPLY, fact, instruction) for fact in facts]
    return "\n".join(["Thank you for your message.", *points, "Your support desk"])
