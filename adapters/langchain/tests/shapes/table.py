"""Every shape of app that the adapter takes, by its number and variant."""

from __future__ import annotations

from . import agents, chains, classes, formats, graphs, retrieval, structured
from .shape import ASK, Shape

FACTS = ({"question": "q", "facts": ["a", "b"]},)
HISTORY = ({"question": "why?", "history": [("human", "hi"), ("ai", "ho")]},)
ADD = ("tool.add", "tool.add.a", "tool.add.b")
ANSWER = ("schema.Answer", "schema.Answer.text", "schema.Answer.sure")
ORDER = (
    "schema.Order",
    "schema.Order.lines",
    "schema.Order.lines.entry",
    "schema.Order.lines.article",
    "schema.Order.lines.count",
    "schema.Order.gift",
)
TAKE_ORDER = (
    "tool.take_order",
    "tool.take_order.order",
    "tool.take_order.order.lines",
    "tool.take_order.order.lines.entry",
    "tool.take_order.order.lines.article",
    "tool.take_order.order.lines.count",
    "tool.take_order.order.gift",
)
PLAN = (
    "schema.Plan",
    "schema.Plan.parts",
    "schema.Plan.parts.entry",
    "schema.Plan.parts.what",
    "schema.Plan.due",
)
REPORT = (
    "schema.Report",
    "schema.Report.Source",
    "schema.Report.Source.page",
    "schema.Report.text",
    "schema.Report.sources",
)
A_REPORT = {"text": "five", "sources": [{"page": "one"}]}

SHAPES: dict[str, Shape] = {
    "1-lcel-history-and-partials": Shape(
        make=chains.history_and_partials, prompts=("system", "partial.manner"), inputs=HISTORY
    ),
    "1-lcel-text-prompt": Shape(make=chains.plain, prompts=("prompt",)),
    "1-lcel-chat-prompt": Shape(make=chains.chat, prompts=("system", "human")),
    "1-lcel-static-messages": Shape(make=chains.static_messages, prompts=("system1", "system2")),
    "1-lcel-text-blocks": Shape(make=chains.text_blocks, prompts=("system1", "system2")),
    "1-lcel-chains-in-chains": Shape(make=chains.nested, prompts=("step1.system", "inner.system")),
    "1-lcel-prompts-that-share-a-beginning": Shape(
        make=chains.shared_prefix, prompts=("first.system", "second.system", "third.system")
    ),
    "2-rag-history-aware-retriever": Shape(
        make=retrieval.history_aware_retrieval,
        prompts=("context.system", "step2.system"),
        inputs=HISTORY,
        retrievals=1,
    ),
    "2-rag-retriever-with-a-prompt": Shape(
        make=retrieval.retriever_with_a_prompt, prompts=("context.system", "step2.system"), retrievals=2
    ),
    "3-parallel-map-and-join": Shape(
        make=chains.parallel, prompts=("joke.system", "poem.system", "step2.system")
    ),
    "3-parallel-assign": Shape(make=chains.assign, prompts=("topic.system", "answer.system")),
    "4-router-branch": Shape(
        make=chains.branch,
        prompts=("branch1.system", "branch2.system", "default.system"),
        inputs=({"question": "code"}, {"question": "law"}, {"question": "x"}),
    ),
    "4-router-closure": Shape(
        make=chains.closure_router,
        prompts=("code.system", "other.system"),
        inputs=({"question": "code"}, {"question": "x"}),
    ),
    "4-router-by-key": Shape(
        make=chains.keyed_router,
        prompts=("code.system", "law.system"),
        inputs=({"key": "code", "question": "q"}, {"key": "law", "question": "q"}),
    ),
    "5-bind-tools": Shape(
        make=structured.bound_tools, prompts=("system",), descriptions=("tool.look_up", *ADD)
    ),
    "5-bind-tools-nested-arguments": Shape(
        make=structured.nested_tool_arguments,
        prompts=("system",),
        descriptions=TAKE_ORDER,
    ),
    "5-structured-output": Shape(
        make=structured.structured_output,
        prompts=("system",),
        descriptions=ANSWER,
        script=(("Answer", {"text": "five"}),),
    ),
    "5-structured-output-nested": Shape(
        make=structured.nested_output,
        prompts=("system",),
        descriptions=ORDER,
        script=(("Order", {"lines": [{"article": "pen"}]}),),
    ),
    "5-structured-output-typed-dict": Shape(
        make=structured.typed_dict_output,
        prompts=("system",),
        descriptions=PLAN,
        script=(("Plan", {"parts": [{"what": "think"}], "due": "today"}),),
    ),
    "5-structured-output-json-schema": Shape(
        make=structured.json_schema_output,
        prompts=("system",),
        descriptions=("schema.Note", "schema.Note.text"),
        script=(("Note", {"text": "kind"}),),
    ),
    "5-structured-output-at-call": Shape(
        make=structured.structured_output_at_call,
        descriptions=ANSWER,
        script=(("Answer", {"text": "five"}),),
    ),
    "5-structured-output-at-call-nested": Shape(
        make=structured.nested_output_at_call,
        descriptions=ORDER,
        script=(("Order", {"lines": [{"article": "pen"}]}),),
    ),
    "5-structured-output-at-call-typed-dict": Shape(
        make=structured.typed_dict_output_at_call,
        descriptions=PLAN,
        script=(("Plan", {"parts": [{"what": "think"}], "due": "today"}),),
    ),
    "5-structured-output-at-call-closure": Shape(
        make=structured.closure_output_at_call,
        descriptions=("schema.Verdict", "schema.Verdict.good"),
        script=(("Verdict", {"good": True}),),
    ),
    "5-structured-output-at-call-attribute": Shape(
        make=structured.attribute_output_at_call,
        descriptions=ANSWER,
        script=(("Answer", {"text": "five"}),),
    ),
    "5-structured-output-parser": Shape(
        make=structured.parser_instructions,
        descriptions=ORDER,
        answer='{"lines": [{"article": "pen"}]}',
    ),
    "6-retry": Shape(make=chains.retry, prompts=("system",)),
    "6-fallbacks": Shape(make=chains.fallbacks, prompts=("system", "fallback1.system")),
    "6-bound-and-wrapped": Shape(make=chains.wrapped, prompts=("system",)),
    "7-few-shot-text": Shape(make=formats.few_shot_text, prompts=("prefix", "example", "suffix")),
    "7-few-shot-templates": Shape(
        make=formats.few_shot_with_templates, prompts=("prefix", "example", "suffix")
    ),
    "7-few-shot-chat": Shape(make=formats.few_shot_chat, prompts=("system",)),
    "7-mustache": Shape(make=formats.mustache, prompts=("system",), inputs=FACTS),
    "7-jinja2": Shape(make=formats.jinja2, prompts=("system",), inputs=FACTS),
    "8-streaming": Shape(make=formats.streaming, prompts=("system",)),
    "8-streaming-async": Shape(make=formats.async_streaming, prompts=("system",), is_async=True),
    "8-streaming-generator": Shape(make=formats.generator, prompts=("system",)),
    "8-configurable-alternatives": Shape(
        make=formats.configurable_alternatives,
        prompts=("default.system", "fancy.system"),
        configs=({}, {"configurable": {"style": "fancy"}}),
    ),
    "8-configurable-alternatives-made-late": Shape(
        make=formats.alternative_chains,
        prompts=("default.system", "lambda.prompt"),
        configs=({}, {"configurable": {"length": "short"}}),
    ),
    "9-agent-two-tools": Shape(
        make=agents.two_tools,
        prompts=("system",),
        descriptions=("tool.look_up", *ADD),
        script=(("look_up", {"word": "two"}), ("add", {"a": 2, "b": 3})),
        inputs=(ASK,),
        tools=("look_up", "add"),
    ),
    "9-agent-async-tools": Shape(
        make=agents.async_tools,
        prompts=("system", "manner_prompt"),
        descriptions=("tool.fetch",),
        script=(("fetch", {"page": "x"}),),
        inputs=(ASK,),
        tools=("fetch",),
        is_async=True,
    ),
    "10-agent-middleware-and-schema": Shape(
        make=agents.middleware_and_schema,
        prompts=(
            "system",
            "TodoListMiddleware.system_prompt",
            "manner_prompt",
            "SummarizationMiddleware.summary_prompt",
        ),
        descriptions=(*ANSWER, "tool.write_todos", "tool.look_up", "tool.write_todos.todos.entry"),
        script=(("look_up", {"word": "two"}), ("Answer", {"text": "five"})),
        inputs=(ASK,),
        tools=("look_up",),
    ),
    "10-agent-dynamic-prompt": Shape(
        make=agents.dynamic,
        prompts=("dynamic_prompt",),
        descriptions=("tool.look_up",),
        script=(("look_up", {"word": "two"}),),
        inputs=(ASK,),
        tools=("look_up",),
    ),
    "10-agent-schema-nested": Shape(
        make=agents.nested_schema,
        prompts=("system",),
        descriptions=(*REPORT, "tool.look_up"),
        script=(("look_up", {"word": "two"}), ("Report", A_REPORT)),
        inputs=(ASK,),
        tools=("look_up",),
    ),
    "10-agent-schema-tool-strategy": Shape(
        make=agents.tool_strategy,
        prompts=("system",),
        descriptions=(*REPORT, "tool.look_up"),
        script=(("look_up", {"word": "two"}), ("Report", A_REPORT)),
        inputs=(ASK,),
        tools=("look_up",),
    ),
    "10-agent-schemas-to-choose-from": Shape(
        make=agents.schemas_to_choose_from,
        prompts=("system",),
        descriptions=(*ANSWER, *REPORT),
        script=(("Report", A_REPORT),),
        inputs=(ASK,),
    ),
    "10-agent-schema-provider-strategy": Shape(
        make=agents.provider_strategy,
        prompts=("system",),
        descriptions=("tool.look_up", *REPORT),
        script=(("look_up", {"word": "two"}),),
        answer='{"text": "five", "sources": [{"page": "one"}]}',
        inputs=(ASK,),
        tools=("look_up",),
    ),
    "10-agent-schema-typed-dict": Shape(
        make=agents.typed_dict_schema,
        prompts=("system",),
        descriptions=("schema.Weather", "schema.Weather.city"),
        script=(("Weather", {"city": "Rome"}),),
        inputs=(ASK,),
    ),
    "10-agent-schema-dataclass": Shape(
        make=agents.dataclass_schema,
        prompts=("system",),
        descriptions=("schema.Contact", "schema.Contact.name"),
        script=(("Contact", {"name": "Ann"}),),
        inputs=(ASK,),
    ),
    "11-graph-module-prompts-and-model-on-an-edge": Shape(
        make=graphs.state_graph,
        prompts=("planner", "writer_prompt", "route_prompt", "prompts.critic", "check.system"),
    ),
    "11-graph-f-strings": Shape(make=graphs.f_strings, prompts=("style_instructions", "format_prompt")),
    "11-graph-chain-on-an-edge": Shape(
        make=graphs.chain_on_an_edge, prompts=("writers.system", "write.system")
    ),
    "11-graph-subgraph": Shape(
        make=graphs.subgraph, prompts=("style_instructions", "format_prompt", "after.system")
    ),
    "12-supervisor-agents-as-tools": Shape(
        make=agents.supervisor,
        prompts=("researcher.system", "writer.system", "system"),
        descriptions=("tool.research", "tool.look_up", "tool.write"),
        script=(("research", {"task": "find"}), ("write", {"task": "say"})),
        inputs=(ASK,),
        tools=("research", "look_up", "write"),
    ),
    "12-functional-api": Shape(make=graphs.functional, prompts=("outline_prompt", "polish.system")),
    "12-functional-api-async": Shape(
        make=graphs.async_functional, prompts=("outline_prompt",), is_async=True
    ),
    "13-class-based-app": Shape(make=classes.class_based, prompts=("reply.system", "classify.system")),
    "13-class-with-raw-threads": Shape(
        make=classes.class_with_threads, prompts=("reply_instructions", "sort_prompt")
    ),
    "13-raw-threads-with-tools": Shape(
        make=classes.threads_with_tools,
        prompts=("sum_up_prompt",),
        descriptions=("tool.look_up",),
        dead={"tool.look_up": "the app calls the tool itself and offers it to no model"},
        tools=("look_up",),
        retrievals=1,
    ),
    "13-prompts-built-at-call": Shape(
        make=classes.prompts_at_call, prompts=("rules_prompt", "opening_instructions")
    ),
    "13-prompt-in-a-function": Shape(make=classes.prompt_in_function, prompts=("system",)),
    "13-prompts-of-the-module": Shape(
        make=classes.module_variables,
        prompts=("billing_instructions", "module.system", "module_system.system"),
    ),
}
