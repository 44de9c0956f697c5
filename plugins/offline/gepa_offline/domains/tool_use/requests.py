"""Requests of the tool-use domain: what customers want, and the details that every request carries."""

from __future__ import annotations

import re
from random import Random

import attrs


@attrs.frozen
class Wish:
    """What a customer can want. ``tool`` serves it; ``naive`` is what its words suggest."""

    id: str
    weight: int
    tool: str
    naive: str
    about: str
    phrases: tuple[str, ...]


WISHES = (
    Wish(
        "where",
        8,
        "find_order",
        "search_help",
        "orders on their way",
        ("Where is my order right now?", "Has my order left yet?"),
    ),
    Wish(
        "howto",
        7,
        "search_help",
        "open_case",
        "setting up devices",
        ("How do I connect the device to the network?", "How do I set the device up?"),
    ),
    Wish(
        "visit",
        6,
        "book_visit",
        "open_case",
        "repairs at home",
        ("Please send somebody to repair it at my place.", "Can a technician come to me?"),
    ),
    Wish(
        "complaint",
        5,
        "open_case",
        "search_help",
        "complaints",
        ("I want to complain about your technician.", "I am not content with your service."),
    ),
    Wish(
        "double",
        7,
        "refund_payment",
        "open_case",
        "double payment",
        ("I have paid twice for the same thing.", "The same sum left my account two times."),
    ),
    Wish(
        "broken_new",
        7,
        "book_visit",
        "open_case",
        "early failure",
        ("The device stopped working within a week.", "After only three days the device is dead."),
    ),
    Wish(
        "late",
        6,
        "refund_payment",
        "find_order",
        "long delay",
        ("My order is more than two weeks late.", "I have waited for my order for a month."),
    ),
    Wish(
        "noise",
        5,
        "search_help",
        "open_case",
        "strange noise",
        ("The device hums loudly.", "There is a rattling sound in the device."),
    ),
    Wish(
        "warranty",
        4,
        "find_order",
        "search_help",
        "warranty",
        ("Is my device still under guarantee?", "Does the guarantee cover my device?"),
    ),
    Wish(
        "cancel_visit",
        3,
        "open_case",
        "book_visit",
        "missed visit",
        ("I cannot be at home when your technician comes.", "Your technician came when nobody was in."),
    ),
    Wish(
        "invoice",
        3,
        "find_order",
        "open_case",
        "lost invoice",
        ("I can no longer find the invoice.", "Please give me the invoice once more."),
    ),
    Wish(
        "lost",
        2,
        "open_case",
        "find_order",
        "vanished parcel",
        ("The parcel counts as delivered but is not here.", "Somebody else must have taken my parcel."),
    ),
)
BY_ID = {wish.id: wish for wish in WISHES}

_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October")
_LANGUAGES = {"German": "de", "French": "fr", "Spanish": "es", "Italian": "it"}
_CURRENCIES = {"euros": "EUR", "pounds": "GBP", "francs": "CHF"}
_DETAILS = (
    r"My order is (?P<order>\d+), it is about (?P<amount>\d+\.\d\d) (?P<currency>\w+), "
    r"the day is (?P<day>\d+) (?P<month>\w+) (?P<year>\d{4}) at (?P<hour>\d+) (?P<half>[ap]m), "
    r"and I speak (?P<language>\w+)\."
)
REQUEST = re.compile(
    "(?:"
    + "|".join(
        f"(?P<{wish.id}>" + "|".join(re.escape(phrase) for phrase in wish.phrases) + ")" for wish in WISHES
    )
    + ") "
    + _DETAILS
)
"""A whole request inside any other text."""


@attrs.frozen(kw_only=True)
class Details:
    """The details of a request, and how each is written as an argument."""

    order: str
    amount: str
    currency: str
    day: int
    month: str
    year: str
    hour: int
    half: str
    language: str

    def written(self, argument: str, style: str) -> str | None:
        """An argument's value in the house's style, or plainly; None when it is left out.

        Args:
            argument: tool and argument, such as ``"find_order.order_id"``.
            style: ``"house"``, ``"plain"`` or ``"none"``.
        """
        month = _MONTHS.index(self.month) + 1
        late = self.half == "pm" and self.hour < 12
        forms = {
            "find_order.order_id": (f"ORD-{self.order}", self.order),
            "refund_payment.amount": (self.amount.replace(".", ""), self.amount),
            "refund_payment.currency": (_CURRENCIES[self.currency], self.currency),
            "book_visit.date": (
                f"{self.year}-{month:02}-{self.day:02}",
                f"{self.day} {self.month} {self.year}",
            ),
            "book_visit.time": (f"{self.hour + 12 * late:02}:00", f"{self.hour} {self.half}"),
            "search_help.language": (_LANGUAGES[self.language], self.language),
            "open_case.reference": (f"C/{self.order}", self.order),
        }
        house, plain = forms[argument]
        return {"house": house, "plain": plain}.get(style)


def make_request(rng: Random, order: int) -> tuple[str, Wish]:
    """A request with random details. ``order`` makes it unlike every other request."""
    wish = rng.choices(WISHES, weights=[wish.weight for wish in WISHES])[0]
    amount = f"{rng.randrange(5, 300)}.{rng.randrange(10, 100)}"
    day = f"{rng.randrange(1, 29)} {rng.choice(_MONTHS)} {rng.randrange(2026, 2030)}"
    details = (
        f"My order is {order}, it is about {amount} {rng.choice(list(_CURRENCIES))}, the day is {day} at "
        f"{rng.randrange(1, 12)} {rng.choice(('am', 'pm'))}, and I speak {rng.choice(list(_LANGUAGES))}."
    )
    return f"{rng.choice(wish.phrases)} {details}", wish


def read_request(match: re.Match[str]) -> tuple[Wish, Details]:
    """What a request that was found is about."""
    wish = next(wish for wish in WISHES if match[wish.id] is not None)
    details = Details(
        order=match["order"],
        amount=match["amount"],
        currency=match["currency"],
        day=int(match["day"]),
        month=match["month"],
        year=match["year"],
        hour=int(match["hour"]),
        half=match["half"],
        language=match["language"],
    )
    return wish, details
