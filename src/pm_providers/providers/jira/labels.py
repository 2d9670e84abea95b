"""Labels: texts that issues wear. They belong to the whole site, and exist as long as one wears them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

from pm_providers.contract import ListQuery
from pm_providers.model import PMLabel
from pm_providers.providers.jira.mapping.values import fields_of
from pm_providers.providers.jira.task_reading import TaskReader
from pm_providers.toolkit.documents import broken

__all__ = ["Labels"]

_PAGE = 1000
_WORN = "labels is not EMPTY"


class Labels(TaskReader):
    """Labels, read. Their names are their ids; case counts when they are stored, not when searched for."""

    async def _iter_labels(self, query: ListQuery) -> AsyncIterator[PMLabel]:
        """All of the site, whichever project is asked about.

        Raises:
            NotFoundError: no such project.
        """
        await self._api.identify()
        if query.project_id is not None:
            await self._project_document(query.project_id)
        stream = self._listed_labels(query.limit) if self._cloud else self._worn_labels(query.window)
        async with aclosing(stream) as names:
            async for name in names:
                yield PMLabel(
                    id=name, name=name, raw_data={"label": name} if self._options.keep_raw else None
                )

    async def _listed_labels(self, limit: int | None) -> AsyncGenerator[str, None]:
        """Pages of bare texts ([spec] GET label)."""
        start, size = 0, _PAGE if limit is None else max(1, min(limit, _PAGE))
        while True:
            page = await self._api.get("label", {"startAt": start, "maxResults": size})
            names = page.get("values")
            if not isinstance(names, list) or not all(isinstance(one, str) for one in names):
                raise broken("no list of labels in the answer")
            for name in names:
                yield name
            start += len(names)
            total = page.get("total")
            if not names or page.get("isLast") is True or (isinstance(total, int) and start >= total):
                return

    async def _worn_labels(self, window: int) -> AsyncGenerator[str, None]:
        """Data Center has no list: labels of all issues, by name."""
        found: set[str] = set()
        async with aclosing(self._issues.pages(_WORN, ("labels",), window=window)) as pages:
            async for page in pages:
                for one in page:
                    found.update(name for name in fields_of(one).get("labels") or () if isinstance(name, str))
        for name in sorted(found):
            yield name
