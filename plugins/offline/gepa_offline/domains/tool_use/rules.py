"""The house rules of the tool-use domain: which tool serves which wish, and how arguments are written."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from gepa_offline.domains.tool_use.requests import WISHES, Wish
from gepa_offline.playbook import Fact, Invention, Playbook, Rule


@attrs.frozen
class Habit:
    """A house rule on one argument: what it is called in rules, how it is written, an example."""

    argument: str
    called: str
    written: str
    cue: str


HABITS = (
    Habit("find_order.order_id", "order number", "with the prefix ORD and a hyphen", "prefix ord"),
    Habit("refund_payment.amount", "amount", "in cents, as a whole number", "cents"),
    Habit("refund_payment.currency", "currency", "as its three-letter code", "three-letter"),
    Habit("book_visit.date", "date", "as year, month and day with hyphens", "year month day"),
    Habit("book_visit.time", "time", "on the 24-hour clock", "24-hour"),
    Habit("search_help.language", "language", "as its two-letter code", "two-letter"),
    Habit("open_case.reference", "reference", "as C, a slash and the number", "c slash"),
)

TOOLS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "find_order": ("Looks up an order.", ("order_id",)),
    "refund_payment": ("Pays money back.", ("amount", "currency")),
    "book_visit": ("Books a technician.", ("date", "time")),
    "search_help": ("Searches the help pages.", ("language",)),
    "open_case": ("Opens a case for a colleague.", ("reference",)),
}
"""What each tool's description says at first, and its arguments."""


@attrs.frozen
class Broad:
    """A statement on the choice of a tool that reaches too far."""

    text: str
    cue: str
    spoils: tuple[str, ...]


_BROAD = {
    "double": Broad("Call refund_payment for anything about money.", "anything money", ("agent.invoice",)),
    "broken_new": Broad(
        "Call book_visit for everything that is broken.", "everything broken", ("agent.noise", "agent.howto")
    ),
    "late": Broad(
        "Call refund_payment for everything that takes long.",
        "everything long",
        ("agent.where", "agent.lost"),
    ),
    "noise": Broad(
        "Call search_help for all questions on a device.", "all questions device", ("agent.broken_new",)
    ),
    "warranty": Broad(
        "Call find_order for all questions on a purchase.", "all questions purchase", ("agent.double",)
    ),
    "cancel_visit": Broad(
        "Call open_case for everything to do with a technician.", "everything technician", ("agent.visit",)
    ),
    "invoice": Broad("Call find_order for all papers and messages.", "all papers", ("agent.complaint",)),
    "lost": Broad("Call open_case for all parcels.", "all parcels", ("agent.where", "agent.late")),
}


def _choice(wish: Wish) -> Fact:
    note = f"The tool for {wish.about} is {wish.tool}."
    cue = f"{wish.about} {wish.tool}"
    broad = _BROAD.get(wish.id)
    if broad is None:
        return Fact(id=f"agent.{wish.id}", right=wish.tool, wrong=wish.naive, note=note, note_cue=cue)
    rule = Rule(
        says=(
            f"In a case of {wish.about}, call {wish.tool}.",
            f"Use {wish.tool} for {wish.about}, not {wish.naive}.",
        ),
        cues=(cue,),
        broad=broad.text,
        broad_cue=f"{broad.cue} {wish.tool}",
        spoils=broad.spoils,
    )
    return Fact(id=f"agent.{wish.id}", right=wish.tool, wrong=wish.naive, note=note, rule=rule)


def _argument(habit: Habit) -> Fact:
    tool, _, argument = habit.argument.partition(".")
    others = tuple(
        other.argument for other in HABITS if other.argument.startswith(f"{tool}.") and other is not habit
    )
    rule = Rule(
        says=(
            f"Write the {habit.called} {habit.written}.",
            f"The {habit.called} is passed {habit.written}.",
        ),
        cues=(f"{habit.called} {habit.cue}",),
        broad=f"Write everything {habit.written}.",
        broad_cue=f"everything {habit.cue}",
        spoils=others,
    )
    note = f"In calls of {tool}, the {habit.called} ({argument}) has to be written {habit.written}."
    return Fact(id=habit.argument, right="house", wrong="plain", note=note, rule=rule)


def _tool_playbook(tool: str) -> Playbook:
    description, arguments = TOOLS[tool]
    return Playbook(
        component=tool,
        facts=tuple(_argument(habit) for habit in HABITS if habit.argument.startswith(f"{tool}.")),
        inventions=(
            Invention(
                id=f"invented.{tool}",
                text=f"The {arguments[0]} may be left out when the customer is well known.",
                cue=f"{arguments[0]} left out well known",
                value="none",
                spoils=(f"{tool}.{arguments[0]}",),
            ),
        ),
        about=(description.lower().rstrip("."),),
    )


AGENT = Playbook(
    component="agent",
    facts=tuple(_choice(wish) for wish in WISHES),
    inventions=(
        Invention(
            id="invented.first",
            text="Look into find_order before anything else when the customer is new.",
            cue="find_order before anything new",
            value="find_order",
            spoils=("agent.howto", "agent.noise"),
        ),
        Invention(
            id="invented.colleague",
            text="Hand over with open_case when a technician is spoken of.",
            cue="hand open_case technician",
            value="open_case",
            spoils=("agent.visit", "agent.broken_new"),
        ),
    ),
    about=("serve customer tool",),
)
TOOL_PLAYBOOKS = {tool: _tool_playbook(tool) for tool in TOOLS}
