"""The adapter for LlamaIndex: takes engines, retrievers, workflows and agents as they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import attrs

if TYPE_CHECKING:
    from gepa_llamaindex.models import LlamaIndexModel
    from gepa_llamaindex.system import LlamaIndexSystem


@attrs.frozen(eq=False, kw_only=True)
class LlamaIndexAdapter:
    """Finds the prompts in a LlamaIndex app and runs copies of it that have other ones.

    LlamaIndex takes seconds to import; that happens at the first use, not before.

    Attributes:
        call: the name of the method that runs the app; empty for what its type says: ``query`` of a query
            engine, ``chat`` of a chat engine, ``retrieve`` of a retriever, ``run`` of an agent or workflow.
        mode: ``"sync"`` runs it on worker threads, ``"async"`` on the event loop with the async method of
            the same purpose, ``"auto"`` is async only where nothing else works: agents, workflows and
            coroutine functions.
        texts: ``"instructions"`` makes components of what reads like an instruction and can reach a model,
            ``"all"`` also of labels, bare placeholders and branches for other models.
        share: objects of the app, such as a memory, that all rollouts are to share. Without it every rollout
            begins with the conversation that the app held when it was wrapped.
        sent: texts by name that reach a model and that nothing in the app holds while it is wrapped, such as
            one that is read from a file by each call. Write what is filled in as ``{name}``. They are
            recognised in messages, and replaced there.
    """

    call: str = attrs.field(default="", validator=attrs.validators.instance_of(str))
    mode: Literal["auto", "sync", "async"] = attrs.field(
        default="auto", validator=attrs.validators.in_(("auto", "sync", "async"))
    )
    texts: Literal["instructions", "all"] = attrs.field(
        default="instructions", validator=attrs.validators.in_(("instructions", "all"))
    )
    share: Sequence[object] = ()
    sent: Mapping[str, str] = attrs.field(factory=dict)

    def wrap(self, target: Any) -> LlamaIndexSystem:
        """Find the texts of ``target``.

        Raises:
            ConfigurationError: it cannot be run, or has no such method as `call` names; or a text of `sent`
                is found in it, or has no words of its own.
        """
        from gepa_llamaindex.system import wrap_app

        return wrap_app(
            target, call=self.call, mode=self.mode, texts=self.texts, share=self.share, sent=self.sent
        )

    def language_model(self, model: Any) -> LlamaIndexModel | None:
        """A LlamaIndex LLM as a `LanguageModel`; None when ``model`` is not one."""
        from gepa_llamaindex.models import as_language_model

        return as_language_model(model)
