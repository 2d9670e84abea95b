"""Writing tasks. The answer to a write is the card, but for custom fields and moves: then it is read anew."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from typing import Any

from pm_providers.contract import ChoiceBook, Fields
from pm_providers.errors import NotFoundError, PMError, ValidationError
from pm_providers.model import PMStatus, PMTask, TaskStatus, WriteWarning
from pm_providers.providers.trello.connection import CARD_PARAMS
from pm_providers.providers.trello.mapping.places import BoardList, Place, first_list
from pm_providers.providers.trello.mapping.tasks import from_task, is_task, reading_of, to_task
from pm_providers.providers.trello.mapping.values import is_id, is_object
from pm_providers.providers.trello.planning import Base, Plan, Planning
from pm_providers.toolkit.choices import status_book
from pm_providers.toolkit.documents import identifier
from pm_providers.toolkit.writes import own_words, refuse_clearing, with_losses

__all__ = ["AHEAD", "TaskWriter"]

AHEAD: ContextVar[dict[str, dict[str, Any]]] = ContextVar("trello_cards_ahead")
"""Cards that the batch under way has read for its next items, by id."""

_LOST_IN_MOVES = (
    "sprint_id", "label_ids", "assignee_ids", "priority", "custom_fields", "status", "estimated_hours",
    "story_points",
)  # fmt: skip
LABELLED = ("label_ids", "sprint_id", "priority")


class TaskWriter(Planning):
    """Tasks, written."""

    # creation

    async def _create_task(self, fields: Fields) -> PMTask:
        place = await self._checked_place(fields["project_id"])
        plan = await self._planned(fields, place)
        if "idList" not in plan.body:
            plan.body["idList"] = self._first_list(place).id
        labels = plan.added
        body = {name: value for name, value in plan.body.items() if value not in (None, "")}
        body |= {"pos": "bottom", **({"idLabels": labels} if labels else {})}
        with _naming(fields):
            card = await self._api.post("cards", body)
        if not plan.items:
            return await self._answered(card, place)
        return await self._with_items(card, plan, fields)

    async def _answered(self, card: dict[str, Any], place: Place) -> PMTask:
        """The task of a card as the answer of a creation tells it, which has no custom fields yet."""
        found = place if place.knows(card) else await self._catalog.place_for(card)
        return to_task(card, reading_of(found, keep_raw=self._options.keep_raw))

    async def _with_items(self, card: dict[str, Any], plan: Plan, fields: Fields) -> PMTask:
        """A new card with its custom fields, which are a second request.

        The card is there: an error would make callers create it again, so it is told in a warning.
        """
        one = identifier(card, "card")
        try:
            await self._api.put(f"cards/{one}/customFields", {"customFieldItems": plan.items})
            return await self._task(await self._api.get(f"cards/{one}", CARD_PARAMS))
        except PMError as error:
            made = await self._answered(card, await self._catalog.place(str(card.get("idBoard"))))
            why = f"the card was created, its custom fields not set: {error.message}"
            names = ("custom_fields", "estimated_hours", "story_points", "sprint_id", "priority")
            warnings = tuple(
                WriteWarning(name, fields[name], getattr(made, name), why)
                for name in names
                if fields.get(name) and not self._holds(name, fields[name], made)
            )
            return replace(made, warnings=warnings)

    def _first_list(self, place: Place) -> BoardList:
        found = first_list(place.open_lists)
        if found is None:
            raise ValidationError(fields={"project_id": "has no open list, so it takes no cards"})
        return found

    # changes

    async def _update_task(self, task_id: str, fields: Fields, expected_version: str | None) -> PMTask:
        async with self._locks.hold(task_id):
            card = None if "assignee_id" in fields else self._ahead(task_id)
            return await self._changed(card or await self._card(task_id), fields)

    async def _changed(self, card: dict[str, Any], fields: Fields) -> PMTask:
        """One card, read a moment ago, with fields changed."""
        refuse_clearing(fields, ("status", "project_id"))
        before = await self._task(card)
        goal = fields.get("project_id") or before.project_id or ""
        place = await self._checked_place(goal)
        moves = place.id != before.project_id
        plan = await self._planned(fields, place, Base(card, before))
        if moves:
            return await self._moved(before, fields, place, plan)
        if plan.is_empty:
            return before
        with _naming(fields):
            return await self._carried_out(before.id, plan)

    async def _moved(self, before: PMTask, fields: Fields, place: Place, plan: Plan) -> PMTask:
        """A card on another board: labels of the same name and colour come along as those of the new board.

        So what else is to be put on or taken off is known after the move only.
        """
        goal = {"idBoard": place.id, "idList": plan.body.get("idList") or self._same_list(before, place)}
        with _naming(fields):
            await self._api.put(f"cards/{before.id}", {**plan.body, **goal})
            if any(name in fields for name in LABELLED):
                card = await self._card(before.id)
                await self._plan_labels(plan, fields, place, Base(card, before))
            plan.body = {}
            task = await self._carried_out(before.id, plan)
        return with_losses(task, before, fields, _LOST_IN_MOVES)

    async def _carried_out(self, one: str, plan: Plan) -> PMTask:
        """Write a plan."""
        answer: dict[str, Any] | None = None
        if plan.body:
            answer = await self._api.put(f"cards/{one}", plan.body)
        for label in plan.removed:
            await self._without_label(one, label)
        for label in plan.added:
            await self._with_label(one, label)
        if plan.items:
            await self._api.put(f"cards/{one}/customFields", {"customFieldItems": plan.items})
        return await self._written(one, answer, plan)

    async def _written(self, one: str, answer: dict[str, Any] | None, plan: Plan) -> PMTask:
        """The task as it is now: of the answer where that holds all, else read anew."""
        if answer is not None and not (plan.added or plan.removed or plan.items):
            place = await self._catalog.place(str(answer.get("idBoard") or ""))
            if is_task(answer) and not place.fields and place.knows(answer):
                return to_task(answer, reading_of(place, keep_raw=self._options.keep_raw))
        found = await self._find_card(one)
        if found is None:
            raise NotFoundError(f"task {one} was changed, but cannot be read any more")
        return await self._task({**found, **own_words(answer, plan.body)})

    async def _with_label(self, card: str, label: str) -> None:
        """Put a label on; that it is on already is what was wanted ([obs] 400 "that label is already ...").

        Labels are added and taken off one by one: writing the list would undo what others do meanwhile.
        """
        try:
            await self._api.call("POST", f"cards/{card}/idLabels", json={"value": label}, safe=True)
        except ValidationError as error:
            if "already" not in error.message.casefold():
                raise

    async def _without_label(self, card: str, label: str) -> None:
        """Take a label off; one that is not on is off."""
        try:
            await self._api.call("DELETE", f"cards/{card}/idLabels/{label}", safe=True)
        except NotFoundError:
            return
        except ValidationError as error:
            if "not on" not in error.message.casefold():
                raise

    @staticmethod
    def _ahead(task_id: str) -> dict[str, Any] | None:
        """The card as a batch read it a moment ago, once; `None` outside of batches."""
        return AHEAD.get({}).pop(task_id, None)

    # deleting

    async def _delete_task(self, task_id: str) -> bool:
        """Archive the card, which can be undone, or delete it for good where the connection says so.

        Archiving an archived card does nothing, so that is `False`.
        """
        if not is_object(task_id):
            return False
        async with self._locks.hold(task_id):
            card = self._ahead(task_id) or await self._find_card(task_id)
            if card is None:
                return False
            one = identifier(card, "card")
            if self._rules.delete_mode == "permanent":
                return await self._api.delete(f"cards/{one}")
            if card.get("closed") is True:
                return False
            try:
                await self._api.put(f"cards/{one}", {"closed": True})
            except NotFoundError:
                return False
            return True

    # fields to wire

    async def _planned(self, fields: Fields, place: Place, base: Base | None = None) -> Plan:
        """What writes checked fields on a card of a board.

        Raises:
            ValidationError: a value that the board does not have; nothing was sent.
        """
        before = None if base is None else base.task
        plan = Plan(from_task(fields, self._rules.timezone, before=before))
        if "assignee_id" in fields:
            plan.body["idMembers"] = _members(fields["assignee_id"], before)
        _check_members(plan.body)
        if fields.get("status"):
            plan.body |= self._status_body(fields, place, base)
        known = await self._known_fields(fields, place)
        plan.items = self._items(fields, known)
        if any(name in fields for name in LABELLED):
            await self._plan_labels(plan, fields, known, base)
        return plan

    def _status_body(self, fields: Fields, place: Place, base: Base | None) -> dict[str, Any]:
        """List and tick for a status: a unified value, or the name or id of an open list.

        Completing ticks the card and moves it to a list of completed cards where there is one; any other
        status takes the tick off, unless only lists count. A card whose list means the status stays there.
        """
        value, rules = fields["status"], self._rules
        before = None if base is None else base.task
        same_board = before is not None and before.project_id == place.id
        if before is not None and same_board and value == before.status:
            return {}
        lists = place.open_lists
        held = (
            None if base is None else next((one for one in lists if one.id == base.card.get("idList")), None)
        )
        target = held if held is not None and held.status == value else self._target_list(value, lists)
        if is_id(value) and target is not None:
            fields["status"] = target.name
        done = value == TaskStatus.COMPLETED or (target is not None and target.is_done)
        if target is None and not (value == TaskStatus.COMPLETED and rules.done_mode != "list"):
            known = ", ".join(one.name for one in lists) or "none"
            raise ValidationError(fields={"status": f"{value!r:.60} is unknown; the board has: {known:.500}"})
        body: dict[str, Any] = {} if target is None or target is held else {"idList": target.id}
        if rules.done_mode != "list":
            body["dueComplete"] = done
        elif done or (before is not None and before.status == TaskStatus.COMPLETED):
            body["dueComplete"] = done  # the tick that completing made goes with it
        return body

    @staticmethod
    def _target_list(value: str, lists: Sequence[BoardList]) -> BoardList | None:
        if value == TaskStatus.COMPLETED:
            statuses = [PMStatus(one.id, one.name, "completed") for one in lists if one.is_done]
        else:
            statuses = [PMStatus(one.id, one.name, one.status) for one in lists]
        if value not in set(TaskStatus):
            book = ChoiceBook(tuple(statuses), {}, "status")
        else:
            book = status_book(statuses)
        try:
            found = book.candidates(value)[0]
        except ValidationError:
            return None
        return next(one for one in lists if one.id == found.id)

    def _same_list(self, before: PMTask, place: Place) -> str:
        """List of another board for a card: of the same name, of the same meaning, or the first."""
        name = (before.status_name or "").strip().casefold()
        lists = place.open_lists
        named = [one for one in lists if one.name.strip().casefold() == name]
        meant = [one for one in lists if one.status == before.status]
        return next(iter(named or meant), self._first_list(place)).id

    async def _plan_labels(self, plan: Plan, fields: Fields, place: Place, base: Base | None) -> None:
        """Labels to put on and to take off; those that stand for what is not written stay."""
        wanted = await self._wanted_labels(fields, place, base)
        held = [] if base is None else base.labels
        plan.added = [one for one in wanted if one not in held]
        plan.removed = [one for one in held if one not in wanted]


def _members(first: str | None, before: PMTask | None) -> list[str]:
    """All assignees with another first one, the others left."""
    rest = [] if before is None else [one for one in before.assignee_ids[1:] if one != first]
    return [first, *rest] if first else rest


def _check_members(body: Mapping[str, Any]) -> None:
    """Ids that are none would be refused as a list, without a name."""
    bad = [one for one in body.get("idMembers") or () if not is_id(one)]
    if bad:
        raise ValidationError(fields={"assignee_ids": f"there is no user {bad[0]!r:.60}"})


@contextmanager
def _naming(fields: Fields) -> Iterator[None]:
    """Block whose refusals name the field that was written: members are one list to the vendor."""
    try:
        yield
    except ValidationError as error:
        if "assignee_ids" in error.fields and "assignee_id" in fields:
            named = {
                ("assignee_id" if one == "assignee_ids" else one): why for one, why in error.fields.items()
            }
            error.fields = named
        raise
