"""Files: addresses that expire, names, uploads whose answer got lost."""

from __future__ import annotations

from urllib.parse import unquote

import httpx2
import pytest

from pm_providers import (
    PermissionDeniedError,
    PMAttachment,
    ProviderError,
    TransportError,
    UnsupportedError,
)
from tests.providers.asana.odd_servers import FILE, Losing, Multipart, data, named
from tests.providers.asana.site import FakeTime, Scripted, answer, scripted


async def test_a_file_is_not_uploaded_twice() -> None:
    answers = {"POST /attachments": data(FILE), "GET /tasks/12": data({"gid": "12", "name": "t"})}
    server = Losing(Multipart(answers), "/attachments")
    async with scripted(named(server), timing=FakeTime().timing()) as provider:
        with pytest.raises(TransportError) as caught:
            await provider.create_attachment(PMAttachment(task_id="12", file_name="a.txt"), b"abc")
    assert caught.value.maybe_applied
    assert server.count("/attachments") == 1


class _Storage:
    """The API at its host, and files at another one whose addresses expire."""

    def __init__(self, *, good: str = "second") -> None:
        self.good = good
        self.asked: list[str] = []
        self.seen: list[httpx2.Request] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        if request.url.host != "files.example.net":
            if request.url.path.endswith("/users/me"):
                return answer(data({"gid": "9", "workspaces": [{"gid": "100"}]}))
            number = ("first", "second", "third")[min(len(self.asked), 2)]
            self.asked.append(number)
            return answer(data(FILE | {"download_url": f"https://files.example.net/41?token={number}"}))
        self.seen.append(request)
        if request.url.params["token"] == self.good:
            return httpx2.Response(200, content=b"abc")
        return httpx2.Response(403, content=b"<Error><Code>AccessDenied</Code></Error>")


async def test_downloads_get_no_credential_and_a_fresh_address() -> None:
    """Addresses are good for two minutes: who waited longer asks anew; storage elsewhere sees no token."""
    server = _Storage()
    async with scripted(server) as provider:
        assert await provider.download_attachment("41") == b"abc"
    assert server.asked == ["first", "second"]
    assert all("authorization" not in one.headers for one in server.seen)


async def test_a_file_that_is_refused_is_asked_for_twice_only() -> None:
    server = _Storage(good="none")
    async with scripted(server) as provider:
        with pytest.raises(PermissionDeniedError) as caught:
            await provider.download_attachment("41")
    assert len(server.seen) == 2
    assert "token=" not in str(caught.value)


async def test_the_same_address_is_not_tried_again() -> None:
    stored = FILE | {"download_url": "https://files.example.net/41"}
    tried = []

    def server(request: httpx2.Request) -> httpx2.Response:
        if request.url.host == "files.example.net":
            tried.append(request)
            return httpx2.Response(403)
        return api(request)

    api = named(Scripted({"GET /attachments/41": data(stored)}))
    async with scripted(server) as provider:
        with pytest.raises(PermissionDeniedError):
            await provider.download_attachment("41")
    assert len(tried) == 1


@pytest.mark.parametrize(
    ("kind", "expected"), [("asana", ProviderError), ("vimeo", UnsupportedError), ("box", UnsupportedError)]
)
async def test_attachments_without_an_address(kind: str, expected: type[Exception]) -> None:
    """Files of Box and videos of Vimeo have none ([spec] AttachmentResponse)."""
    server = Scripted({"GET /attachments/41": data(FILE | {"resource_subtype": kind, "download_url": None})})
    async with scripted(named(server)) as provider:
        with pytest.raises(expected):
            await provider.download_attachment("41")


async def test_short_lived_addresses_are_in_no_list() -> None:
    server = Scripted({"GET /attachments": data([FILE])})
    async with scripted(named(server)) as provider:
        (found,) = await provider.list_attachments("12")
    assert "download_url" not in server.requests[-1].url.params["opt_fields"]
    assert found.url == FILE["permanent_url"]


async def test_signed_addresses_are_in_no_record() -> None:
    signed = FILE | {"view_url": "https://files.example.com/a?Signature=s3cret"}
    link = FILE | {"gid": "42", "resource_subtype": "external", "view_url": "https://box.example.com/a"}
    async with scripted(named(Scripted({"GET /attachments": data([signed, link])}))) as provider:
        hosted, external = await provider.list_attachments("12")
    assert "s3cret" not in repr((hosted, hosted.raw_data))
    assert external.url == external.raw_data["view_url"] == "https://box.example.com/a"


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        ("résumé.pdf", "r%C3%A9sum%C3%A9.pdf"),
        ("日本 1.txt", "%E6%97%A5%E6%9C%AC%201.txt"),
        ("a%20b.txt", "a%20b.txt"),
    ],
)
async def test_file_names_as_the_vendor_wants_them(name: str, sent: str) -> None:
    """Names that are not ASCII go as in an address, CRLF between the lines ([spec] POST /attachments)."""
    stored = FILE | {"name": unquote(name)}
    server = Multipart({"POST /attachments": data(stored), "GET /tasks/12": data({"gid": "12"})})
    async with scripted(named(server)) as provider:
        made = await provider.create_attachment(PMAttachment(task_id="12", file_name=name), b"abc")
    content = server.requests[-1].content
    assert f'filename="{sent}"'.encode() in content
    assert b'name="parent"\r\n\r\n12\r\n' in content
    assert [one.field for one in made.warnings] == ([] if made.file_name == name else ["file_name"])
