"""How members and workspaces are shown ([recorded] member, organizations)."""

from __future__ import annotations

import hashlib
from typing import Any

from pm_providers.sandbox.trello.access import membership_of
from pm_providers.sandbox.trello.ids import born, stamp
from pm_providers.sandbox.trello.limit_view import OFFERINGS, PREMIUM
from pm_providers.sandbox.trello.records import Member, Membership, Organization
from pm_providers.sandbox.trello.shapes import Shape
from pm_providers.sandbox.trello.web import Session

__all__ = ["CREATOR", "MEMBER", "MEMBER_SHORT", "ORG", "ORG_SHORT", "membership"]

MEMBER_SHORT = ("id", "fullName", "username")
CREATOR = (
    "id",
    "activityBlocked",
    "avatarHash",
    "avatarUrl",
    "fullName",
    "idMemberReferrer",
    "initials",
    "nonPublic",
    "nonPublicAvailable",
    "username",
)
ORG_SHORT = (
    "id",
    "name",
    "displayName",
    "desc",
    "descData",
    "url",
    "website",
    "teamType",
    "logoHash",
    "logoUrl",
    "offering",
    "products",
    "powerUps",
)
_PREFS = {
    "sendSummaries": True,
    "minutesBetweenSummaries": 60,
    "minutesBeforeDeadlineToNotify": 1440,
    "colorBlind": False,
    "keyboardShortcutsEnabled": True,
    "locale": "en-US",
    "privacy": {"fullName": "public", "avatar": "public"},
}


def _hash(row: Member) -> str:
    return hashlib.md5(row.id.encode(), usedforsecurity=False).hexdigest()


def _email(session: Session, row: Member) -> str | None:
    """Only one's own, and only with the scope `account`."""
    token = session.token
    own = token is not None and row.id == token.member_id
    return row.email if own and token is not None and (token.oauth2 or "account" in token.scopes) else None


def _boards(session: Session, row: Member) -> list[str]:
    return [board.id for board in session.state.boards if membership_of(board, row.id) is not None]


def _orgs(session: Session, row: Member, *, admin: bool = False) -> list[str]:
    found = ((org, membership_of(org, row.id)) for org in session.state.orgs)
    return [org.id for org, entry in found if entry is not None and (not admin or entry.type == "admin")]


def _seen(_session: Session, row: Member) -> str:
    return stamp(born(row.id))


MEMBER: Shape[Member] = Shape(
    {
        "id": lambda _s, r: r.id,
        "aaId": lambda _s, r: f"712020:{r.id}",
        "activityBlocked": lambda _s, _r: False,
        "avatarHash": lambda _s, r: _hash(r),
        "avatarUrl": lambda _s, r: f"https://trello-members.s3.amazonaws.com/{r.id}/{_hash(r)}",
        "bio": lambda _s, r: r.bio,
        "bioData": lambda _s, _r: None,
        "confirmed": lambda _s, r: r.confirmed,
        "fullName": lambda _s, r: r.full_name,
        "idEnterprise": lambda _s, _r: None,
        "idEnterprisesDeactivated": lambda _s, _r: [],
        "idMemberReferrer": lambda _s, _r: None,
        "idPremOrgsAdmin": lambda s, r: _orgs(s, r, admin=True),
        "initials": lambda _s, r: r.initials,
        "memberType": lambda _s, r: "normal" if r.confirmed else "ghost",
        "nonPublic": lambda _s, _r: {},
        "nonPublicAvailable": lambda _s, _r: True,
        "products": lambda _s, _r: [],
        "url": lambda _s, r: f"https://trello.com/u/{r.username}",
        "username": lambda _s, r: r.username,
        "dateLastImpression": _seen,
        "status": lambda _s, _r: "disconnected",
        "aaBlockSyncUntil": lambda _s, _r: None,
        "aaEmail": lambda _s, _r: None,
        "aaEnrolledDate": lambda _s, _r: None,
        "avatarSource": lambda _s, _r: "none",
        "credentialsRemovedCount": lambda _s, _r: 0,
        "dateLastActive": _seen,
        "domainClaimed": lambda _s, _r: None,
        "email": _email,
        "gravatarHash": lambda _s, r: _hash(r),
        "idBoards": _boards,
        "idOrganizations": _orgs,
        "idEnterprisesAdmin": lambda _s, _r: [],
        "limits": lambda _s, _r: {
            "boards": {"totalPerMember": {"status": "ok", "disableAt": 4500, "warnAt": 3600}},
            "orgs": {"totalPerMember": {"status": "ok", "disableAt": 850, "warnAt": 680}},
        },
        "loginTypes": lambda _s, _r: ["atlassian"],
        "marketingOptIn": lambda s, r: {"optedIn": False, "date": _seen(s, r)},
        "messagesDismissed": lambda _s, _r: [],
        "nodeId": lambda _s, r: f"ari:cloud:trello::user/{r.id}",
        "oneTimeMessagesDismissed": lambda _s, _r: [],
        "sessionType": lambda _s, _r: None,
        "prefs": lambda _s, _r: dict(_PREFS),
        "trophies": lambda _s, _r: [],
        "uploadedAvatarHash": lambda _s, _r: None,
        "uploadedAvatarUrl": lambda _s, _r: None,
        "premiumFeatures": lambda _s, _r: [],
        "isAaMastered": lambda _s, _r: True,
        "ixUpdate": lambda _s, _r: "1",
    }
)


def membership(entry: Membership) -> dict[str, object]:
    """A place in a board or workspace."""
    return {
        "id": entry.id,
        "idMember": entry.member_id,
        "memberType": entry.type,
        "unconfirmed": entry.unconfirmed,
        "deactivated": entry.deactivated,
    }


def _org_prefs(row: Organization) -> dict[str, Any]:
    anyone = {"private": "org", "org": "org", "enterprise": "org", "public": "org"}
    return {
        "permissionLevel": row.permission,
        "orgInviteRestrict": [],
        "boardInviteRestrict": "any",
        "externalMembersDisabled": False,
        "associatedDomain": None,
        "googleAppsVersion": 1,
        "boardVisibilityRestrict": anyone,
        "boardDeleteRestrict": anyone,
        "attachmentRestrictions": None,
        "newLicenseInviteRestrict": None,
        "newLicenseInviteRestrictUrl": None,
        "atlassianIntelligenceEnabled": True,
        "archiveCleanupCutOff": None,
    }


def _org_limits(session: Session, row: Organization) -> dict[str, Any]:
    top = session.state.settings.free_boards
    users = {"status": "ok", "disableAt": 10, "warnAt": 7, "count": len(row.memberships)}
    return {
        "orgs": {
            "totalMembersPerOrg": {"status": "ok", "disableAt": 4000, "warnAt": 3200},
            "freeBoardsPerOrg": {"status": "ok", "disableAt": top, "warnAt": 3},
            "usersPerFreeOrg": users,
        }
    }


def _counted(session: Session, row: Organization) -> list[dict[str, Any]]:
    boards = session.state.boards.where("org_id", row.id)
    return [
        {
            "idMember": m.member_id,
            "boardCount": sum(membership_of(b, m.member_id) is not None for b in boards),
        }
        for m in row.memberships
    ]


def _products(_session: Session, row: Organization) -> list[int]:
    return {"free": [], "standard": [111], "premium": [110]}[row.plan]


ORG: Shape[Organization] = Shape(
    {
        "id": lambda _s, r: r.id,
        "creationMethod": lambda _s, _r: None,
        "name": lambda _s, r: r.name,
        "credits": lambda _s, _r: [],
        "displayName": lambda _s, r: r.display_name,
        "desc": lambda _s, r: r.desc,
        "descData": lambda _s, _r: {"emoji": {}},
        "domainName": lambda _s, _r: None,
        "idBoards": lambda s, r: [board.id for board in s.state.boards.where("org_id", r.id)],
        "idEnterprise": lambda _s, _r: None,
        "idEntitlement": lambda _s, _r: None,
        "idMemberCreator": lambda _s, r: r.creator,
        "invited": lambda _s, _r: False,
        "invitations": lambda _s, _r: [],
        "limits": _org_limits,
        "membersCount": lambda _s, r: len(r.memberships),
        "nodeId": lambda _s, r: f"ari:cloud:trello::workspace/{r.id}",
        "prefs": lambda _s, r: _org_prefs(r),
        "powerUps": _products,
        "offering": lambda _s, r: OFFERINGS[r.plan],
        "products": _products,
        "billableMemberCount": lambda _s, r: len(r.memberships),
        "billableCollaboratorCount": lambda _s, _r: 0,
        "url": lambda _s, r: f"https://trello.com/w/{r.name}",
        "website": lambda _s, r: r.website,
        "logoHash": lambda _s, _r: None,
        "logoUrl": lambda _s, _r: None,
        "aiEligible": lambda _s, r: r.plan == "premium",
        "premiumFeatures": lambda _s, r: list(PREMIUM[r.plan]),
        "promotions": lambda _s, _r: [],
        "enterpriseJoinRequest": lambda _s, _r: {},
        "standardVariation": lambda _s, _r: None,
        "availableLicenseCount": lambda _s, _r: None,
        "maximumLicenseCount": lambda _s, _r: None,
        "ixUpdate": lambda _s, _r: "1",
        "teamType": lambda _s, _r: None,
        "dateLastActivity": lambda _s, r: r.last_activity,
        "jwmLink": lambda _s, _r: None,
        "activeMembershipCount": lambda _s, _r: None,
        "idActiveAdmins": lambda _s, _r: None,
        "boardCounts": _counted,
        "type": lambda _s, _r: None,
        "billingLocked": lambda _s, _r: False,
        "memberships": lambda _s, r: [membership(entry) for entry in r.memberships],
    }
)
