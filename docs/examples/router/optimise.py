"""Improves the router against the simulated model: ``python optimise.py``."""

import json
import os
from pathlib import Path

import gepa_offline
from llama_index.llms.openai_like import OpenAILike

from gepa_core import optimize

FOLDER = Path(__file__).parent
train, val, test = (
    [json.loads(line) for line in (FOLDER / f"{split}.jsonl").read_text().splitlines()]
    for split in ("train", "val", "test")
)

with gepa_offline.serve() as server:
    os.environ |= {"OPENAI_BASE_URL": server.base_url, "OPENAI_API_KEY": "offline", "MODEL": "simulated-task"}
    from app import query_engine
    from metric import metric

    result = optimize(
        query_engine,
        trainset=train,
        valset=val,
        testset=test,
        metric=metric,
        reflection_lm=OpenAILike(model="simulated-reflection", api_base=server.base_url, is_chat_model=True),
        budget=200,
    )
    print(result)
