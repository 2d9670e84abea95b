"""What a server of a given OpenProject version can do; facts with their sources."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Features"]


@dataclass(frozen=True, slots=True)
class Features:
    """Differences between versions, as far as the API shows them.

    Attributes:
        millis: timestamps with milliseconds. Recorded: 12.0 has whole seconds.
        lag: relations carry `lag` (14.0), before that `delay`.
        manual_default: work packages start scheduled manually (15.4).
        exact_schedule: automatic ones start right after their predecessors, also earlier than before; a first
            predecessor or child makes a work package automatic (15.4, [code] `set_schedule_service.rb`).
        moves_retype: a move to a project without the type changes the type (read in 14.0, gone in 15.4).
        done_writable: % complete can be written; 14.x computes it ([code] 14.x `base_contract.rb`).
        progress: work, remaining work and % complete are coupled and may be empty (14.0).
        duration: work packages have `duration` and `ignoreNonWorkingDays` (12.2).
        entity: time entries link to `entity` (17.0), before that `workPackage`.
        workspaces: programs and portfolios exist (17.0).
        bearer_keys: `Authorization: Bearer opapi-...` works (17.2).
        sprints: native sprints, read-only (17.3).
        reserves: former identifiers of projects stay taken and lead to them (17.3).
        display_id: work packages have `displayId` (17.4).
        delete_needs_type: DELETE without a Content-Type is 406 (until 13.3).
        relations_redirect: a work package's relation list is a 308 to `/relations` (15.4).
        internal_comments: comments carry `internal` (16.1).
        projects_paged: the project list honours `pageSize`; recorded: 12.0 does not.
        responsibles: `available_responsibles` exists (until 14.0).
        login_required: default of "authentication required" (15.0).
        select: `select` is understood (12.1).
        max_page_size: largest page.
    """

    version: str
    number: tuple[int, int]
    millis: bool
    lag: bool
    manual_default: bool
    exact_schedule: bool
    moves_retype: bool
    done_writable: bool
    progress: bool
    duration: bool
    entity: bool
    workspaces: bool
    bearer_keys: bool
    sprints: bool
    reserves: bool
    display_id: bool
    delete_needs_type: bool
    relations_redirect: bool
    internal_comments: bool
    projects_paged: bool
    responsibles: bool
    login_required: bool
    select: bool
    max_page_size: int

    @classmethod
    def of(cls, version: str) -> Features:
        """Read `"17.6"` or `"12.0.0"`.

        Raises:
            ValueError: not a version, or older than 12.0.
        """
        parts = version.split(".")
        if len(parts) < 2 or not all(p.isdecimal() for p in parts):
            raise ValueError(f"a version looks like 17.6, not {version!r}")
        number = (int(parts[0]), int(parts[1]))
        if number < (12, 0):
            raise ValueError("the sandbox knows OpenProject from version 12.0")
        return cls(
            version=version,
            number=number,
            millis=number >= (13, 0),
            lag=number >= (14, 0),
            manual_default=number >= (15, 4),
            exact_schedule=number >= (15, 4),
            moves_retype=number < (15, 0),
            done_writable=not (14, 0) <= number < (15, 0),
            progress=number >= (14, 0),
            duration=number >= (12, 2),
            entity=number >= (17, 0),
            workspaces=number >= (17, 0),
            bearer_keys=number >= (17, 2),
            sprints=number >= (17, 3),
            reserves=number >= (17, 3),
            display_id=number >= (17, 4),
            delete_needs_type=number < (13, 3),
            relations_redirect=number >= (15, 4),
            internal_comments=number >= (16, 1),
            projects_paged=number >= (13, 0),
            responsibles=number < (14, 0),
            login_required=number >= (15, 0),
            select=number >= (12, 1),
            max_page_size=1000 if number >= (13, 0) else 500,
        )
