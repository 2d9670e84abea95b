"""Sprints, which Trello does not have: labels with the dates in their names, or options of a custom field."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from datetime import UTC, date, datetime
from typing import Any

from pm_providers.contract import Fields, ListQuery
from pm_providers.errors import NotFoundError, ValidationError
from pm_providers.model import PMSprint, SprintStatus
from pm_providers.providers.trello.connection import Connection
from pm_providers.providers.trello.mapping.custom_fields import CustomField
from pm_providers.providers.trello.mapping.labels import label_kind, parse_sprint, sprint_text
from pm_providers.providers.trello.mapping.places import Place, to_place
from pm_providers.providers.trello.mapping.sprints import changed_name, new_name, to_sprint
from pm_providers.providers.trello.mapping.values import is_id
from pm_providers.toolkit.documents import identifier
from pm_providers.transport import bounded_map

__all__ = ["Sprints"]

_COLOR = "purple"


class Sprints(Connection):
    """Sprints, by the convention of the connection."""

    def _today(self) -> date:
        moment = datetime.fromtimestamp(self._timing.wall(), UTC)
        return moment.astimezone(self._rules.timezone).date()

    # reading

    async def _iter_sprints(self, query: ListQuery) -> AsyncIterator[PMSprint]:
        """In the order in which they were made, board by board."""
        status = _checked_status(query.status)
        async with aclosing(self._places_of(query)) as places:
            async for place in places:
                for sprint in self._sprints_of(place):
                    if status is None or sprint.status == status:
                        yield sprint

    async def _places_of(self, query: ListQuery) -> AsyncGenerator[Place, None]:
        if query.project_id is not None:
            yield await self._place(query.project_id, fresh=True)
            return
        ids = [identifier(one, "board") for one in await self._catalog.boards()]
        limit = self._options.concurrency
        for found in await bounded_map(lambda one: self._place(one, fresh=True), ids, limit):
            if isinstance(found, NotFoundError):
                continue  # gone since the boards were listed
            if isinstance(found, Exception):
                raise found
            yield found

    def _sprints_of(self, place: Place) -> list[PMSprint]:
        if self._rules.sprint_mode == "custom_field":
            field = place.field_named(self._rules.sprint_field)
            options = field.options if field is not None and field.type == "choice" else ()
            found = [
                self._of_option(field, one, text, place.id) for one, text in options if field is not None
            ]
        else:
            found = [self._of_label(one) for one in place.labels]
        return sorted((one for one in found if one is not None), key=lambda one: one.id)

    def _of_label(self, label: Mapping[str, Any]) -> PMSprint | None:
        name = label_kind(label, self._rules).sprint
        if name is None:
            return None
        return to_sprint(
            identifier(label, "label"),
            name,
            board=str(label.get("idBoard") or ""),
            today=self._today(),
            document=label if self._options.keep_raw else None,
        )

    def _of_option(self, field: CustomField, one: str, text: str, board: str) -> PMSprint | None:
        name = parse_sprint(text, "")
        if name is None:
            return None
        raw = {"idCustomField": field.id, "id": one, "value": {"text": text}}
        return to_sprint(
            f"{field.id}.{one}",
            name,
            board=board,
            today=self._today(),
            document=raw if self._options.keep_raw else None,
        )

    async def _get_sprint(self, sprint_id: str) -> PMSprint | None:
        if self._rules.sprint_mode == "custom_field":
            return await self._option_sprint(sprint_id)
        label = await self._sprint_label(sprint_id)
        return None if label is None else self._of_label(label)

    async def _sprint_label(self, value: str) -> dict[str, Any] | None:
        """The label of a sprint; `None` for other labels, too."""
        if not is_id(value):
            return None
        found = await self._api.find(f"labels/{value}")
        return found if found is not None and label_kind(found, self._rules).sprint is not None else None

    async def _option_sprint(self, value: str) -> PMSprint | None:
        owner, _, option = value.partition(".")
        if not is_id(owner) or not is_id(option):
            return None
        found = await self._api.find(f"customFields/{owner}")
        if found is None:
            return None
        board = str(found.get("idModel") or "")
        place = to_place({"id": board, "customFields": [found]}, self._rules)
        return next((one for one in self._sprints_of(place) if one.id == value), None)

    # writing

    async def _create_sprint(self, fields: Fields) -> PMSprint:
        board = (await self._checked_place(fields["project_id"])).id
        _take_word(fields)
        name = new_name(fields, self._today())
        if self._rules.sprint_mode == "custom_field":
            return await self._new_option(board, sprint_text(name, ""), fields)
        body = {"name": sprint_text(name), "color": _COLOR, "idBoard": board}
        made = self._of_label(await self._api.post("labels", body))
        self._catalog.drop(board)
        if made is None:
            raise ValidationError(
                fields={"name": "the system stored another name, which is no sprint any more"}
            )
        return made

    async def _new_option(self, board: str, text: str, fields: Fields) -> PMSprint:
        place = await self._catalog.place(board, fresh=True)
        field = place.field_named(self._rules.sprint_field)
        if field is None or field.type != "choice":
            name = self._rules.sprint_field
            why = f"the board has no list-type custom field {name!r:.60} to hold sprints"
            raise ValidationError(fields={"project_id": why})
        made = await self._api.post(
            f"customFields/{field.id}/options", {"value": {"text": text}, "pos": "bottom"}
        )
        self._catalog.drop(board)
        option = made.get("id") or made.get("_id")
        found = await self._option_sprint(f"{field.id}.{option}")
        if found is None:
            raise ValidationError(fields={"name": f"{fields['name']!r:.60} was not stored as a sprint"})
        return found

    async def _update_sprint(self, sprint_id: str, fields: Fields, expected_version: str | None) -> PMSprint:
        async with self._locks.hold(sprint_id):
            label = await self._sprint_label(sprint_id)
            name = None if label is None else label_kind(label, self._rules).sprint
            if label is None or name is None:
                raise NotFoundError(f"there is no sprint {sprint_id!r:.80}")
            _take_word(fields)
            text = sprint_text(changed_name(name, fields, self._today()))
            if text != label.get("name"):
                label = {
                    **label,
                    **await self._api.put(f"labels/{identifier(label, 'label')}", {"name": text}),
                }
                self._catalog.drop(str(label.get("idBoard")))
        found = self._of_label(label)
        if found is None:
            raise ValidationError(
                fields={"name": "the system stored another name, which is no sprint any more"}
            )
        return found

    async def _delete_sprint(self, sprint_id: str) -> bool:
        """The label goes from all its cards, archived ones included."""
        if self._rules.sprint_mode == "custom_field":
            return await self._delete_option(sprint_id)
        label = await self._sprint_label(sprint_id)
        if label is None:
            return False
        gone = await self._api.delete(f"labels/{identifier(label, 'label')}")
        self._catalog.drop(str(label.get("idBoard")))
        return gone

    async def _delete_option(self, sprint_id: str) -> bool:
        found = await self._option_sprint(sprint_id)
        if found is None:
            return False
        owner, _, option = sprint_id.partition(".")
        gone = await self._api.delete(f"customFields/{owner}/options/{option}")
        self._catalog.drop(found.project_id or "")
        return gone


def _checked_status(value: str | None) -> str | None:
    """A state to filter by.

    Raises:
        ValidationError: sprints are never in it.
    """
    if value is None:
        return None
    folded = value.strip().casefold()
    if folded not in set(SprintStatus):
        known = ", ".join(SprintStatus)
        raise ValidationError(fields={"status": f"{value!r:.60} is unknown; sprints are: {known}"})
    return folded


def _take_word(fields: Fields) -> None:
    """Check the state that is written, in place.

    Raises:
        ValidationError: sprints are never in it.
    """
    if fields.get("status"):
        fields["status"] = _checked_status(fields["status"])
