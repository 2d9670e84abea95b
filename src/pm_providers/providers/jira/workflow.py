"""What is known of workflows: which status leads to which. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pm_providers.model import PMStatus, TaskStatus

__all__ = ["ANYWHERE", "Workflow", "edges_of", "next_guess", "target_of"]

ANYWHERE = "*"
"""Where a transition begins that can be done from every status."""

_RANK = {
    TaskStatus.TODO: 0,
    TaskStatus.BLOCKED: 1,
    TaskStatus.IN_PROGRESS: 1,
    TaskStatus.COMPLETED: 2,
    TaskStatus.CANCELLED: 2,
}


@dataclass(slots=True)
class Workflow:
    """Edges between statuses, of one issue type in one project, as far as they were seen.

    Attributes:
        edges: status id -> ids of the statuses that transitions lead to.
        surveyed: it was looked for in all places.
    """

    edges: dict[str, set[str]] = field(default_factory=dict)
    surveyed: bool = False

    def learn(self, source: str, targets: Iterable[str]) -> None:
        """Transitions that were seen to lead from a status, all of them."""
        self.edges[source] = set(targets)

    def add(self, source: str, target: str) -> None:
        """One transition more."""
        self.edges.setdefault(source, set()).add(target)

    def path(self, source: str, targets: Collection[str], closed: Collection[str] = ()) -> list[str]:
        """Shortest way from a status to one of several, both ends included; empty where none is known.

        Args:
            source: status id.
            targets: ids of the statuses wanted.
            closed: ids of statuses that are better not passed through, of ways of the same length.
        """
        before: dict[str, str] = {}
        queue = deque([source])
        while queue:
            one = queue.popleft()
            for following in self._following(one, closed):
                if following == source or following in before:
                    continue
                before[following] = one
                if following in targets:
                    return _way(before, source, following)
                queue.append(following)
        return []

    def _following(self, one: str, closed: Collection[str]) -> list[str]:
        found = self.edges.get(one, set()) | self.edges.get(ANYWHERE, set())
        return sorted(found, key=lambda status: (status in closed, status))


def _way(before: Mapping[str, str], source: str, target: str) -> list[str]:
    way = [target]
    while way[-1] != source:
        way.append(before[way[-1]])
    return way[::-1]


def target_of(transition: Mapping[str, Any]) -> str | None:
    """Id of the status that a transition leads to."""
    to = transition.get("to")
    found = to.get("id") if isinstance(to, Mapping) else to
    return None if found is None else str(found)


def edges_of(workflow: Mapping[str, Any], statuses: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Edges of a workflow as administrators are told it; initial transitions lead from nowhere.

    Args:
        workflow: element of `workflows/search` with its transitions ([spec] JiraWorkflow).
        statuses: those of the same answer; transitions name them by reference ([spec] JiraWorkflowStatus).
    """
    ids = {str(one.get("statusReference")): str(one["id"]) for one in statuses if one.get("id") is not None}
    found = []
    transitions = workflow.get("transitions")
    for one in transitions if isinstance(transitions, list) else ():
        target = ids.get(str(one.get("toStatusReference"))) if isinstance(one, Mapping) else None
        if target is not None:
            found += [(source, target) for source in _sources(one, ids)]
    return found


def _sources(transition: Mapping[str, Any], ids: Mapping[str, str]) -> list[str]:
    kind, links = str(transition.get("type")).upper(), transition.get("links")
    if kind == "GLOBAL":
        return [ANYWHERE]
    if kind == "INITIAL" or not isinstance(links, list):
        return []
    references = [str(one.get("fromStatusReference")) for one in links if isinstance(one, Mapping)]
    return [ids[one] for one in references if one in ids]


def next_guess(
    here: PMStatus, target: PMStatus, offered: Sequence[PMStatus], visited: Collection[str]
) -> PMStatus | None:
    """Where to go when no way to a status is known: on in its direction, one category after the other.

    Never through a status that is closed on the way to another closed one, never through blocked or
    cancelled, and nowhere twice.

    Args:
        here: where the issue stands.
        target: where it shall stand.
        offered: where transitions lead from here.
        visited: ids of the statuses that it stood in on this way.
    """
    start, end = _RANK[TaskStatus(here.status)], _RANK[TaskStatus(target.status)]
    low, high = min(start, end), max(start, end)
    fitting = [
        one
        for one in offered
        if one.id not in visited
        and TaskStatus(one.status) not in {TaskStatus.BLOCKED, TaskStatus.CANCELLED}
        and low <= _RANK[TaskStatus(one.status)] <= high
        and not one.is_closed
    ]
    nearest = sorted(fitting, key=lambda one: abs(_RANK[TaskStatus(one.status)] - end))
    return nearest[0] if nearest else None
