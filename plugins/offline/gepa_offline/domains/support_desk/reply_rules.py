"""The house rules for replies: what has to be said to whom."""

from __future__ import annotations

from gepa_offline.playbook import Fact, Invention, Playbook, Rule

_RULES = (
    Fact(
        id="reply.double_charge",
        right="Our team reviews the second payment within three working days.",
        wrong="I have refunded the second payment already.",
        note="About a duplicate payment, announce a review within three working days and promise no money.",
        rule=Rule(
            says=(
                "For duplicate payments, announce a review within three working days.",
                "Never promise money back for a duplicate payment, only a review in three working days.",
            ),
            cues=("duplicate payment three working days",),
            broad="Announce a review within three working days in every reply about money.",
            broad_cue="three working days every money",
            spoils=("reply.invoice", "reply.cancel"),
        ),
    ),
    Fact(
        id="reply.sso",
        right="Please send us the error code and the time of the failed sign-on.",
        wrong="Please reset your password.",
        note="With a single sign-on failure the reply has to ask for the error code.",
        rule=Rule(
            says=(
                "For single sign-on failures, ask for the error code and the time.",
                "When SSO fails, the reply asks for the error code.",
            ),
            cues=("sign-on error code", "sso error code"),
            broad="Ask for an error code in every reply about access.",
            broad_cue="error code every access",
            spoils=("reply.password",),
        ),
    ),
    Fact(
        id="reply.cancel",
        right="Before you go: you can pause your plan for up to three months.",
        wrong="I have cancelled your plan.",
        note="When somebody wants to cancel, the reply must first offer to pause the plan.",
        rule=Rule(
            says=(
                "Offer to pause the plan when somebody wants to cancel.",
                "Answer a wish to cancel with the offer to pause for three months.",
            ),
            cues=("cancel pause",),
            broad="Offer a pause of the plan to everybody who complains.",
            broad_cue="pause everybody complains",
            spoils=("reply.late_parcel", "reply.bug"),
        ),
    ),
    Fact(
        id="reply.damaged",
        right="Please send us a photo of the parcel label.",
        wrong="Please send the goods back at your own cost.",
        note="For damaged goods, the reply asks for a photo of the parcel label.",
        rule=Rule(
            says=(
                "Ask for a photo of the parcel label when goods are damaged.",
                "With broken goods, request a photo of the label.",
            ),
            cues=("photo label damaged", "photo label broken"),
            broad="Ask for a photo of the label in every reply about an order.",
            broad_cue="photo label every order",
            spoils=("reply.late_parcel", "reply.invoice"),
        ),
    ),
    Fact(
        id="reply.late_parcel",
        right="You can follow the parcel with the carrier's tracking link.",
        wrong="Your parcel arrives tomorrow.",
        note="For a late parcel, give the tracking link and never a date of delivery.",
        rule=Rule(
            says=(
                "For late parcels, give the tracking link and no date of delivery.",
                "Answer questions about a late parcel with the tracking link.",
            ),
            cues=("late parcel tracking link",),
            broad="Put the tracking link into every reply about goods.",
            broad_cue="tracking link every goods",
            spoils=("reply.damaged", "reply.invoice"),
        ),
    ),
    Fact(
        id="reply.bug",
        right="Our engineers follow the defect under a reference number that you receive shortly.",
        wrong="It will be fixed by tomorrow.",
        note="A reply about a defect gives a reference number, and no date for the fix.",
        rule=Rule(
            says=(
                "For defects, give a reference number and no date for the fix.",
                "Who reports a defect is told a reference number.",
            ),
            cues=("defect reference number",),
            broad="Give a reference number in every technical reply.",
            broad_cue="reference number every technical",
            spoils=("reply.sso", "reply.rate_limit"),
        ),
    ),
    Fact(
        id="reply.data_copy",
        right="Please fill in the identity form so that we may send the data.",
        wrong="You will find your data attached.",
        note="Nobody gets personal data before the identity form is filled in.",
        rule=Rule(
            says=(
                "Ask for the identity form before sending personal data.",
                "Requests for personal data are answered with the identity form.",
            ),
            cues=("personal data identity form",),
            broad="Ask for the identity form before anything is done to an account.",
            broad_cue="identity form anything account",
            spoils=("reply.address", "reply.password"),
        ),
    ),
    Fact(
        id="reply.rate_limit",
        right="The plan comparison page shows which plan allows more calls.",
        wrong="I have raised your limit.",
        note="A customer at the rate limit is pointed to the plan comparison page.",
        rule=Rule(
            says=(
                "Point customers at the rate limit to the plan comparison page.",
                "The plan comparison page is the answer to rate limit complaints.",
            ),
            cues=("rate limit plan comparison",),
            broad="Point to the plan comparison page in every reply about the software.",
            broad_cue="plan comparison every software",
            spoils=("reply.bug",),
        ),
    ),
    Fact(
        id="reply.legal",
        right="Our legal team answers that point separately by letter.",
        wrong="I am sure that no lawyer is needed.",
        note="When a lawyer is mentioned, say that our legal team answers separately by letter.",
        rule=Rule(
            says=(
                "When a lawyer is mentioned, say that the legal team answers separately by letter.",
                "Legal threats are answered separately by letter, and the reply says so.",
            ),
            cues=("lawyer separately letter", "legal threats separately letter"),
            broad="Refer everybody who is upset to the legal team.",
            broad_cue="everybody upset legal team",
            spoils=("reply.third_contact",),
        ),
    ),
    Fact(
        id="reply.third_contact",
        right="I am your case owner from now on and apologise for the silence.",
        wrong="Thank you for your patience.",
        note="Whoever writes for the third time is given a case owner.",
        rule=Rule(
            says=(
                "Introduce yourself as the case owner to those who write for the third time.",
                "On a repeated contact, name a case owner.",
            ),
            cues=("case owner third time", "case owner repeated contact"),
            broad="Introduce yourself as the case owner in every reply.",
            broad_cue="case owner every",
            spoils=("reply.legal", "reply.time_normal"),
        ),
    ),
    Fact(
        id="reply.time_urgent",
        right="You hear from us within one hour.",
        wrong="You hear from us soon.",
        note="Urgent tickets are promised an answer within one hour.",
        rule=Rule(
            says=(
                "Promise urgent tickets an answer within one hour.",
                "If the ticket is urgent, say that the answer comes within one hour.",
            ),
            cues=("urgent within one hour",),
            broad="Promise everybody an answer within one hour.",
            broad_cue="everybody within one hour",
            spoils=("reply.time_high", "reply.time_normal"),
        ),
    ),
    Fact(
        id="reply.time_high",
        right="You hear from us before the end of the day.",
        wrong="You hear from us soon.",
        note="Tickets of high priority are promised an answer before the end of the day.",
        rule=Rule(
            says=(
                "Promise tickets of high priority an answer before the end of the day.",
                "High priority means an answer by the end of the day, so say that.",
            ),
            cues=("high priority end day",),
            broad="Promise all customers an answer before the end of the day.",
            broad_cue="all customers end day",
            spoils=("reply.time_normal",),
        ),
    ),
)

_SENSE = (
    Fact(
        id="reply.password",
        right="Please use the reset link on the sign-in page.",
        wrong="Please write to the accounts team.",
        note="A forgotten password is answered with the reset link.",
        note_cue="forgotten password reset link",
    ),
    Fact(
        id="reply.invoice",
        right="Your invoices are in the billing tab of your account.",
        wrong="We send the invoice by post.",
        note="Whoever asks about an invoice is shown the billing tab.",
        note_cue="invoice billing tab",
    ),
    Fact(
        id="reply.address",
        right="You can change it in your profile settings.",
        wrong="Please send us a letter about it.",
        note="Changes of address are made in the profile settings.",
        note_cue="address profile settings",
    ),
    Fact(
        id="reply.phishing",
        right="Please forward the mail to us and do not open its links.",
        wrong="Please ignore the mail.",
        note="Whoever reports phishing is asked to forward the mail.",
        note_cue="phishing forward mail",
    ),
    Fact(
        id="reply.time_normal",
        right="You hear from us within two working days.",
        wrong="You hear from us soon.",
        note="Other tickets are promised an answer within two working days.",
        note_cue="other tickets two working days",
    ),
)

_INVENTIONS = (
    Invention(
        id="invented.voucher",
        text="Offer a voucher to anyone with a question about an account.",
        cue="voucher account",
        value="Here is a voucher of ten euros for you.",
        spoils=("reply.password", "reply.address", "reply.invoice"),
    ),
    Invention(
        id="invented.call",
        text="Announce a phone call instead of a date.",
        cue="announce phone call",
        value="We will call you.",
        spoils=("reply.time_normal", "reply.time_high"),
    ),
    Invention(
        id="invented.brief",
        text="Leave out next steps when goods are concerned.",
        cue="leave next steps goods",
        value="Thank you for telling us about it.",
        spoils=("reply.damaged", "reply.late_parcel"),
    ),
    Invention(
        id="invented.restart",
        text="Ask users of the software to restart their computer.",
        cue="software restart computer",
        value="Please restart your computer.",
        spoils=("reply.bug", "reply.sso"),
    ),
)

PROOFS = {
    "reply.double_charge": "three working days",
    "reply.sso": "error code",
    "reply.cancel": "pause your plan",
    "reply.damaged": "photo of the parcel label",
    "reply.late_parcel": "tracking link",
    "reply.bug": "reference number",
    "reply.data_copy": "identity form",
    "reply.rate_limit": "plan comparison page",
    "reply.legal": "separately by letter",
    "reply.third_contact": "case owner",
    "reply.time_urgent": "within one hour",
    "reply.time_high": "the end of the day",
    "reply.password": "reset link",
    "reply.invoice": "billing tab",
    "reply.address": "profile settings",
    "reply.phishing": "forward the mail",
    "reply.time_normal": "two working days",
}
"""The words in a reply that show that a point was made, by fact."""

REPLY = Playbook(
    component="reply",
    facts=(*_RULES, *_SENSE),
    inventions=_INVENTIONS,
    about=("write reply customer",),
)
