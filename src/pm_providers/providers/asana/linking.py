"""Writes that leave the same behind however often they are carried out, and so may be repeated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pm_providers.errors import NotFoundError
from pm_providers.providers.asana.client import Api
from pm_providers.providers.asana.mapping.values import is_gid
from pm_providers.toolkit.documents import broken

__all__ = ["known_gid", "post_again"]


async def post_again(
    api: Api, path: str, data: Mapping[str, Any], fields: Sequence[str] = ()
) -> dict[str, Any]:
    """Add something to a set, or take it out: repeated when the answer got lost.

    Args:
        api: the connection.
        path: an address whose effect is documented as "if they are not already".
        data: what the body holds.
        fields: `opt_fields` of the answer.

    Returns:
        What the answer holds; empty where nothing is told.
    """
    params = {"opt_fields": ",".join(fields)} if fields else None
    answer = await api.call("POST", path, params=params, json={"data": dict(data)}, safe=True)
    found = answer.json_object().get("data")
    if not isinstance(found, dict):
        raise broken("no object in the answer")
    return found


def known_gid(value: str, kind: str) -> str:
    """`value` where it can be an id: others would be other addresses.

    Raises:
        NotFoundError: it can be none, so nothing has it.
    """
    if not is_gid(value):
        raise NotFoundError(f"there is no {kind} {value!r:.80}")
    return value
