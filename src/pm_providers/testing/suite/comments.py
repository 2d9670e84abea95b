"""Comments and attachments of tasks."""

from __future__ import annotations

import pytest

from pm_providers.contract import BasePMProvider
from pm_providers.errors import NotFoundError, ValidationError
from pm_providers.model import Entity, PMAttachment, PMComment, PMTask
from pm_providers.testing.checks import ids, needs, refusal
from pm_providers.testing.harness import ProviderHarness
from pm_providers.testing.samples import new_task
from pm_providers.testing.suite.base import SuiteBase

__all__ = ["AttachmentSuite", "CommentSuite"]


class CommentSuite(SuiteBase):
    """Comments are listed oldest first, written, changed and deleted."""

    @needs("list_comments", "create_comment")
    async def test_comments_of_a_task(
        self, harness: ProviderHarness, provider: BasePMProvider, task: PMTask
    ) -> None:
        """Comments stand on their task only, in the order of their creation, with author and instant."""
        other = await new_task(harness)
        made = [
            await provider.create_comment(PMComment(task_id=task.id, body=f"Comment *{n}*")) for n in range(3)
        ]
        fresh = await harness.fresh()
        listed = await fresh.list_comments(task.id)
        assert listed == made
        assert [one.body for one in listed] == ["Comment *0*", "Comment *1*", "Comment *2*"]
        assert [one async for one in fresh.iter_comments(task.id)] == listed
        assert ids(await fresh.list_comments(task.id, limit=2)) == ids(listed)[:2]
        assert await fresh.list_comments(other.id) == []
        if provider.capabilities.field(Entity.COMMENT, "author_id").is_supported:
            me = await provider.get_current_user()
            assert {one.author_id for one in listed} == {me.id}

    @needs("create_comment", "update_comment")
    async def test_update_comment(
        self, harness: ProviderHarness, provider: BasePMProvider, task: PMTask
    ) -> None:
        """A changed comment is what another client reads; a missing one cannot be changed."""
        made = await provider.create_comment(PMComment(task_id=task.id, body="before"))
        changed = await provider.update_comment(made.id, {"body": "after"}, task_id=task.id)
        assert (changed.id, changed.body, changed.task_id) == (made.id, "after", task.id)
        assert [one.body for one in await (await harness.fresh()).list_comments(task.id)] == ["after"]
        async with refusal(provider, "update_comment", NotFoundError):
            await provider.update_comment(harness.missing_id, {"body": "x"}, task_id=task.id)
        async with refusal(provider, "update_comment", ValidationError):
            await provider.update_comment(made.id, {"body": ""}, task_id=task.id)

    @needs("create_comment", "delete_comment")
    async def test_delete_comment(
        self, harness: ProviderHarness, provider: BasePMProvider, task: PMTask
    ) -> None:
        """A deleted comment is gone; deleting again is no error."""
        made = await provider.create_comment(PMComment(task_id=task.id, body="gone"))
        assert await provider.delete_comment(made.id, task_id=task.id) is True
        assert await (await harness.fresh()).list_comments(task.id) == []
        assert await provider.delete_comment(made.id, task_id=task.id) is False
        assert await provider.delete_comment(harness.missing_id, task_id=task.id) is False

    @needs("list_comments", "create_comment")
    async def test_comments_of_a_missing_task(
        self, harness: ProviderHarness, provider: BasePMProvider
    ) -> None:
        """A task that does not exist has no comments to list, and takes none."""
        async with refusal(provider, "list_comments", NotFoundError):
            await provider.list_comments(harness.missing_id)
        async with refusal(provider, "create_comment", NotFoundError, ValidationError):
            await provider.create_comment(PMComment(task_id=harness.missing_id, body="x"))


class AttachmentSuite(SuiteBase):
    """Files are uploaded, listed, read back byte by byte, and deleted."""

    @needs("list_attachments", "create_attachment", "download_attachment")
    @pytest.mark.parametrize(
        "content", [b"plain\r\n", b"", bytes(range(256)) * 300], ids=["text", "empty", "binary"]
    )
    async def test_attachment_keeps_its_bytes(
        self, harness: ProviderHarness, provider: BasePMProvider, task: PMTask, content: bytes
    ) -> None:
        """What is downloaded is what was uploaded; the list says name and size, without content."""
        draft = PMAttachment(task_id=task.id, file_name="report.bin", content_type="application/octet-stream")
        made = await provider.create_attachment(draft, content)
        assert (made.task_id, made.file_name) == (task.id, "report.bin")
        fresh = await harness.fresh()
        assert await fresh.list_attachments(task.id) == [made]
        if provider.capabilities.field(Entity.ATTACHMENT, "size_bytes").is_supported:
            assert made.size_bytes == len(content)
        assert await fresh.download_attachment(made.id, task_id=task.id) == content

    @needs("list_attachments", "create_attachment")
    async def test_odd_file_names(
        self, harness: ProviderHarness, provider: BasePMProvider, task: PMTask
    ) -> None:
        """A file name that the system sanitises is reported; none is lost, none breaks the upload."""
        for name in ("Übersicht – Q1.txt", "a b (1).txt", 'quo"te.txt', "../../etc/passwd", "no-extension"):
            made = await provider.create_attachment(PMAttachment(task_id=task.id, file_name=name), b"x")
            warned = {warning.field for warning in made.warnings}
            assert made.file_name == name or "file_name" in warned, name
        assert len(await (await harness.fresh()).list_attachments(task.id)) == 5

    @needs("create_attachment", "delete_attachment")
    async def test_delete_attachment(
        self, harness: ProviderHarness, provider: BasePMProvider, task: PMTask
    ) -> None:
        """A deleted attachment is gone; deleting again is no error."""
        made = await provider.create_attachment(PMAttachment(task_id=task.id, file_name="x.txt"), b"x")
        assert await provider.delete_attachment(made.id, task_id=task.id) is True
        assert await (await harness.fresh()).list_attachments(task.id) == []
        assert await provider.delete_attachment(made.id, task_id=task.id) is False
        async with refusal(provider, "download_attachment", NotFoundError):
            await provider.download_attachment(made.id, task_id=task.id)

    @needs("list_attachments", "create_attachment")
    async def test_attachments_of_a_missing_task(
        self, harness: ProviderHarness, provider: BasePMProvider
    ) -> None:
        """A task that does not exist has no files, and takes none."""
        async with refusal(provider, "list_attachments", NotFoundError):
            await provider.list_attachments(harness.missing_id)
        async with refusal(provider, "create_attachment", NotFoundError, ValidationError):
            await provider.create_attachment(PMAttachment(task_id=harness.missing_id, file_name="x"), b"x")

    @needs("create_attachment")
    async def test_content_is_bytes(self, provider: BasePMProvider, task: PMTask) -> None:
        """Text is not silently encoded."""
        async with refusal(provider, "create_attachment", ValidationError):
            await provider.create_attachment(PMAttachment(task_id=task.id, file_name="x"), "text")  # type: ignore[arg-type]
