"""The fields of a new site: the vendor's system fields (names and clauses recorded) and usual custom ones."""

from __future__ import annotations

from typing import Any

from pm_providers.sandbox.jira.records import Field, Option
from pm_providers.sandbox.jira.state import State

__all__ = ["CUSTOM_TYPES", "add_custom_field", "seed_fields"]

# id, name, kind, schema type, items, flags (o orderable, n navigable, s searchable), clauses
_SYSTEM: tuple[tuple[str, str, str, str, str, str, str], ...] = (
    (
        "statuscategorychangedate",
        "Status Category Changed",
        "readonly",
        "datetime",
        "",
        "ns",
        "statusCategoryChangedDate",
    ),
    ("issuetype", "Issue Type", "issuetype", "issuetype", "", "ons", "issuetype type worktype"),
    ("timespent", "Time Spent", "readonly", "number", "", "n", "timespent"),
    ("project", "Project", "project", "project", "", "ns", "project spaceJira"),
    ("fixVersions", "Fix versions", "versions", "array", "version", "ons", "fixVersion"),
    ("aggregatetimespent", "Σ Time Spent", "readonly", "number", "", "n", ""),
    ("statusCategory", "Status Category", "readonly", "statusCategory", "", "ns", "statusCategory"),
    ("parent", "Parent", "parent", "", "", "ons", "parent"),
    ("resolution", "Resolution", "resolution", "resolution", "", "ons", "resolution"),
    ("resolutiondate", "Resolved", "readonly", "datetime", "", "ns", "resolutiondate resolved"),
    ("workratio", "Work Ratio", "readonly", "number", "", "ns", "workratio"),
    ("lastViewed", "Last Viewed", "readonly", "datetime", "", "n", "lastViewed"),
    ("watches", "Watchers", "readonly", "watches", "", "n", "watchers"),
    ("issuerestriction", "Restrict to", "readonly", "issuerestriction", "", "os", ""),
    ("thumbnail", "Images", "readonly", "", "", "n", ""),
    ("created", "Created", "readonly", "datetime", "", "ns", "created createdDate"),
    ("priority", "Priority", "priority", "priority", "", "ons", "priority"),
    ("labels", "Labels", "labels", "array", "string", "ons", "labels"),
    ("timeestimate", "Remaining Estimate", "readonly", "number", "", "n", "remainingEstimate timeestimate"),
    ("aggregatetimeoriginalestimate", "Σ Original Estimate", "readonly", "number", "", "n", ""),
    ("versions", "Affects versions", "versions", "array", "version", "ons", "affectedVersion"),
    ("issuelinks", "Linked Issues", "readonly", "array", "issuelinks", "ons", "issueLink workItemLink"),
    ("assignee", "Assignee", "user", "user", "", "ons", "assignee"),
    ("updated", "Updated", "readonly", "datetime", "", "ns", "updated updatedDate"),
    ("status", "Status", "readonly", "status", "", "ons", "status"),
    ("components", "Components", "components", "array", "component", "ons", "component"),
    ("issuekey", "Key", "readonly", "", "", "n", "id issue issuekey key workItem workItemKey"),
    (
        "timeoriginalestimate",
        "Original estimate",
        "readonly",
        "number",
        "",
        "n",
        "originalEstimate timeoriginalestimate",
    ),
    ("description", "Description", "rich", "string", "", "ons", "description"),
    ("timetracking", "Time tracking", "timetracking", "timetracking", "", "os", ""),
    ("security", "Security Level", "readonly", "securitylevel", "", "ons", "level"),
    ("attachment", "Attachment", "readonly", "array", "attachment", "os", "attachments"),
    ("aggregatetimeestimate", "Σ Remaining Estimate", "readonly", "number", "", "n", ""),
    ("summary", "Summary", "string", "string", "", "ons", "summary"),
    ("creator", "Creator", "readonly", "user", "", "ns", "creator"),
    ("subtasks", "Sub-tasks", "readonly", "array", "issuelinks", "n", "subtasks"),
    ("reporter", "Reporter", "user", "user", "", "ons", "reporter"),
    ("aggregateprogress", "Σ Progress", "readonly", "progress", "", "n", ""),
    ("environment", "Environment", "rich", "string", "", "ons", "environment"),
    ("duedate", "Due date", "date", "date", "", "ons", "due duedate"),
    ("progress", "Progress", "readonly", "progress", "", "n", "progress"),
    ("votes", "Votes", "readonly", "votes", "", "n", "votes"),
    ("comment", "Comment", "readonly", "comments-page", "", "os", "comment"),
    ("worklog", "Log Work", "readonly", "array", "worklog", "os", ""),
)

_STANDARD = "com.atlassian.jira.plugin.system.customfieldtypes:"
_SOFTWARE = "com.pyxis.greenhopper.jira:"
# custom field type: (kind, schema type, items, what JQL shows after the name)
CUSTOM_TYPES: dict[str, tuple[str, str, str, str]] = {
    _STANDARD + "textfield": ("string", "string", "", "Short text"),
    _STANDARD + "textarea": ("rich", "string", "", "Paragraph"),
    _STANDARD + "float": ("number", "number", "", "Number"),
    _STANDARD + "datepicker": ("date", "date", "", "Date"),
    _STANDARD + "datetime": ("datetime", "datetime", "", "Time stamp"),
    _STANDARD + "url": ("url", "string", "", "URL Field"),
    _STANDARD + "select": ("option", "option", "", "Dropdown"),
    _STANDARD + "radiobuttons": ("option", "option", "", "Radio Buttons"),
    _STANDARD + "multiselect": ("options", "array", "option", "Select List (multiple choices)"),
    _STANDARD + "multicheckboxes": ("options", "array", "option", "Checkboxes"),
    _STANDARD + "cascadingselect": ("cascading", "option-with-child", "", "Select List (cascading)"),
    _STANDARD + "userpicker": ("user", "user", "", "User Picker (single user)"),
    _STANDARD + "multiuserpicker": ("users", "array", "user", "User Picker (multiple users)"),
    _STANDARD + "grouppicker": ("group", "group", "", "Group Picker (single group)"),
    _STANDARD + "multigrouppicker": ("groups", "array", "group", "Group Picker (multiple groups)"),
    _STANDARD + "version": ("version", "version", "", "Version Picker (single version)"),
    _STANDARD + "multiversion": ("versions", "array", "version", "Version Picker (multiple versions)"),
    _STANDARD + "labels": ("labels", "array", "string", "Labels"),
    _SOFTWARE + "gh-sprint": ("sprint", "array", "json", ""),
    _SOFTWARE + "gh-lexo-rank": ("rank", "any", "", ""),
    _SOFTWARE + "gh-epic-link": ("epic-link", "any", "", ""),
    _SOFTWARE + "gh-epic-label": ("string", "string", "", ""),
    _SOFTWARE + "jsw-story-points": ("number", "number", "", ""),
    _SOFTWARE + "jsw-issue-color": ("string", "string", "", ""),
}

# number, name, type, options (a tuple inside: value and its children)
_CUSTOM: tuple[tuple[int, str, str, tuple[Any, ...]], ...] = (
    (10011, "Epic Name", _SOFTWARE + "gh-epic-label", ()),
    (10014, "Epic Link", _SOFTWARE + "gh-epic-link", ()),
    (10015, "Start date", _STANDARD + "datepicker", ()),
    (10016, "Story point estimate", _SOFTWARE + "jsw-story-points", ()),
    (10017, "Issue color", _SOFTWARE + "jsw-issue-color", ()),
    (10019, "Rank", _SOFTWARE + "gh-lexo-rank", ()),
    (10020, "Sprint", _SOFTWARE + "gh-sprint", ()),
    (10021, "Flagged", _STANDARD + "multicheckboxes", ("Impediment",)),
    (10026, "Story Points", _STANDARD + "float", ()),
    (10030, "Severity", _STANDARD + "select", ("Critical", "Major", "Minor")),
    (10031, "Platforms", _STANDARD + "multiselect", ("Web", "iOS", "Android")),
    (10032, "Area", _STANDARD + "cascadingselect", (("Shop", "Cart", "Search"), ("Back office", "Stock"))),
    (10033, "Cost", _STANDARD + "float", ()),
    (10034, "Customer reference", _STANDARD + "textfield", ()),
    (10035, "Acceptance criteria", _STANDARD + "textarea", ()),
    (10036, "Reviewer", _STANDARD + "userpicker", ()),
    (10037, "Go-live at", _STANDARD + "datetime", ()),
    (10038, "Specification", _STANDARD + "url", ()),
    (10039, "Tags", _STANDARD + "labels", ()),
    (10040, "Approvers", _STANDARD + "multiuserpicker", ()),
    (10041, "Support group", _STANDARD + "grouppicker", ()),
    (10042, "Found in", _STANDARD + "version", ()),
)


def seed_fields(state: State) -> None:
    """Store the fields and options of a new site."""
    for field_id, name, kind, type_name, items, flags, clauses in _SYSTEM:
        schema = (
            {"type": type_name, **({"items": items} if items else {}), "system": field_id}
            if type_name
            else None
        )
        state.fields.put(
            Field(
                id=field_id,
                name=name,
                kind=kind,
                schema=schema,
                clauses=tuple(clauses.split()),
                orderable="o" in flags,
                navigable="n" in flags,
                searchable="s" in flags,
            )
        )
    for number, name, custom, options in _CUSTOM:
        add_custom_field(state, number, name, custom, options)


def add_custom_field(
    state: State,
    number: int,
    name: str,
    custom: str,
    options: tuple[Any, ...] = (),
    project_id: int | None = None,
) -> Field:
    """Add a custom field with its options.

    Args:
        state: the site.
        number: gives the id `customfield_NUMBER`.
        name: as people see it.
        custom: a key of `CUSTOM_TYPES`.
        options: values; a tuple is a value followed by its second level.
        project_id: scope of a field of a team-managed project.
    """
    kind, type_name, items, hint = CUSTOM_TYPES[custom]
    schema = {"type": type_name, **({"items": items} if items else {}), "custom": custom, "customId": number}
    clauses = (f"cf[{number}]", name, *((f"{name}[{hint}]",) if hint else ()))
    row = state.fields.put(
        Field(
            id=f"customfield_{number}",
            name=name,
            kind=kind,
            schema=schema,
            clauses=clauses,
            number=number,
            project_id=project_id,
        )
    )
    for entry in options:
        value, *children = entry if isinstance(entry, tuple) else (entry,)
        parent = state.options.put(Option(id=state.options.next_id(), field_id=row.id, value=value))
        for child in children:
            state.options.put(
                Option(id=state.options.next_id(), field_id=row.id, value=child, parent_id=parent.id)
            )
    return row
