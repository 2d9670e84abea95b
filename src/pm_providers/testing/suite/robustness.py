"""Secrets, concurrency, and text of every kind."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pm_providers.contract import BasePMProvider, holds
from pm_providers.errors import PMError, ValidationError
from pm_providers.model import Entity, PMProject, PMTask
from pm_providers.testing.checks import ids, needs, stored
from pm_providers.testing.harness import ProviderHarness
from pm_providers.testing.samples import new_task
from pm_providers.testing.strategies import task_drafts
from pm_providers.testing.suite.base import SuiteBase

__all__ = ["ConcurrencySuite", "SecuritySuite", "TextSuite"]

_TEXTS = {
    "ascii": "plain",
    "umlauts": "Größe über Äußerung",
    "emoji": "👩🏽‍🚀 lift-off 🇪🇺",
    "right-to-left": "شجرة עץ",
    "cjk": "漢字かな交じり文",
    "combining": "e\u0301 versus é",
    "quotes": 'it\'s "quoted" `code` \\ / < > & %s {x} ${y}',
    "html": "<script>alert(1)</script> &amp; <b>bold</b>",
    "sql": "'; DROP TABLE tasks; --",
    "json": '{"a": [1, null]}',
    "astral": "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 \U0010fffd",
    "number": "0",
    "word": "null",
}
_MARKDOWN = {
    **_TEXTS,
    "lines": "one\n\ntwo\n\n\n\nthree",
    "markdown": "# T\n\n- [ ] a\n- [x] b\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```py\nx = 1\n```\n\n~~no~~ [l](https://x.test)",
    "indented": "a\n\n    code\n",
    "huge": "long text with words " * 5000,
}


class SecuritySuite(SuiteBase):
    """No secret is shown anywhere."""

    async def test_no_secret_is_shown(
        self, harness: ProviderHarness, project: PMProject, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Not in texts of the provider and its configuration, not in errors, not in logs at any level."""
        caplog.set_level(logging.DEBUG)
        provider = await harness.fresh()
        secrets = provider.config.secrets()
        shown = [repr(provider), str(provider), repr(provider.config), repr(provider.capabilities)]
        await provider.list_tasks(project.id)
        shown += [repr(await provider.check_health()), repr(project), repr(project.raw_data)]
        for failing in (
            provider.update_task(harness.missing_id, {"title": "x"}),
            provider.list_tasks(harness.missing_id),
            provider.create_task(PMTask(title="x", project_id=harness.missing_id)),
        ):
            with pytest.raises(PMError) as caught:
                await failing
            shown += [str(caught.value), repr(caught.value), repr(caught.value.__dict__)]
        shown += [record.getMessage() for record in caplog.records]
        for secret in secrets:
            assert not any(secret in text for text in shown)

    async def test_wrong_secrets_are_not_shown_either(
        self, harness: ProviderHarness, caplog: pytest.LogCaptureFixture
    ) -> None:
        """A mistyped password is a password."""
        caplog.set_level(logging.DEBUG)
        client = await harness.open_unauthorised()
        if client is None:
            return
        try:
            report = await client.check_health()
        finally:
            await client.aclose()
        shown = [repr(client), repr(report), str(report.error), repr(report.error)]
        shown += [record.getMessage() for record in caplog.records]
        secrets = client.config.secrets()
        assert secrets
        assert not any(secret in text for secret in secrets for text in shown)


class ConcurrencySuite(SuiteBase):
    """One provider serves many coroutines."""

    @needs("create_task", "update_task", "list_tasks")
    async def test_shared_by_many_coroutines(
        self, harness: ProviderHarness, provider: BasePMProvider, project: PMProject
    ) -> None:
        """Reads and writes at once: each has its own result, nothing is lost or doubled."""

        async def story(n: int) -> str:
            task = await provider.create_task(PMTask(title=f"Story {n}", project_id=project.id))
            await provider.list_tasks(project.id, limit=3)
            changed = await provider.update_task(task.id, {"description": f"text {n}"})
            assert (changed.id, changed.title, changed.description) == (task.id, f"Story {n}", f"text {n}")
            return task.id

        made = await asyncio.gather(*(story(n) for n in range(16)))
        assert len(set(made)) == 16
        found = {
            task.title: task.description for task in await (await harness.fresh()).list_tasks(project.id)
        }
        assert found == {f"Story {n}": f"text {n}" for n in range(16)}

    @needs("create_task", "list_tasks")
    async def test_two_streams_at_once(
        self, harness: ProviderHarness, provider: BasePMProvider, project: PMProject
    ) -> None:
        """Streams of one provider do not disturb each other, nor writes between their records."""
        for _ in range(4):
            await new_task(harness)
        expected = ids(await provider.list_tasks(project.id))
        first, second = provider.iter_tasks(project.id), provider.iter_tasks(project.id)
        seen: tuple[list[str], list[str]] = ([], [])
        for _ in expected:
            seen[0].append((await anext(first)).id)
            seen[1].append((await anext(second)).id)
            await provider.get_task(expected[0])
        await first.aclose()
        await second.aclose()
        assert seen == (expected, expected)

    @needs("create_task", "list_tasks")
    async def test_cancelled_call_leaves_the_provider_usable(
        self, harness: ProviderHarness, provider: BasePMProvider, project: PMProject, task: PMTask
    ) -> None:
        """A call that is cancelled, at any point, breaks nothing for the next one."""
        for turns in range(6):
            pending = asyncio.ensure_future(provider.list_tasks(project.id))
            for _ in range(turns):
                await asyncio.sleep(0)
            pending.cancel()
            await asyncio.gather(pending, return_exceptions=True)
            assert ids(await provider.list_tasks(project.id)) == [task.id]


class TextSuite(SuiteBase):
    """Text of every kind reads back as it was written."""

    @needs("create_task")
    @pytest.mark.parametrize("name", _TEXTS)
    async def test_titles_keep_their_text(self, harness: ProviderHarness, name: str) -> None:
        """A title is stored as written, or the write says what became of it."""
        task = await new_task(harness, title=_TEXTS[name])
        found = await stored(await harness.fresh(), task)
        warned = {warning.field for warning in task.warnings}
        assert found.title == _TEXTS[name] or "title" in warned

    @needs("create_task")
    @pytest.mark.parametrize("name", _MARKDOWN)
    async def test_descriptions_keep_their_text(
        self, harness: ProviderHarness, provider: BasePMProvider, name: str
    ) -> None:
        """A description is stored as written; systems with another text format may say what they changed."""
        text = _MARKDOWN[name][: provider.capabilities.limits.lengths.get("task.description")]
        task = await new_task(harness, description=text)
        found = await stored(await harness.fresh(), task)
        if provider.capabilities.text_format == "markdown":
            assert holds("description", text, found)
            assert task.warnings == ()
        else:
            kept = provider._holds("description", text, found)
            assert kept or "description" in {one.field for one in task.warnings}

    @needs("create_task")
    @pytest.mark.parametrize(
        "title", [" padded ", "double  space", "tab\there", "\u00a0nbsp\u00a0", "trailing "]
    )
    async def test_blanks_are_kept_or_reported(self, harness: ProviderHarness, title: str) -> None:
        """Systems trim: then the result says so."""
        task = await new_task(harness, title=title)
        found = await stored(await harness.fresh(), task)
        assert (found.title == title) != ("title" in {warning.field for warning in task.warnings})

    @needs("create_task", "create_project")
    async def test_declared_lengths(self, harness: ProviderHarness, provider: BasePMProvider) -> None:
        """Text of the declared length is held in full, one character more is refused before any request."""
        limits = provider.capabilities.limits.lengths
        makers: dict[str, Callable[..., Awaitable[Any]]] = {
            "task.title": new_task,
            "task.description": new_task,
            "project.name": _project_named,
        }
        for path, make in makers.items():
            longest = limits.get(path)
            if longest is None:
                continue
            name = path.partition(".")[2]
            made = await make(harness, **{name: "ä" * longest})
            assert getattr(await stored(await harness.fresh(), made), name) == "ä" * longest
            before = harness.request_count()
            with pytest.raises(ValidationError) as caught:
                await make(harness, **{name: "ä" * (longest + 1)})
            assert str(longest) in caught.value.fields[name]
            assert harness.request_count() == before

    @needs("create_task")
    @settings(
        max_examples=25,
        deadline=None,
        suppress_health_check=[
            HealthCheck.function_scoped_fixture,
            HealthCheck.differing_executors,
            HealthCheck.too_slow,
        ],
    )
    @given(data=st.data())
    async def test_any_valid_task_is_held(self, harness: ProviderHarness, data: st.DataObject) -> None:
        """Whatever valid task is created, another client reads it, field by field, or the write warned."""
        provider = harness.provider
        project = await harness.project()
        supported = provider.capabilities.supports("list_priorities")
        priorities = [one.priority for one in await provider.list_priorities()] if supported else []
        draft = harness.fit(data.draw(task_drafts(provider.capabilities, project.id, priorities)))
        created = await provider.create_task(draft)
        found = await stored(await harness.fresh(), created)
        warned = {warning.field for warning in created.warnings}
        for name, capability in provider.capabilities.fields[Entity.TASK].items():
            asked = getattr(draft, name)
            if capability.is_writable and asked not in (None, "", [], {}) and name not in warned:
                assert provider._holds(name, asked, found), (
                    f"{name}: asked for {asked!r}, stored {getattr(found, name)!r}"
                )


async def _project_named(harness: ProviderHarness, name: str) -> PMProject:
    return await harness.provider.create_project(PMProject(name=name))
