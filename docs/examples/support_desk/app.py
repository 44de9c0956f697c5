"""A support desk of two steps: sort the ticket, then reply to it."""

from __future__ import annotations

import os
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import Runnable, RunnablePassthrough
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

triage_prompt = ChatPromptTemplate.from_messages(
    [
        (
            "system",
            "You sort the support tickets of a company that sells software and devices.\n"
            "Choose a queue (accounts, billing, privacy, retention, returns, risk, sales, shipping or "
            "technical) and a priority (low, normal, high or urgent).\n"
            "Answer with two lines:\n"
            "queue: the queue\n"
            "priority: the priority",
        ),
        ("human", "{ticket}"),
    ]
)

reply_prompt = ChatPromptTemplate.from_messages(
    [
        (
            "system",
            "You write the reply to a customer of a company that sells software and devices.\n"
            "The ticket was sorted as follows.\n"
            "{triage}\n\n"
            "Write a short and friendly reply.",
        ),
        ("human", "{ticket}"),
    ]
)


def make_model() -> ChatOpenAI:
    """The model that the environment names, or the simulated one on this machine."""
    return ChatOpenAI(
        model=os.environ.get("SUPPORT_DESK_MODEL", "simulated-task"),
        base_url=os.environ.get("OPENAI_BASE_URL", "http://127.0.0.1:8321/v1"),
        api_key=SecretStr(os.environ.get("OPENAI_API_KEY", "offline")),
        temperature=0,
    )


def make_chain(model: BaseChatModel) -> Runnable[dict[str, Any], dict[str, Any]]:
    """The app: takes ``{"ticket": ...}`` and adds the texts ``"triage"`` and ``"reply"``."""
    triage = triage_prompt | model | StrOutputParser()
    reply = reply_prompt | model | StrOutputParser()
    return RunnablePassthrough.assign(triage=triage) | RunnablePassthrough.assign(reply=reply)


chain = make_chain(make_model())
