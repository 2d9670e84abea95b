"""A few of Trello's routes in memory, as the documents describe them, and everything that was asked of them."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, unquote

import httpx2

from pm_providers.contract import PMProviderConfig
from pm_providers.providers.trello import TrelloProvider
from pm_providers.transport import Timing

KEY, TOKEN = "k" * 32, "s3cr3t-token-0123456789"
ME = "5f0000000000000000000001"
ADA, BOB = "5f0000000000000000000002", "5f0000000000000000000003"
BOARD = "650000000000000000000001"
TODO, DOING, DONE = (f"65000000000000000000001{n}" for n in range(3))
BUG = "6500000000000000000000a1"
MOST = 1000

Answer = tuple[int, Any]
_numbers = itertools.count(1000)


def hexid(second: int, number: int = 0) -> str:
    """An id made at a second since 1970."""
    return f"{second:08x}{number:016x}"


class World:
    """One account with one board, and whatever tests put into it.

    Attributes:
        sent: requests as (method, path, query).
        bodies: their JSON bodies, in the same order; `None` for none.
        override: answers a request before anything else does, if it returns an answer.
    """

    def __init__(self) -> None:
        self.token = f"{TOKEN}{next(_numbers)}"  # quotas are kept by credential, for the whole process
        self.sent: list[tuple[str, str, dict[str, str]]] = []
        self.bodies: list[Any] = []
        self.headers: list[dict[str, str]] = []
        self.override: Callable[[str, str, dict[str, str]], httpx2.Response | None] = lambda *_: None
        self.lose: Callable[[str, str], bool] = lambda *_: False
        self.boards: dict[str, dict[str, Any]] = {}
        self.lists: dict[str, dict[str, Any]] = {}
        self.labels: dict[str, dict[str, Any]] = {}
        self.fields: dict[str, dict[str, Any]] = {}
        self.cards: dict[str, dict[str, Any]] = {}
        self.members = {
            one: {"id": one, "username": name, "fullName": name.title(), "avatarUrl": None}
            for one, name in ((ME, "mia"), (ADA, "ada"), (BOB, "bob"))
        }
        self.clock = 0x66000000
        self.moment = 0
        self.shorts = 0
        self.board(BOARD)
        for place, (one, name) in enumerate(((TODO, "To Do"), (DOING, "Doing"), (DONE, "Done"))):
            self.list(one, name, pos=place + 1)
        self.label(BUG, "bug", "red")

    # what there is

    def board(self, one: str, **more: Any) -> str:
        self.shorts += 1
        short = f"B{self.shorts:07}"
        self.boards[one] = {
            "id": one,
            "name": "Mars",
            "desc": "",
            "closed": False,
            "idOrganization": None,
            "prefs": {"permissionLevel": "private"},
            "shortUrl": f"https://trello.com/b/{short}",
            "url": f"https://trello.com/b/{short}/mars",
            "dateLastActivity": "2026-01-01T00:00:00.000Z",
            **more,
        }
        return short

    def list(self, one: str, name: str, *, board: str = BOARD, pos: float = 1.0, closed: bool = False) -> str:
        self.lists[one] = {"id": one, "name": name, "idBoard": board, "pos": pos, "closed": closed}
        return one

    def label(self, one: str, name: str, color: str | None = None, board: str = BOARD) -> str:
        self.labels[one] = {"id": one, "idBoard": board, "name": name, "color": color}
        return one

    def field(self, one: str, name: str, kind: str, *options: tuple[str, str]) -> str:
        made = [{"id": key, "idCustomField": one, "value": {"text": text}, "pos": place}
                for place, (key, text) in enumerate(options)]  # fmt: skip
        self.fields[one] = {"id": one, "idModel": BOARD, "name": name, "type": kind, "options": made}
        return one

    def card(self, name: str = "Card", *, second: int | None = None, **more: Any) -> str:
        self.clock += 1
        self.shorts += 1
        one = hexid(self.clock if second is None else second, self.shorts)
        short = f"C{self.shorts:07}"
        self.cards[one] = {
            "id": one,
            "name": name,
            "desc": "",
            "idBoard": BOARD,
            "idList": TODO,
            "closed": False,
            "due": None,
            "start": None,
            "dueComplete": False,
            "idLabels": [],
            "idMembers": [],
            "pos": float(self.shorts),
            "dateLastActivity": self.now(),
            "shortLink": short,
            "shortUrl": f"https://trello.com/c/{short}",
            "idShort": len(self.cards) + 1,
            "cardRole": None,
            "isTemplate": False,
            "customFieldItems": [],
            **more,
        }
        return one

    def now(self) -> str:
        self.moment += 1
        return f"2026-02-01T00:{self.moment // 60 % 60:02}:{self.moment % 60:02}.{self.moment % 1000:03}Z"

    def touch(self, one: str, **fields: Any) -> None:
        self.cards[one] |= {**fields, "dateLastActivity": self.now()}
        board = self.boards.get(self.cards[one]["idBoard"])
        if board is not None:
            board["dateLastActivity"] = self.cards[one]["dateLastActivity"]

    # the server

    def provider(self, *, timing: Timing | None = None, **options: Any) -> TrelloProvider:
        config = PMProviderConfig(
            "trello", api_key=KEY, api_token=self.token, additional_config={"pace": "none", **options}
        )
        return TrelloProvider(config, transport=httpx2.MockTransport(self.handle), timing=timing)

    def count(self, method: str = "", path: str = "") -> int:
        return sum(1 for verb, address, _ in self.sent if method in ("", verb) and path in address)

    def forget(self) -> None:
        self.sent.clear()
        self.bodies.clear()

    def handle(self, request: httpx2.Request) -> httpx2.Response:
        path = request.url.path.removeprefix("/1/")
        query = dict(request.url.params)
        self.sent.append((request.method, path, query))
        self.bodies.append(json.loads(request.content) if request.content else None)
        self.headers.append(dict(request.headers))
        given = self.override(request.method, path, query)
        if given is not None:
            return given
        status, body = self.answer(request.method, path, {**query, **(self.bodies[-1] or {})})
        if self.lose(request.method, path):
            raise httpx2.ReadError("the connection broke", request=request)
        if isinstance(body, str):
            return httpx2.Response(status, text=body)
        return httpx2.Response(status, json=body)

    def answer(self, method: str, path: str, args: dict[str, Any]) -> Answer:
        parts = path.split("/")
        handler = getattr(self, f"_{method.lower()}_{parts[0].lower()}", None)
        return handler(parts[1:], args) if handler else (404, f"Cannot {method} /1/{path}")

    def _get_batch(self, _parts: list[str], args: dict[str, Any]) -> Answer:
        found = []
        for url in args["urls"].split(","):
            path, _, query = url.removeprefix("/").partition("?")
            given = {name: unquote(value) for name, value in parse_qsl(query)}
            status, body = self.answer("GET", path, given)
            found.append({"200": body} if status == 200 else {"statusCode": status, "message": str(body)})
        return 200, found

    def _get_members(self, parts: list[str], args: dict[str, Any]) -> Answer:
        if parts[1:] == ["boards"]:
            return 200, [
                one for one in self.boards.values() if args.get("filter") == "all" or not one["closed"]
            ]
        key = ME if parts[0] == "me" else parts[0]
        found = [one for one in self.members.values() if key in (one["id"], one["username"])]
        return (200, found[0]) if found else (404, "model not found")

    def _get_boards(self, parts: list[str], args: dict[str, Any]) -> Answer:
        board = self._board(parts[0])
        if board is None:
            return 404, "The requested resource was not found."
        if parts[1:2] == ["cards"]:
            return 200, self.listed(board["id"], parts[2], args)
        if parts[1:] == ["members"]:
            return 200, list(self.members.values())
        found = dict(board)
        of = lambda table: [one for one in table.values() if one["idBoard"] == board["id"]]  # noqa: E731
        found["lists"], found["labels"] = of(self.lists), of(self.labels)
        found["customFields"], found["members"] = list(self.fields.values()), list(self.members.values())
        if "cards" in args:
            found["cards"] = self.listed(board["id"], args["cards"], {})
        return 200, found

    def _board(self, key: str) -> dict[str, Any] | None:
        return next((one for one in self.boards.values() if key in (one["id"], one["shortUrl"][-8:])), None)

    def listed(self, board: str, kept: str, args: dict[str, Any]) -> list[dict[str, Any]]:
        """The newest that fit, at most 1,000, in the order of the board and not of the ids."""
        found = [one for one in self.cards.values() if one["idBoard"] == board]
        if kept == "visible":
            found = [one for one in found if not one["closed"] and not self.lists[one["idList"]]["closed"]]
        since, before = _border(args.get("since"), ""), _border(args.get("before"), "g")
        found = [one for one in found if since < one["id"] < before]
        newest = sorted(found, key=lambda one: one["id"], reverse=True)[: int(args.get("limit", MOST))]
        return sorted(newest, key=lambda one: (one["idList"], one["pos"]))

    def _card(self, key: str) -> dict[str, Any] | None:
        return next((one for one in self.cards.values() if key in (one["id"], one["shortLink"])), None)

    def _get_cards(self, parts: list[str], _args: dict[str, Any]) -> Answer:
        found = self._card(parts[0])
        if found is None:
            return 404, "The requested resource was not found."
        return 200, {**found, "labels": [self.labels[one] for one in found["idLabels"]]}

    def _post_cards(self, parts: list[str], args: dict[str, Any]) -> Answer:
        if parts[1:] == ["idLabels"]:
            card = self.cards[parts[0]]
            if args["value"] in card["idLabels"]:
                return 400, "that label is already on the card"
            self.touch(parts[0], idLabels=[*card["idLabels"], args["value"]])
            return 200, card["idLabels"]
        if args.get("idList") not in self.lists:
            return 400, "invalid value for idList"
        args = {name: value for name, value in args.items() if name != "pos"}
        one = self.card(**args, idBoard=self.lists[args["idList"]]["idBoard"])
        return 200, {name: value for name, value in self.cards[one].items() if name != "customFieldItems"}

    def _put_cards(self, parts: list[str], args: dict[str, Any]) -> Answer:
        card = self._card(parts[0])
        if card is None:
            return 404, "The requested resource was not found."
        if parts[1:] == ["customFields"]:
            for item in args["customFieldItems"]:
                rest = [
                    one for one in card["customFieldItems"] if one["idCustomField"] != item["idCustomField"]
                ]
                cleared = item.get("value") == "" and item.get("idValue") == ""
                kept = [] if cleared else [{"id": hexid(1), "value": None, "idValue": None, **item}]
                self.touch(card["id"], customFieldItems=[*rest, *kept])
            return 200, card["customFieldItems"]
        self.touch(card["id"], **args)
        return 200, {name: value for name, value in card.items() if name != "customFieldItems"}

    def _delete_cards(self, parts: list[str], _args: dict[str, Any]) -> Answer:
        card = self._card(parts[0])
        if card is None:
            return 404, "The requested resource was not found."
        if parts[1:2] == ["idLabels"]:
            self.touch(parts[0], idLabels=[one for one in card["idLabels"] if one != parts[2]])
        else:
            del self.cards[card["id"]]
        return 200, {}

    def _get_labels(self, parts: list[str], _args: dict[str, Any]) -> Answer:
        found = self.labels.get(parts[0])
        return (200, found) if found else (404, "The requested resource was not found.")

    def _post_labels(self, _parts: list[str], args: dict[str, Any]) -> Answer:
        self.clock += 1
        one = self.label(hexid(self.clock), args["name"], args.get("color"), args["idBoard"])
        return 200, self.labels[one]

    def _put_labels(self, parts: list[str], args: dict[str, Any]) -> Answer:
        self.labels[parts[0]] |= args
        return 200, self.labels[parts[0]]

    def _delete_labels(self, parts: list[str], _args: dict[str, Any]) -> Answer:
        if self.labels.pop(parts[0], None) is None:
            return 404, "The requested resource was not found."
        for card in self.cards.values():
            card["idLabels"] = [one for one in card["idLabels"] if one != parts[0]]
        return 200, {"limits": {}}

    def _post_boards(self, _parts: list[str], args: dict[str, Any]) -> Answer:
        self.clock += 1
        one = hexid(self.clock)
        self.board(one, name=args["name"], desc=args.get("desc", ""))
        if args.get("defaultLists", True):
            for place, name in enumerate(("To Do", "Doing", "Done")):
                self.list(hexid(self.clock, place + 1), name, board=one, pos=place + 1)
        return 200, self.boards[one]

    def _put_boards(self, parts: list[str], args: dict[str, Any]) -> Answer:
        board = self._board(parts[0])
        if board is None:
            return 404, "The requested resource was not found."
        level = args.pop("prefs/permissionLevel", None)
        board |= args
        if level:
            board["prefs"] = {"permissionLevel": level}
        return 200, board

    def _delete_boards(self, parts: list[str], _args: dict[str, Any]) -> Answer:
        return (200, {"_value": None}) if self.boards.pop(parts[0], None) else (404, "board not found")

    def _post_lists(self, _parts: list[str], args: dict[str, Any]) -> Answer:
        self.clock += 1
        one = self.list(hexid(self.clock, 9), args["name"], board=args["idBoard"], pos=self.clock)
        return 200, self.lists[one]

    def _get_search(self, _parts: list[str], args: dict[str, Any]) -> Answer:
        words = args["query"].casefold().split()
        hits = [one for one in self.cards.values() if all(word in one["name"].casefold() for word in words)]
        return 200, {"cards": hits, "options": {}}


def _border(value: str | None, none: str) -> str:
    """Ids compare with ids; an instant is the first id of its second."""
    if value is None:
        return none
    return hexid(int(datetime.fromisoformat(value).timestamp())) if "T" in value else value
