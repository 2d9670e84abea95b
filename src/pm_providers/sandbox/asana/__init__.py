"""A stand-in of Asana (API 1.0).

Where facts disagree, recorded answers win over reports of the real service, those over the text of the API
document, and that over its schemas; a mark beside the code says which one it is ([recorded], [obs],
[spec], [doc], [inf] for our own inference). Decisions of that kind:

- a project of an organization needs no team (recorded ones have none), see `State.team_required`;
- the colour of a tag may be `none`, a project's `aqua` or `magenta` (recorded, not in the schemas);
- values of custom fields may be numbers, lists, objects and null (the text; the schema has texts only),
  and a date may come as an object or as a plain text, as two of the vendor's pages say;
- `<b>` and `<i>` are taken in rich texts (reported) and kept as `<strong>` and `<em>`;
- unknown members of a body are ignored (reported), read-only and create-only ones refused (reported);
- an id that is no number answers 400, an unknown one 404, in a body too [inf]; an option, e-mail or type that
  is not there 400;
- a body with `external` from a personal access token is refused rather than ignored;
- deleting a project takes along the tasks that are in no other project;
- actions of a batch run from the last to the first, as nothing may rely on their order.

Not here, and answered like an unknown address: goals, allocations, budgets, rates, roles, templates,
project briefs, exports, audit log, access requests, rules, timesheet approvals, agents, time periods.
"""

from __future__ import annotations

from pm_providers.sandbox.asana.limits import Limits
from pm_providers.sandbox.asana.sandbox import ME_TOKEN, AsanaSandbox

__all__ = ["ME_TOKEN", "AsanaSandbox", "Limits"]
