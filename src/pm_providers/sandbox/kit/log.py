"""What a sandbox was asked: tests count requests here. Credentials are never kept."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

__all__ = ["RequestLog", "RequestRecord"]

MAX_BODY = 65_536
MAX_RECORDS = 100_000


@dataclass(slots=True)
class RequestRecord:
    """One request and its answer.

    Attributes:
        number: order of arrival, from 1.
        query: query string as sent, with the values of secret parameters replaced by `***`.
        status: of the answer; None while it is running or when the connection was dropped.
        request_body: first 64 KiB as sent.
        request_size, response_size: bytes of the bodies.
        in_flight: requests that were running when this one arrived, itself included.
        fault: kind of the fault that struck, or None.
        at: when it arrived, in seconds of the sandbox's clock.
    """

    number: int
    method: str
    path: str
    query: str
    request_body: bytes = b""
    request_size: int = 0
    status: int | None = None
    response_size: int = 0
    in_flight: int = 1
    fault: str | None = None
    at: float = 0.0


class RequestLog:
    """Records of all requests, oldest first; the newest 100,000 are kept.

    Args:
        secret_params: names of query parameters that carry credentials at this vendor.
    """

    def __init__(self, secret_params: frozenset[str] = frozenset()) -> None:
        self._records: list[RequestRecord] = []
        self._secret_params = secret_params
        self._number = 0
        self._running = 0
        self.max_in_flight = 0

    def __iter__(self) -> Iterator[RequestRecord]:
        return iter(self._records)

    def __len__(self) -> int:
        return len(self._records)

    def clear(self) -> None:
        """Forget all records and the highest concurrency."""
        self._records.clear()
        self.max_in_flight = self._running

    def count(self, method: str | None = None, path: str = "") -> int:
        """Number of requests with this method (None: any) whose path matches the regex `path`."""
        return len(self.select(method, path))

    def select(self, method: str | None = None, path: str = "") -> list[RequestRecord]:
        """The records that `count` counts."""
        pattern = re.compile(path)
        return [r for r in self._records if (method is None or r.method == method) and pattern.search(r.path)]

    def statuses(self) -> Counter[int | None]:
        """How often each status was answered."""
        return Counter(r.status for r in self._records)

    def busiest(self, seconds: float, cost: Callable[[RequestRecord], int] = lambda _: 1) -> int:
        """The most that any so many seconds held.

        Args:
            seconds: length of the window, wherever it begins.
            cost: requests that a record counts as.
        """
        first, held, most = 0, 0, 0
        costs = [cost(record) for record in self._records]
        for record, amount in zip(self._records, costs, strict=True):
            held += amount
            while self._records[first].at <= record.at - seconds:
                held -= costs[first]
                first += 1
            most = max(most, held)
        return most

    def start(self, method: str, path: str, query: str, at: float = 0.0) -> RequestRecord:
        """Open a record; the server calls this."""
        self._number += 1
        self._running += 1
        self.max_in_flight = max(self.max_in_flight, self._running)
        record = RequestRecord(self._number, method, path, self._mask(query), in_flight=self._running, at=at)
        self._records.append(record)
        if len(self._records) > MAX_RECORDS:
            del self._records[: MAX_RECORDS // 10]
        return record

    def finish(self) -> None:
        """Close a record; the server calls this once per `start`."""
        self._running -= 1

    def _mask(self, query: str) -> str:
        if not self._secret_params:
            return query
        names = "|".join(re.escape(name) for name in sorted(self._secret_params))
        return re.sub(rf"(^|&)({names})=[^&]*", r"\1\2=***", query)
