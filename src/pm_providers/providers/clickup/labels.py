"""Labels, which are tags of spaces. A tag is its name, in lower case."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any
from urllib.parse import quote

from pm_providers.contract import Fields, ListQuery
from pm_providers.errors import NotFoundError, PMError, ProviderError, ValidationError
from pm_providers.model import PMLabel, Record
from pm_providers.providers.clickup.containers import ProjectReader
from pm_providers.providers.clickup.mapping.parts import new_tag, to_label
from pm_providers.toolkit.documents import identifier, optional_text

__all__ = ["Labels"]

_NEEDED = "is needed: tags belong to a space"

_Found = tuple[str, str | None, dict[str, Any]]
"""Space and project of a tag, and the tag."""


class Labels(ProjectReader):
    """Tags. Where projects are folders or lists, they share the tags of their space."""

    async def _iter_labels(self, query: ListQuery) -> AsyncIterator[PMLabel]:
        """Tags of the project's space, or of all spaces: there, two spaces may have tags of one name.

        Raises:
            NotFoundError: no such project.
        """
        if query.project_id is not None:
            place = await self._place(query.project_id)
            for one in await self._catalog.tags(place.space_id, fresh=True):
                yield self._label(one, place.id)
            return
        for space in await self._spaces():
            key = identifier(space, "space")
            for one in await self._catalog.tags(key, fresh=True):
                yield self._label(one, key if self._level == "space" else None)

    def _label(self, document: Mapping[str, Any], project_id: str | None) -> PMLabel:
        return to_label(document, project_id, keep_raw=self._options.keep_raw)

    async def _tag(self, space_id: str, name: str) -> dict[str, Any] | None:
        """A tag of a space, asked anew."""
        for one in await self._catalog.tags(space_id, fresh=True):
            if (optional_text(one, "name") or "").casefold() == name.strip().casefold():
                return one
        return None

    async def _create_label(self, fields: Fields) -> PMLabel:
        """The answer is empty, and a name that is there already is taken without a word: tags are read.

        Raises:
            ValidationError: no project, or the name is taken.
        """
        if not fields.get("project_id"):
            raise ValidationError(fields={"project_id": _NEEDED})
        try:
            place = await self._place(fields["project_id"])
        except NotFoundError as error:
            raise ValidationError(fields={"project_id": error.message}) from None
        async with self._locks.hold(f"tags {place.space_id}"):
            await self._check_name(place.space_id, fields["name"])
            await self._api.post(
                f"space/{place.space_id}/tag", {"tag": new_tag(fields["name"], fields.get("color"))}
            )
            return await self._shown(place.space_id, fields["name"], place.id)

    async def _check_name(self, space_id: str, name: str) -> None:
        if await self._tag(space_id, name) is not None:
            raise ValidationError(fields={"name": f"the space has a tag {name!r:.60} already"})

    async def _shown(self, space_id: str, name: str, project_id: str | None) -> PMLabel:
        found = await self._tag(space_id, name)
        if found is None:
            raise ProviderError(f"the system took tag {name!r:.60}, and does not show it")
        return self._label(found, project_id)

    async def _space_of(self, label_id: str, project_id: str | None) -> _Found | None:
        """Space, project and tag of a label; `None` where there is none.

        Raises:
            ValidationError: no project is given, and several spaces have such a tag.
        """
        if project_id:
            place = await self._place(project_id)
            found = await self._tag(place.space_id, label_id)
            return None if found is None else (place.space_id, place.id, found)
        known: list[_Found] = []
        for space in await self._spaces():
            key = identifier(space, "space")
            if (found := await self._tag(key, label_id)) is not None:
                known.append((key, key if self._level == "space" else None, found))
        if len(known) > 1:
            raise ValidationError(
                fields={"project_id": f"is needed: {len(known)} spaces have a tag {label_id!r:.60}"}
            )
        return known[0] if known else None

    async def _update_label(self, label_id: str, fields: Fields, project_id: str | None) -> PMLabel:
        """The document asks for name and both colours together. A new name is a new id.

        Raises:
            NotFoundError: the space has no such tag.
            ValidationError: the name is taken.
        """
        place = await self._space_of(label_id, project_id)
        if place is None:
            raise NotFoundError(f"there is no label {label_id!r:.80}")
        space, project, tag = place
        old, name = str(tag["name"]), fields.get("name") or str(tag["name"])
        fore, back = str(tag.get("tag_fg") or ""), str(tag.get("tag_bg") or "")
        if "color" in fields:
            made = new_tag(name, fields["color"])
            fore, back = made["tag_fg"], made["tag_bg"]
        renamed = name.casefold() != old.casefold()
        async with self._locks.hold(f"tags {space}"):
            if renamed:
                await self._check_name(space, name)
            body = {"tag": {"name": name, "fg_color": fore, "bg_color": back}}
            await self._api.put(f"space/{space}/tag/{quote(old, safe='')}", body, safe=not renamed)
            return await self._shown(space, name, project)

    async def _delete_label(self, label_id: str, project_id: str | None) -> bool:
        """Tags are looked up first, as after a lost answer. The document asks for the tag in the body."""
        try:
            place = await self._space_of(label_id, project_id)
        except NotFoundError:
            return False
        if place is None:
            return False
        space, _, tag = place
        shown = {name: str(tag.get(name) or "") for name in ("name", "tag_fg", "tag_bg")}
        path = f"space/{space}/tag/{quote(shown['name'], safe='')}"
        try:
            await self._api.call("DELETE", path, json={"tag": shown}, expect=(200, 204))
        except PMError as error:
            # The answer got lost, or somebody else was first.
            unclear = error.maybe_applied or isinstance(error, NotFoundError | ValidationError)
            if not unclear or await self._tag(space, shown["name"]) is not None:
                raise
        self._catalog.forget_tags(space)
        return True

    def _holds(self, name: str, asked: Any, result: Record) -> bool:
        """Colours come back in whatever case; that a name comes back in lower case is told."""
        if super()._holds(name, asked, result):
            return True
        got = getattr(result, name)
        if not isinstance(result, PMLabel) or not isinstance(asked, str) or not isinstance(got, str):
            return False
        return name == "color" and asked.strip().casefold() == got.casefold()
