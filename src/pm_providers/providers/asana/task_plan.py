"""What a write of a task consists of: calls in two steps, of which those of a step run at the same time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pm_providers.providers.asana.actions import Action
from pm_providers.providers.asana.client import Api

__all__ = ["TaskPlan"]


@dataclass(slots=True)
class TaskPlan:
    """The calls that change one task.

    Attributes:
        task: gid.
        body: keys of the task itself, one `PUT`.
        custom: custom field values by gid, in the same `PUT`.
        places: calls that put the task somewhere.
        others: calls that take it away from somewhere, and tags.
        leaves: the task is taken out of its project: it must be in the other one by then, or only those who
            follow it see it still.
    """

    task: str
    body: dict[str, Any] = field(default_factory=dict)
    custom: dict[str, Any] = field(default_factory=dict)
    places: list[Action] = field(default_factory=list)
    others: list[Action] = field(default_factory=list)
    leaves: bool = False

    def place(self, verb: str, data: Mapping[str, Any]) -> None:
        """Put the task somewhere: `addProject` or `setParent`."""
        self.places.append(Action("POST", f"tasks/{self.task}/{verb}", data))

    def other(self, verb: str, data: Mapping[str, Any]) -> None:
        """Do something that needs no order."""
        self.others.append(Action("POST", f"tasks/{self.task}/{verb}", data))

    def steps(self) -> list[list[Action]]:
        """The calls, step by step: custom fields are those of the projects, so places come first for them."""
        body = {**self.body, "custom_fields": self.custom} if self.custom else self.body
        put = [Action("PUT", f"tasks/{self.task}", body)] if body else []
        first_places = bool(self.places) and (bool(self.custom) or self.leaves)
        steps = [self.places, [*put, *self.others]] if first_places else [[*self.places, *put, *self.others]]
        return [one for one in steps if one]

    @property
    def retyped(self) -> bool:
        """Whether the type is written."""
        return bool({"resource_subtype", "custom_type"} & self.body.keys())

    @property
    def moves(self) -> bool:
        """Whether the task comes to stand somewhere else, and its subtasks with it."""
        return bool(self.places or self.others)

    async def carry_out(self, api: Api, fields: tuple[str, ...]) -> dict[str, Any] | None:
        """Write; the task as the server answered, `None` where it was not told as a whole.

        Args:
            api: the connection.
            fields: `opt_fields` of the answer.

        Raises:
            PMError: one of the calls failed.
        """
        steps = self.steps()
        if len(steps) == 1 and len(steps[0]) == 1 and steps[0][0].method == "PUT":
            return await api.put(steps[0][0].path, steps[0][0].data, fields)
        for actions in steps:
            await _step(api, actions)
        return None


async def _step(api: Api, actions: list[Action]) -> None:
    if len(actions) == 1:
        await api.run(actions[0])
        return
    for outcome in await api.batch(actions):
        if outcome.error is not None:
            raise outcome.error
