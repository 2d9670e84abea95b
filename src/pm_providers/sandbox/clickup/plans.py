"""What a plan allows: requests a minute and features ([doc] rate limits; fact sheet, sections 5 to 7)."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["PLANS", "Plan"]


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan.

    Attributes:
        number: `plan_id`.
        per_minute: requests of one token.
        field_uses: how often custom fields may be set, ever; None has no end.
        custom_types: how often custom task types may be used; None has no end.
        spaces: how many Spaces there may be; None has no end.
        user_estimates: estimates of single assignees, custom task ids.
        enterprise: user administration.
    """

    number: int
    name: str
    per_minute: int = 100
    field_uses: int | None = None
    custom_types: int | None = None
    spaces: int | None = None
    user_estimates: bool = True
    enterprise: bool = False


PLANS: dict[str, Plan] = {
    "free": Plan(1, "Free Forever", field_uses=60, custom_types=60, spaces=5, user_estimates=False),
    "unlimited": Plan(2, "Unlimited", user_estimates=False),
    "business": Plan(3, "Business"),
    "business_plus": Plan(5, "Business Plus", per_minute=1000),
    "enterprise": Plan(4, "Enterprise", per_minute=10_000, enterprise=True),
}
