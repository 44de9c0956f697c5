"""The house rules for triage: the queue that a topic belongs to, and the priority of a ticket."""

from __future__ import annotations

from gepa_offline.playbook import Fact, Invention, Playbook, Rule

QUEUES = ("accounts", "billing", "privacy", "retention", "returns", "risk", "sales", "shipping", "technical")
PRIORITIES = ("low", "normal", "high", "urgent")

_QUEUE_RULES = (
    Fact(
        id="queue.double_charge",
        right="risk",
        wrong="billing",
        note="A duplicate charge has to go to the risk queue, because it may be card fraud.",
        rule=Rule(
            says=(
                "Send duplicate charges to the risk queue, not to billing.",
                "A customer who was charged twice belongs in the risk queue.",
                "Double charges always go to risk.",
            ),
            cues=("duplicate charg risk", "charged twice risk", "double charg risk"),
            broad="Send everything that has to do with money to the risk queue.",
            broad_cue="everything money risk",
            spoils=("queue.invoice", "queue.cancel"),
        ),
    ),
    Fact(
        id="queue.sso",
        right="technical",
        wrong="accounts",
        note="Trouble with single sign-on is for the technical queue, as only engineers see its logs.",
        rule=Rule(
            says=(
                "Send single sign-on failures to the technical queue, not to accounts.",
                "When single sign-on fails, choose the technical queue.",
                "SSO problems are technical, whatever the customer calls them.",
            ),
            cues=("single sign-on technical", "sso technical"),
            broad="Send everything that keeps people from logging in to the technical queue.",
            broad_cue="everything logging technical",
            spoils=("queue.password", "queue.address"),
        ),
    ),
    Fact(
        id="queue.cancel",
        right="retention",
        wrong="billing",
        note="Somebody who wants to cancel goes to the retention queue, which may win them back.",
        rule=Rule(
            says=(
                "Customers who want to cancel go to the retention queue.",
                "Send cancellations to retention, not to billing.",
                "Whoever speaks of leaving us belongs to retention.",
            ),
            cues=("cancel retention", "leaving retention"),
            broad="Send every unhappy customer to the retention queue.",
            broad_cue="every unhappy retention",
            spoils=("queue.late_parcel", "queue.bug"),
        ),
    ),
    Fact(
        id="queue.damaged",
        right="returns",
        wrong="shipping",
        note="Goods that arrive damaged are handled by the returns queue, not by shipping.",
        rule=Rule(
            says=(
                "Damaged goods go to the returns queue.",
                "Send parcels that arrived broken to returns, not to shipping.",
                "When something arrived damaged, choose returns.",
            ),
            cues=("damaged returns", "broken returns"),
            broad="Send all parcel problems to the returns queue.",
            broad_cue="all parcel returns",
            spoils=("queue.late_parcel",),
        ),
    ),
    Fact(
        id="queue.data_copy",
        right="privacy",
        wrong="accounts",
        note="A request for a copy of personal data is a matter for the privacy queue.",
        rule=Rule(
            says=(
                "Requests for a copy of personal data go to the privacy queue.",
                "Send anyone who asks for their personal data to privacy.",
                "Personal data requests belong to privacy.",
            ),
            cues=("personal data privacy",),
            broad="Send anything that concerns an account to the privacy queue.",
            broad_cue="anything account privacy",
            spoils=("queue.password", "queue.address"),
        ),
    ),
    Fact(
        id="queue.rate_limit",
        right="sales",
        wrong="technical",
        note="Hitting the API rate limit is a question of the plan, so it goes to the sales queue.",
        rule=Rule(
            says=(
                "Complaints about API rate limits go to the sales queue.",
                "Send rate limit tickets to sales, since a larger plan solves them.",
                "Whoever hits the rate limit belongs to sales.",
            ),
            cues=("rate limit sales",),
            broad="Send everything about the software's limits or faults to the sales queue.",
            broad_cue="everything software sales",
            spoils=("queue.bug",),
        ),
    ),
    Fact(
        id="queue.phishing",
        right="risk",
        wrong="technical",
        note="A phishing mail in our name has to reach the risk queue at once.",
        rule=Rule(
            says=(
                "Reports of phishing mails go to the risk queue.",
                "Send suspicious mails in our name to risk.",
                "Phishing belongs to risk, not to technical.",
            ),
            cues=("phishing risk", "suspicious mail risk"),
            broad="Send everything about e-mail to the risk queue.",
            broad_cue="everything e-mail risk",
            spoils=("queue.address",),
        ),
    ),
)

_QUEUE_SENSE = (
    Fact(
        id="queue.password",
        right="accounts",
        wrong="technical",
        note="A forgotten password is ordinary work for the accounts queue.",
        note_cue="forgotten password accounts",
    ),
    Fact(
        id="queue.invoice",
        right="billing",
        wrong="accounts",
        note="A plain question about an invoice stays with the billing queue.",
        note_cue="question invoice billing",
    ),
    Fact(
        id="queue.late_parcel",
        right="shipping",
        wrong="returns",
        note="A late parcel is for the shipping queue.",
        note_cue="late parcel shipping",
    ),
    Fact(
        id="queue.bug",
        right="technical",
        wrong="accounts",
        note="A defect in the software is for the technical queue.",
        note_cue="defect software technical",
    ),
    Fact(
        id="queue.address",
        right="accounts",
        wrong="billing",
        note="A change of address is for the accounts queue.",
        note_cue="change address accounts",
    ),
)

_PRIORITY_RULES = (
    Fact(
        id="priority.legal",
        right="urgent",
        wrong="normal",
        note="Whoever mentions a lawyer or a regulator gets priority urgent.",
        rule=Rule(
            says=(
                "Treat any mention of a lawyer or a regulator as urgent.",
                "Tickets that threaten legal action are urgent.",
                "Set the priority to urgent when a lawyer is mentioned.",
            ),
            cues=("lawyer urgent", "regulator urgent", "legal action urgent"),
            broad="Treat every complaint as urgent.",
            broad_cue="every complaint urgent",
            spoils=("priority.ordinary", "priority.third_contact"),
        ),
    ),
    Fact(
        id="priority.outage",
        right="urgent",
        wrong="high",
        note="A customer whose production stands still gets priority urgent, not high.",
        rule=Rule(
            says=(
                "Production outages are urgent.",
                "When a customer's production has stopped, the priority is urgent.",
                "Whoever cannot work in production gets priority urgent.",
            ),
            cues=("production urgent",),
            broad="Treat all companies as urgent.",
            broad_cue="all companies urgent",
            spoils=("priority.enterprise", "priority.deadline"),
        ),
    ),
    Fact(
        id="priority.enterprise",
        right="high",
        wrong="normal",
        note="Customers on the enterprise plan get priority high.",
        rule=Rule(
            says=(
                "Enterprise customers get priority high.",
                "Give tickets of the enterprise plan high priority.",
                "The priority is high for anyone on an enterprise plan.",
            ),
            cues=("enterprise high",),
            broad="Give every paying customer priority high.",
            broad_cue="every paying high",
            spoils=("priority.ordinary", "priority.calm"),
        ),
    ),
    Fact(
        id="priority.third_contact",
        right="high",
        wrong="normal",
        note="A customer who has to write for the third time gets priority high.",
        rule=Rule(
            says=(
                "Customers who write for the third time get priority high.",
                "Set priority high on repeated contacts about the same matter.",
                "A third time of writing means priority high.",
            ),
            cues=("third time high", "repeated contact high"),
            broad="Whoever is known to us from before gets priority high.",
            broad_cue="known before high",
            spoils=("priority.ordinary",),
        ),
    ),
    Fact(
        id="priority.deadline",
        right="high",
        wrong="normal",
        note="When a customer names a deadline, the priority is high.",
        rule=Rule(
            says=(
                "Tickets that name a deadline get priority high.",
                "Set priority high when there is a deadline.",
                "A deadline makes a ticket high.",
            ),
            cues=("deadline high",),
            broad="Give anything that speaks of time priority high.",
            broad_cue="anything time high",
            spoils=("priority.ordinary", "priority.calm"),
        ),
    ),
    Fact(
        id="priority.trial",
        right="low",
        wrong="normal",
        note="Trial accounts are answered with priority low.",
        rule=Rule(
            says=(
                "Trial accounts get priority low.",
                "Give customers on a trial priority low.",
                "Whoever is only on trial is low.",
            ),
            cues=("trial low",),
            broad="Give single persons priority low.",
            broad_cue="single persons low",
            spoils=("priority.ordinary",),
        ),
    ),
)

_PRIORITY_SENSE = (
    Fact(
        id="priority.ordinary",
        right="normal",
        wrong="high",
        note="An ordinary request without any pressure has priority normal.",
        note_cue="ordinary request priority normal",
    ),
    Fact(
        id="priority.calm",
        right="low",
        wrong="normal",
        note="When the customer is in no hurry, priority low is right.",
        note_cue="no hurry priority low",
    ),
)

_INVENTIONS = (
    Invention(
        id="invented.question_mark",
        text="Tickets with a question mark in the subject go to the sales queue.",
        cue="question mark subject sales",
        value="sales",
        spoils=("queue.invoice", "queue.password"),
    ),
    Invention(
        id="invented.monday",
        text="Whatever was ordered on a Monday belongs to the returns queue.",
        cue="monday returns",
        value="returns",
        spoils=("queue.late_parcel", "queue.damaged"),
    ),
    Invention(
        id="invented.polite",
        text="Polite customers get priority low.",
        cue="polite low",
        value="low",
        spoils=("priority.ordinary", "priority.deadline"),
    ),
    Invention(
        id="invented.short",
        text="Short tickets are urgent.",
        cue="short urgent",
        value="urgent",
        spoils=("priority.calm", "priority.trial"),
    ),
)

TRIAGE = Playbook(
    component="triage",
    facts=(*_QUEUE_RULES, *_QUEUE_SENSE, *_PRIORITY_RULES, *_PRIORITY_SENSE),
    inventions=_INVENTIONS,
    about=("sort ticket queue priority",),
)
