"""Texts: what a candidate says arrives at the model, all of it and nothing else."""

from __future__ import annotations

import pytest

from gepa_core.appgraph import TextPattern
from gepa_core.errors import ConfigurationError
from gepa_core.templates import find_placeholders, template_problems
from gepa_core.testing.strategies import texts
from gepa_core.testing.suites.base import for_all
from gepa_core.testing.suites.case import SystemCase
from gepa_core.testing.suites.trial import Trial, difference, marks_in
from gepa_core.types import Component

_ADDED = {
    "braces": "{no_such_variable}",
    "mustache": "{{no_such_variable}}",
    "jinja2": "{{ no_such_variable }}",
}
_MOST = 8
"""Components that are looked at one by one."""


class TextTests(SystemCase):
    """Tests of what `System.run` sends."""

    def test_every_text_reaches_a_model(self) -> None:
        """Required: with all inputs together, the mark of every component arrives, but of those in `silent`.

        To mend: if a mark is lost, the candidate's text is put where nobody reads it: look for a cached
        copy, a second holder of the same text, or a value frozen when the app was made. If the component
        cannot be reached with these inputs, add inputs, or name it in `silent`.
        """
        self.needs_a_model()
        trial = self.trial()
        sent = "\n".join(
            text for inputs in self.all_inputs for text in trial.sent_for(trial.marked("x"), inputs)
        )
        arrived = marks_in(sent, trial, "x")
        expected = {one.name for one in trial.components} - set(self.silent)
        assert not expected - arrived, f"never sent: {sorted(expected - arrived)}"
        assert not arrived - expected, f"sent, though `silent` names them: {sorted(arrived - expected)}"

    def test_own_texts_are_shown_as_a_model_reads_them(self) -> None:
        """Required: the ordinary text of each component, between its placeholders, is sent just as
        `Component.text` shows it.

        To mend: undo the framework's escaping in `Component.text` (see `gepa_core.appgraph.TemplateGuard`),
        and say in `syntax` which parts of it are placeholders.
        """
        self.needs_a_model()
        trial = self.trial()
        sent = [text for inputs in self.all_inputs for text in self.own_calls(inputs)]
        wrong = [
            one.name
            for one in trial.components
            if one.name not in self.silent
            and not any(TextPattern.of(one.text, one.syntax).occurs_in(text) for text in sent)
        ]
        assert not wrong, f"not sent as shown: {wrong}; what was sent: {sent}"

    def test_rewritten_texts_arrive_verbatim(self) -> None:
        """Required: braces, JSON, backslashes and all of Unicode in a rewritten text reach the model as they
        were written.

        To mend: in a template only the known placeholders are placeholders; escape every other brace when
        the template is built (`TemplateGuard.to_template`), and never format a text twice.
        """
        self.needs_a_model()
        trial = self.trial()
        live = [one for one in trial.components if one.name not in self.silent][:_MOST]

        def check(text: str) -> None:
            noise = text.replace("\r", "\n")  # template engines make one kind of line ending of all
            fitting = [one for one in live if not _problems(one, noise)]
            if not fitting:
                return
            changed = {one.name: self.rewrite(one, f"<<{noise}>>") for one in fitting}
            sent = "\n".join(text for inputs in self.all_inputs for text in trial.sent_for(changed, inputs))
            found = sent.count(f"<<{noise}>>")
            assert found >= len(fitting), f"<<{noise}>> arrived {found} times, not {len(fitting)}: {sent!r}"

        for_all(texts(max_size=120), check, self.examples, shrink=True)

    def test_a_lost_or_added_variable_is_refused(self) -> None:
        """Required: `build` raises ConfigurationError when a text lacks a placeholder of its component or has
        one more, and a rollout of such a text fails with that error.

        To mend: judge each changed text with `gepa_core.templates.template_problems` (or a `TemplateGuard`)
        before the app is built with it.
        """
        trial = self.trial()
        bad = {one.name: text for one in trial.components for text in _with_wrong_variables(one)}
        if not bad:
            pytest.skip("no component has a template syntax")
        for one in trial.components:
            for text in _with_wrong_variables(one):
                self._check_refused(trial, one, text)

    def _check_refused(self, trial: Trial, component: Component, text: str) -> None:
        try:
            trial.system.build({component.name: text})
        except ConfigurationError:
            pass
        else:
            pytest.fail(f"build took a text for {component.name!r} that has the wrong variables: {text!r}")
        try:
            error = trial.run({component.name: text}, self.first).error
        except ConfigurationError:
            return
        assert error is not None, f"a rollout with the wrong variables did not fail: {text!r}"

    def test_texts_that_are_left_out_stay(self) -> None:
        """Required: a candidate may give some texts only; the others are the app's own.

        To mend: start from the app's own texts and put those that are given over them.
        """
        self.needs_a_model()
        trial = self.trial()
        for inputs in self.all_inputs:
            own, left_out = trial.sent_for(trial.seed, inputs), trial.sent_for({}, inputs)
            assert not difference(own, left_out), difference(own, left_out)
        for one in trial.components[:_MOST]:
            texts_ = {one.name: trial.marked("alone")[one.name]}
            sent = "\n".join(text for inputs in self.all_inputs for text in trial.sent_for(texts_, inputs))
            assert marks_in(sent, trial, "alone") == {one.name} - set(self.silent)


def _problems(component: Component, noise: str) -> list[str]:
    rewritten = f"{component.text}\n<<{noise}>>"
    problems = template_problems(rewritten, component.placeholders, component.syntax)
    # Another place for a placeholder of its own is no problem, but it would not arrive verbatim.
    return problems or list(find_placeholders(noise, component.syntax))


def _with_wrong_variables(component: Component) -> list[str]:
    if component.syntax == "plain":
        return []
    wrong = [f"{component.text} {_ADDED[component.syntax]}"]
    if component.placeholders:
        wrong.append(component.text.replace(component.placeholders[0], "", -1))
    return wrong
