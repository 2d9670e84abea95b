"""Statuses, priorities, transitions and fields."""

from __future__ import annotations

from pm_providers.errors import NotFoundError
from pm_providers.model import PMField, PMPriority, PMStatus, PMTransition
from pm_providers.providers.trello.connection import Connection
from pm_providers.providers.trello.mapping.custom_fields import CustomField
from pm_providers.providers.trello.mapping.fields import custom_fields, system_fields
from pm_providers.providers.trello.mapping.places import Place
from pm_providers.providers.trello.mapping.priorities import PRIORITIES, option_choices
from pm_providers.toolkit.documents import identifier
from pm_providers.transport import bounded_map

__all__ = ["Discovery"]


class Discovery(Connection):
    """What boards offer to choose from."""

    async def _list_statuses(self, project_id: str | None) -> list[PMStatus]:
        """The open lists of a board; without one, those of all boards."""
        return [status for place in await self._places(project_id) for status in place.statuses]

    async def _places(self, project_id: str | None) -> list[Place]:
        if project_id is not None:
            return [await self._place(project_id, fresh=True)]
        ids = [identifier(one, "board") for one in await self._catalog.boards()]
        limit = self._options.concurrency
        found = await bounded_map(lambda one: self._catalog.place(one, fresh=True), ids, limit)
        for one in found:
            # Boards that are gone since they were listed are left out.
            if isinstance(one, Exception) and not isinstance(one, NotFoundError):
                raise one
        return [one for one in found if isinstance(one, Place)]

    async def _list_priorities(self) -> list[PMPriority]:
        """The five priorities; with `priority_mode=custom_field` the options of that field of all boards."""
        if self._rules.priority_mode == "label":
            return list(PRIORITIES)
        known: dict[str, PMPriority] = {}
        for place in await self._places(None):
            field = place.field_named(self._rules.priority_field)
            if field is not None and field.type == "choice":
                for one in option_choices(field, self._rules):
                    known.setdefault(one.name, one)
        order = [one.priority for one in PRIORITIES]
        return sorted(known.values(), key=lambda one: order.index(one.priority))

    async def _list_transitions(self, task_id: str) -> list[PMTransition]:
        """Cards may go to any other open list of their board."""
        card = await self._card(task_id)
        place = await self._catalog.place(str(card.get("idBoard") or ""), fresh=True)
        return [PMTransition(one.id, one.name, one) for one in place.statuses if one.id != card.get("idList")]

    async def _list_fields(self, project_id: str | None) -> list[PMField]:
        """The system's own fields, then custom ones by name, each name once."""
        places = await self._places(project_id)
        statuses = [one.name for place in places for one in place.statuses]
        custom: dict[str, CustomField] = {}
        for place in places:
            for one in place.custom_fields:
                custom.setdefault(one.name, one)
        return [*system_fields(tuple(dict.fromkeys(statuses)), self._rules), *custom_fields(custom.values())]
