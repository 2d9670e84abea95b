"""The installed command as a process: pipes, locales, missing extras, the sandbox."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys

import pytest

from pm_providers.surfaces.cli.app import run

PROGRAM = [sys.executable, "-m", "pm_providers.surfaces.cli"]


@pytest.fixture
def filled(make):
    project = make("project", name="Bücher ✓ 日本")
    for number in range(3):
        make("task", title=f"Straße {number}", project=project)
    return project


def start(*arguments: str, **environment: str) -> subprocess.Popen:
    return subprocess.Popen(
        [*PROGRAM, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **environment},
    )


def test_a_reader_that_goes_away_is_no_error(filled):
    process = start("tasks", "list", "--json")
    process.stdout.close()
    assert process.wait(60) == 0
    assert process.stderr.read() == b""
    process.stderr.close()


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_unicode_in_the_c_locale(filled, form):
    with start("projects", "list", *form, LC_ALL="C", PYTHONCOERCECLOCALE="0", PYTHONUTF8="0") as process:
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert "Bücher ✓ 日本" in out.decode()


def test_an_encoding_that_was_asked_for_is_kept(filled):
    with start("projects", "list", PYTHONIOENCODING="ascii") as process:
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert b"B?cher" in out


def test_without_the_extra_one_line_says_what_to_install():
    code = "import sys; sys.modules['typer'] = None; from pm_providers.surfaces.cli import main; main([])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert found.returncode == 3
    assert found.stderr == "error: the command line needs an extra: pip install 'pm-providers[cli]'\n"


def test_a_port_that_is_taken_is_one_line():
    pytest.importorskip("uvicorn")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        with start("sandbox", "openproject", "--port", port, "--quiet") as process:
            out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (2, b"")
    assert err.decode() == f"error: cannot listen on 127.0.0.1:{port}: address already in use\n"


def test_the_sandbox_prints_its_settings_and_ends_when_told(clean_environment, capfd, monkeypatch):
    pytest.importorskip("uvicorn")
    options = ("--port", "0", "--dataset", "empty", "--scale", "2", "--quota", "1000/60", "--latency-ms", "1")
    process = start("sandbox", "openproject", *options)
    lines = [process.stdout.readline().decode().strip() for _ in range(2)]
    settings = dict(line.split("=", 1) for line in lines)
    assert list(settings) == ["OPENPROJECT_URL", "OPENPROJECT_API_KEY"]
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    assert run(["health", "-p", "openproject"]) == 0
    assert run(["tasks", "list", "-p", "openproject", "--quiet"]) == 0
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0
    process.stdout.close()
    process.stderr.close()
    assert "ok" in capfd.readouterr().out
