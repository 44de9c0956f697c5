"""Improves the clerk against the simulated model: ``python optimise.py``."""

import asyncio
import json
import os
from pathlib import Path

import gepa_offline
from gepa_agents import AgentsAdapter

from gepa_core import aoptimize
from gepa_core.result import Result

FOLDER = Path(__file__).parent
train, val, test = (
    [json.loads(line) for line in (FOLDER / f"{split}.jsonl").read_text().splitlines()]
    for split in ("train", "val", "test")
)


async def improve() -> Result:
    from app import open_shop
    from metric import metric

    async with open_shop() as clerk:
        return await aoptimize(
            clerk,
            trainset=train,
            valset=val,
            testset=test,
            metric=metric,
            reflection_lm="openai/simulated-reflection",
            components="all",
            adapter=AgentsAdapter(mcp_tools=(await clerk.session.list_tools()).tools),
            budget=190,
        )


with gepa_offline.serve() as server:
    os.environ |= {"OPENAI_BASE_URL": server.base_url, "OPENAI_API_KEY": "offline", "MODEL": "simulated-task"}
    result = asyncio.run(improve())
    print(result)
