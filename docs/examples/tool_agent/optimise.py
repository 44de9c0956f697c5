"""Improves the agent against the simulated model: ``python optimise.py``."""

import json
import os
from pathlib import Path

import gepa_offline
from langchain_openai import ChatOpenAI

from gepa_core import optimize

FOLDER = Path(__file__).parent
train, val, test = (
    [json.loads(line) for line in (FOLDER / f"{split}.jsonl").read_text().splitlines()]
    for split in ("train", "val", "test")
)

with gepa_offline.serve() as server:
    os.environ |= {"OPENAI_BASE_URL": server.base_url, "OPENAI_API_KEY": "offline", "MODEL": "simulated-task"}
    from app import agent
    from metric import metric

    result = optimize(
        agent,
        trainset=train,
        valset=val,
        testset=test,
        metric=metric,
        reflection_lm=ChatOpenAI(model="simulated-reflection"),
        components="all",
        budget=190,
    )
    print(result)
