"""`scripts/redmine-server` started for real: what it makes, and that nothing of it stays."""

import contextlib
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import urllib.error
import urllib.request
import uuid
from pathlib import Path

import httpx2
import pytest

from redmine_server import machine
from redmine_server.database import FIELDS
from tests.support.redmine import SCRIPT, Remembering, need_own_server, redmine_server

ROOT = SCRIPT.parents[1]

# What the script needs of Puma with Redmine, whose start takes seconds: it serves the socket that it inherits, knows the
# key, and heeds the switch of the REST API. Isolated, as it runs in another one's folder.
_STAND_IN = f"""#!{Path(sys.executable).resolve()} -IS
import os, socket, sqlite3
from http.server import BaseHTTPRequestHandler

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        database = sqlite3.connect("redmine.db")
        asked = "SELECT value FROM settings WHERE name = 'rest_api_enabled'"
        is_on = database.execute(asked).fetchone() == ("1",)
        asked = "SELECT 1 FROM tokens WHERE action = 'api' AND value = ?"
        is_known = database.execute(asked, (self.headers["X-Redmine-API-Key"],)).fetchone()
        self.send_response(403 if not is_on else 200 if is_known else 401)
        self.end_headers()

listener = socket.socket(fileno=int(os.environ["PUMA_INHERIT_0"].partition(":")[0]))
while True:
    connection, address = listener.accept()
    Handler(connection, address, None)
    connection.close()
"""


def call(*words, env=None):
    # Variables of another Ruby must not reach the server.
    clean = {**os.environ, "RUBYOPT": "-rno_such_library", "BUNDLE_GEMFILE": "/nowhere", **(env or {})}
    return subprocess.run(
        [sys.executable, SCRIPT, *words], capture_output=True, text=True, check=False, env=clean
    )


def started(*words, env=None):
    done = call("start", *words, env=env)
    assert done.returncode == 0, done.stderr
    return _printed(done.stdout)


def _printed(text):
    values = dict(line.split("=", 1) for line in text.splitlines())
    assert list(values) == ["REDMINE_URL", "REDMINE_API_KEY"]
    return values["REDMINE_URL"], values["REDMINE_API_KEY"]


def port_of(url):
    return url.rsplit(":", 1)[1]


def send(url, key, path, body=None, method=None):
    request = urllib.request.Request(
        url + path,
        None if body is None else json.dumps(body).encode(),
        {"X-Redmine-API-Key": key, "Content-Type": "application/json"},
        method=method,
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.loads(answer.read() or b"null")


def left_of(port):
    return sorted(path.name for path in machine.work_folder().glob(f"{port}*"))


def process_of(port):
    return json.loads((machine.work_folder() / f"{port}.json").read_text())["pid"]


def wait_for_end(descriptor):
    ended = select.poll()  # select() takes no number above 1,023
    ended.register(descriptor, select.POLLIN)
    try:
        assert ended.poll(60_000), "the process is still there"
    finally:
        os.close(descriptor)


def refuses(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", int(port))) != 0


@pytest.fixture
def stopping():
    """Ports to stop whatever happens."""
    ports = []
    yield ports
    for port in ports:
        call("stop", port)


@pytest.fixture(scope="module")
def stand_in():
    """Variables that let the script start something that behaves like a server, in no time; what ends it is real."""
    folder = Path(tempfile.mkdtemp())
    (folder / "puma").write_text(_STAND_IN)
    for path in (folder, folder / "puma"):
        path.chmod(0o755)
    yield {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}
    shutil.rmtree(folder)


@contextlib.contextmanager
def running(**env):
    """A server in the foreground, and its port."""
    process = subprocess.Popen(
        [sys.executable, SCRIPT, "run", "0"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **env},
    )
    url, _ = _printed(process.stdout.readline() + process.stdout.readline())
    try:
        yield process, port_of(url)
    finally:
        process.kill()
        process.communicate()
        call("stop", port_of(url))


@pytest.mark.redmine
class TestStartAndStop:
    @pytest.fixture(autouse=True)
    def _needed(self):
        need_own_server()

    def test_two_servers_share_nothing_and_a_second_start_replaces_the_first(self, stopping):
        url, key = started("0", "--text", "common_mark", "--set", "app_title=Another")
        stopping.append(port_of(url))
        other = redmine_server()
        assert url != other.url
        assert key != other.api_key
        name = f"only-here-{uuid.uuid4().hex[:8]}"
        draft = {"project": {"name": name, "identifier": name}}
        assert send(url, key, "/projects.json", draft)["project"]["id"] == 1
        with pytest.raises(urllib.error.HTTPError, match="404"):
            send(other.url, other.api_key, f"/projects/{name}.json").close()

        again, new_key = started(port_of(url))
        assert again == url
        assert new_key != key
        assert send(url, new_key, "/projects.json")["projects"] == []
        with pytest.raises(urllib.error.HTTPError, match="401"):
            send(url, key, "/users/current.json").close()

    def test_a_stop_ends_one_server_and_another_one_says_that_there_is_none(self, stand_in, stopping):
        ports = [port_of(started("0", env=stand_in)[0]) for _ in range(2)]
        stopping += ports
        assert len(set(ports)) == 2
        for port in ports:
            assert not refuses(port)
            assert call("stop", port).returncode == 0
            assert refuses(port)
            assert left_of(port) == []
            second = call("stop", port)
            assert (second.returncode, "no server" in second.stderr) == (0, True)

    def test_a_taken_port_is_named_and_left_alone(self):
        with socket.socket() as holder:
            holder.bind(("127.0.0.1", 0))
            holder.listen()
            port = str(holder.getsockname()[1])
            done = call("start", port)
        assert done.returncode == 1
        assert f"port {port} cannot be used: Address already in use" in done.stderr
        assert left_of(port) == []

    def test_a_server_that_does_not_serve_is_an_error_and_leaves_nothing(self, stand_in):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = str(probe.getsockname()[1])
        done = call("start", port, "--set", "rest_api_enabled=0", env=stand_in)
        assert done.returncode == 1
        assert "the server answered 403" in done.stderr
        assert left_of(port) == []

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as another user")
    def test_a_folder_the_server_cannot_enter_is_named(self, tmp_path):
        tmp_path.chmod(0o700)
        done = call("start", "0", env={"TMPDIR": str(tmp_path)})
        assert done.returncode == 1
        assert "cannot enter" in done.stderr

    @pytest.mark.parametrize(
        ("setting", "message"),
        [("no_such=1", "no setting 'no_such'"), ("notified_events=issue_added", "must be JSON")],
    )
    def test_wrong_settings_are_refused_before_anything_starts(self, setting, message):
        done = call("start", "0", "--set", setting)
        assert done.returncode == 2
        assert message in done.stderr


@pytest.mark.redmine
class TestRun:
    @pytest.fixture(autouse=True)
    def _needed(self):
        need_own_server()

    @pytest.fixture
    def run(self, stand_in):
        """A server in the foreground, and its port."""
        with running(**stand_in) as found:
            yield found

    def test_starts_without_a_warning_of_ruby_and_ends_with_its_input(self):
        with running() as (process, port):
            log = (machine.work_folder() / port / "puma.log").read_text()
            assert "Max threads: 1" in log
            assert "warning" not in log
            _, said = process.communicate()
            assert (process.returncode, said) == (0, "")
            assert left_of(port) == []
            assert refuses(port)

    def test_stop_ends_it_without_an_error(self, run):
        process, port = run
        assert call("stop", port).stderr == ""
        assert process.wait() == 0
        assert left_of(port) == []

    def test_a_server_that_died_is_an_error(self, run):
        process, port = run
        os.kill(process_of(port), signal.SIGKILL)
        assert process.wait() == 1
        assert "ended by itself" in process.stderr.read()
        assert left_of(port) == []

    def test_a_signal_ends_all(self, run):
        process, port = run
        process.terminate()
        assert process.wait() == 128 + signal.SIGTERM
        assert left_of(port) == []
        assert refuses(port)

    def test_killed_it_takes_the_server_along_and_the_next_start_cleans_up(self, run, stand_in, stopping):
        process, port = run
        watched = os.pidfd_open(process_of(port))
        process.kill()
        wait_for_end(watched)
        assert refuses(port)
        stopping.append(port_of(started("0", env=stand_in)[0]))
        assert left_of(port) == []


@pytest.mark.redmine
class TestForTests:
    def test_a_killed_test_process_leaves_nothing(self, stand_in):
        need_own_server()
        program = "from tests.support.redmine import redmine_server; print(redmine_server().url); input()"
        process = subprocess.Popen(
            [sys.executable, "-c", program],
            cwd=ROOT,
            env={**os.environ, **stand_in},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        port = port_of(process.stdout.readline().strip())
        watched = os.pidfd_open(process_of(port))
        process.kill()
        process.communicate()
        wait_for_end(watched)
        assert refuses(port)

    def test_has_the_custom_fields_in_the_order_of_their_ids(self):
        need_own_server()
        server = redmine_server()
        found = send(server.url, server.api_key, "/custom_fields.json")["custom_fields"]
        kinds = {
            "issue": "Issue",
            "project": "Project",
            "version": "Version",
            "time_entry": "TimeEntry",
            "user": "User",
        }
        assert [
            (f["id"], f["name"], f["field_format"], kinds[f["customized_type"]], f["multiple"]) for f in found
        ] == [(n, f.name, f.format, f.owner, f.multiple) for n, f in enumerate(FIELDS, 1)]
        choices = {f["name"]: tuple(c["label"] for c in f.get("possible_values", ())) for f in found}
        assert {f.name: choices[f.name] for f in FIELDS if f.choices} == {
            f.name: f.choices for f in FIELDS if f.choices
        }

    def test_has_the_default_data(self):
        server = redmine_server()
        roles = send(server.url, server.api_key, "/roles.json")["roles"]
        assert {role["name"] for role in roles} >= {"Manager", "Developer", "Reporter"}

    async def test_a_network_that_remembers_asks_once_and_anew_after_people_changed(self):
        server = redmine_server()
        name = f"remembered{uuid.uuid4().hex[:8]}"
        draft = {"login": name, "firstname": "Ada", "lastname": "Byron", "mail": f"{name}@example.com"}
        body = {"user": {**draft, "generate_password": True}}
        user = send(server.url, server.api_key, "/users.json", body)["user"]
        async with httpx2.AsyncClient(base_url=server.url, transport=Remembering(people=True)) as client:

            async def last_name():
                answer = await client.get(
                    "/users/current.json", headers={"X-Redmine-API-Key": user["api_key"]}
                )
                return answer.json()["user"]["lastname"]

            assert await last_name() == "Byron"
            path, change = f"/users/{user['id']}.json", {"user": {"lastname": "Lovelace"}}
            send(server.url, server.api_key, path, change, "PUT")
            assert await last_name() == "Byron", "asked again"
            await client.put(path, json=change, headers={"X-Redmine-API-Key": server.api_key})
            assert await last_name() == "Lovelace"
            refused = await client.get("/users/current.json", headers={"X-Redmine-API-Key": "0" * 40})
            assert refused.status_code == 401

    def test_many_writers_never_meet_a_locked_database(self):
        server = redmine_server()
        project = send(
            server.url,
            server.api_key,
            "/projects.json",
            {"project": {"name": "Writers", "identifier": f"writers-{os.getpid()}"}},
        )["project"]["id"]
        made, failed = [], []

        def write(number):
            try:
                for step in range(8):
                    draft = {"issue": {"project_id": project, "subject": f"{number}.{step}"}}
                    made.append(send(server.url, server.api_key, "/issues.json", draft)["issue"]["id"])
            except urllib.error.URLError as error:
                failed.append(error)

        threads = [threading.Thread(target=write, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failed == []
        assert len(set(made)) == 48


def test_the_server_of_the_environment_is_used_as_it_is(monkeypatch):
    monkeypatch.delenv("PM_TEST_REDMINE", raising=False)
    monkeypatch.delenv("PM_TEST_REDMINE_TEXT", raising=False)
    monkeypatch.setenv("PM_TEST_REDMINE_URL", "http://redmine.example/")
    monkeypatch.setenv("PM_TEST_REDMINE_API_KEY", "a-key")
    server = redmine_server()
    assert (server.url, server.api_key, "a-key" in repr(server)) == ("http://redmine.example", "a-key", False)
    with pytest.raises(pytest.skip.Exception, match="text_formatting=common_mark"):
        redmine_server("common_mark")
    with pytest.raises(pytest.skip.Exception, match="parent_issue_dates=independent"):
        redmine_server(parent_issue_dates="independent")


def test_redmine_can_be_switched_off(monkeypatch):
    monkeypatch.setenv("PM_TEST_REDMINE", "no")
    with pytest.raises(pytest.skip.Exception, match="PM_TEST_REDMINE=no"):
        redmine_server()


@pytest.mark.parametrize("command", ["start", "run", "stop", "prepare", "check"])
def test_help_of_every_command(command):
    assert command in call("--help").stdout
    done = call(command, "--help")
    assert done.returncode == 0
    assert done.stdout.startswith(f"usage: redmine-server {command}")


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("restart",),
        ("start", "port"),
        ("start", "-1"),
        ("start", "65536"),
        ("start", "²"),
        ("start", "0", "1"),
        ("start", "--text", "html"),
        ("start", "--set", "novalue"),
        ("start", "--set", "=1"),
        ("stop", "0"),
        ("stop", "13300", "--text", "textile"),
        ("check", "13300"),
    ],
)
def test_wrong_arguments(words):
    done = call(*words)
    assert done.returncode == 2
    assert "usage: redmine-server" in done.stderr
