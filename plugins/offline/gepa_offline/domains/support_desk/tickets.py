"""Tickets: making them from signals, and finding the signals in them again."""

from __future__ import annotations

import re
from functools import lru_cache
from random import Random

import attrs

TICKET = re.compile(r"Subject: [^\n]*\n.*?Customer no\. \d+", re.DOTALL)
"""A whole ticket inside any other text."""


@attrs.frozen
class Signal:
    """Something that a ticket can be about.

    Attributes:
        id: what facts are named after.
        weight: how often it occurs, relative to the others of its sort.
        subjects: ways to put it in the subject line; none for signals of urgency.
        phrases: ways to say it in the body. ``{n}`` becomes a number. Its longest part without a number
            occurs in no other signal's phrases.
    """

    id: str
    weight: int
    subjects: tuple[str, ...]
    phrases: tuple[str, ...]

    @property
    def marks(self) -> tuple[str, ...]:
        """What shows the signal in a ticket, in lower case."""
        return tuple(max(phrase.split("{n}"), key=len).strip().lower() for phrase in self.phrases)


TOPICS = (
    Signal(
        "double_charge",
        14,
        ("Charged twice", "Two payments for one order"),
        (
            "My card was charged twice for order {n}.",
            "I see two identical payments for order {n} on my statement.",
            "You took the same amount two times for invoice {n}.",
        ),
    ),
    Signal(
        "sso",
        12,
        ("Cannot log in", "Single sign-on"),
        (
            "Since this morning our single sign-on ends with error {n}.",
            "Logging in through our company's identity provider fails for {n} of us.",
            "The SSO button only leads to an empty page, {n} colleagues see the same.",
        ),
    ),
    Signal(
        "cancel",
        9,
        ("My subscription", "End of contract"),
        (
            "I want to cancel my subscription number {n}.",
            "Please end contract {n}, we are moving to another provider.",
            "We have decided to leave your service, our contract is {n}.",
        ),
    ),
    Signal(
        "damaged",
        7,
        ("Order arrived", "Problem with a delivery"),
        (
            "The screen in order {n} arrived with a crack.",
            "Parcel {n} came with a crushed corner and the device inside does not start.",
            "What you sent under order {n} was broken when I opened the box.",
        ),
    ),
    Signal(
        "late_parcel",
        5,
        ("Where is my order", "Delivery"),
        (
            "Parcel {n} should have been here last week.",
            "I am still waiting for order {n}, which was shipped long ago.",
            "The delivery of order {n} is overdue.",
        ),
    ),
    Signal(
        "invoice",
        5,
        ("Invoice", "A question on my bill"),
        (
            "Where do I find the invoice for order {n}?",
            "I need last month's invoice {n} once more.",
            "Could you tell me how to download invoice {n}?",
        ),
    ),
    Signal(
        "password",
        4,
        ("Password", "Cannot log in"),
        (
            "I forgot the password of user {n}.",
            "My password for account {n} does not work any more and I cannot recall it.",
            "How do I set a new password for login {n}?",
        ),
    ),
    Signal(
        "bug",
        4,
        ("Something is wrong", "Export fails"),
        (
            "The export stops at row {n} and shows nothing.",
            "After the update, report {n} shows wrong totals.",
            "The app closes itself when I open project {n}.",
        ),
    ),
    Signal(
        "data_copy",
        2,
        ("My data", "Information request"),
        (
            "Please send me a copy of all data that you hold on me, my account is {n}.",
            "Under data protection law I ask what you have stored about account {n}.",
            "I would like an extract of my personal records, reference {n}.",
        ),
    ),
    Signal(
        "rate_limit",
        2,
        ("API", "Requests refused"),
        (
            "The API refuses our calls after {n} requests a minute.",
            "We get status 429 on every call beyond {n}.",
            "Your interface tells us that our quota of {n} is used up.",
        ),
    ),
    Signal(
        "phishing",
        1,
        ("Strange mail", "Is this from you?"),
        (
            "I received a mail in your name that asks for my card, it mentions case {n}.",
            "Somebody pretends to be you and wants me to confirm payment {n} through a link.",
            "A message with your logo wants my login because of ticket {n}.",
        ),
    ),
    Signal(
        "address",
        3,
        ("New address", "My details"),
        (
            "I have moved, please note the new street for customer file {n}.",
            "The e-mail address of profile {n} has changed.",
            "Our office moved to another town, the old file number is {n}.",
        ),
    ),
)

URGENCIES = (
    Signal(
        "ordinary",
        14,
        (),
        ("I would be glad to hear from you.", "Can you help me with that?", "Thanks for looking into it."),
    ),
    Signal(
        "outage",
        9,
        (),
        (
            "Our production line stands still because of it.",
            "None of our sites can work until it is solved.",
            "The whole plant is waiting.",
        ),
    ),
    Signal(
        "enterprise",
        9,
        (),
        (
            "We are on the enterprise plan with {n} seats.",
            "As an enterprise customer with {n} users we expect an answer.",
            "Our enterprise agreement has the number {n}.",
        ),
    ),
    Signal(
        "legal",
        4,
        (),
        (
            "My lawyer has a copy of this message.",
            "I will report this to the regulator.",
            "Otherwise I shall take you to court.",
        ),
    ),
    Signal(
        "deadline",
        3,
        (),
        (
            "I need it settled before our audit on Friday.",
            "This has to be done by the end of the month.",
            "We present to a client in {n} hours and need it by then.",
        ),
    ),
    Signal(
        "third_contact",
        3,
        (),
        (
            "This is the third message that I write about it.",
            "I have asked twice already and heard nothing.",
            "Two earlier mails of mine remain without any reaction.",
        ),
    ),
    Signal("calm", 6, (), ("There is no hurry.", "Take your time.", "It can wait until next month.")),
    Signal(
        "trial",
        2,
        (),
        (
            "I am still in the free trial.",
            "We are only trying your product out for {n} days.",
            "My test account runs for {n} more days.",
        ),
    ),
)

_GREETINGS = ("Hello,", "Good morning,", "Dear team,", "Hi there,", "Dear support,")
_FILLERS = (
    "I use the product every day.",
    "I looked through the help pages first.",
    "A colleague recommended you.",
    "I attach nothing for now.",
    "It worked well for years.",
    "",
    "",
)
_NAMES = (
    "Ada Brunn",
    "Jonas Keller",
    "Mei Tan",
    "Luis Prado",
    "Nora Falk",
    "Omar Said",
    "Eva Lind",
    "Tom Reyes",
)


@attrs.frozen
class Ticket:
    """A ticket and what it is about."""

    text: str
    topic: str
    urgency: str


def _weighted(signals: tuple[Signal, ...], rng: Random) -> Signal:
    return rng.choices(signals, weights=[signal.weight for signal in signals])[0]


def make_ticket(rng: Random, customer: int) -> Ticket:
    """A ticket of a random topic and urgency. ``customer`` makes it unlike every other ticket."""
    topic, urgency = _weighted(TOPICS, rng), _weighted(URGENCIES, rng)
    subject = rng.choice(topic.subjects)
    said = [rng.choice(topic.phrases), rng.choice(urgency.phrases)]
    said.insert(rng.randrange(3), rng.choice(_FILLERS))
    body = " ".join(phrase.replace("{n}", str(rng.randrange(20, 9000))) for phrase in said if phrase)
    greeting, name = rng.choice(_GREETINGS), rng.choice(_NAMES)
    text = f"Subject: {subject}\n\n{greeting}\n{body}\n\n{name}\nCustomer no. {customer}"
    return Ticket(text, topic.id, urgency.id)


def _marked(signals: tuple[Signal, ...], text: str, default: str) -> str:
    for signal in signals:
        if any(mark in text for mark in signal.marks):
            return signal.id
    return default


@lru_cache(maxsize=8192)
def understand(text: str) -> Ticket:
    """What a ticket is about, told from its words alone; an unknown topic counts as an invoice question."""
    lowered = text.lower()
    return Ticket(text, _marked(TOPICS, lowered, "invoice"), _marked(URGENCIES, lowered, "ordinary"))
