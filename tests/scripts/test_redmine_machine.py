"""What `scripts/redmine-server` says about machines that lack something."""

import os
from pathlib import Path

import pytest

from redmine_server import machine


def test_a_folder_of_someone_else_is_not_used(tmp_path, monkeypatch):
    monkeypatch.setattr(machine.tempfile, "gettempdir", lambda: str(tmp_path))
    (tmp_path / f"pm-redmine-{os.geteuid()}").symlink_to(tmp_path)
    with pytest.raises((machine.ServerError, FileExistsError)):
        machine.work_folder()


class TestMachine:
    """Whatever is missing is named. The programs of Debian are replaced by ones that say what the test wants."""

    @pytest.fixture
    def program(self, tmp_path, monkeypatch):
        folder = tmp_path / "bin"
        folder.mkdir()
        monkeypatch.setenv("PATH", str(folder))
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
        monkeypatch.setattr(machine, "REDMINE", tmp_path / "redmine")
        monkeypatch.setattr(machine.sys, "platform", "linux")
        monkeypatch.setattr(machine.os, "geteuid", lambda: 0)
        self.release(monkeypatch, "debian", "12")

        def write(name, text):
            file = folder / name
            file.write_text(f"#!/bin/sh\n{text}\n")
            file.chmod(0o755)

        return write

    @staticmethod
    def release(monkeypatch, name, version):
        told = {"ID": name, "VERSION_ID": version, "PRETTY_NAME": f"{name} {version}"}
        monkeypatch.setattr(machine.platform, "freedesktop_os_release", lambda: told)

    @staticmethod
    def version(folder: Path, *numbers):
        file = folder / "redmine/lib/redmine/version.rb"
        file.parent.mkdir(parents=True)
        lines = (f"{n} = {v}" for n, v in zip(("MAJOR", "MINOR", "TINY"), numbers, strict=True))
        file.write_text("\n".join(lines))

    def test_another_system(self, program, monkeypatch):
        monkeypatch.setattr(machine.sys, "platform", "darwin")
        monkeypatch.setattr(machine.platform, "system", lambda: "Darwin")
        assert machine.why_not() == "not Debian 12 but Darwin"
        with pytest.raises(machine.UnavailableError, match="Darwin"):
            machine.prepare()

    def test_another_distribution(self, program, monkeypatch):
        self.release(monkeypatch, "fedora", "41")
        assert machine.why_not() == "no dpkg-query in PATH, on fedora 41"
        program("dpkg-query", "exit 1")
        with pytest.raises(
            machine.UnavailableError, match=r"redmine.* not installed.*not Debian 12 but fedora 41"
        ):
            machine.prepare()

    def test_not_root(self, program, monkeypatch):
        program("dpkg-query", "exit 1")
        monkeypatch.setattr(machine.os, "geteuid", lambda: 1000)
        with pytest.raises(machine.UnavailableError, match="not installed, which only root can do"):
            machine.prepare()

    def test_no_apt(self, program):
        program("dpkg-query", "exit 1")
        with pytest.raises(machine.UnavailableError, match="no apt-get in PATH"):
            machine.prepare()

    def test_no_registry(self, program):
        program("dpkg-query", "exit 1")
        program("debconf-set-selections", "exec /bin/cat > /dev/null")
        program("apt-get", "echo 'E: Unable to locate package redmine' >&2; exit 100")
        with pytest.raises(
            machine.UnavailableError, match=r"no package registry: .*Unable to locate package redmine"
        ):
            machine.prepare()

    def test_a_package_that_cannot_be_set_up_is_no_missing_registry(self, program):
        program("dpkg-query", "exit 1")
        program("debconf-set-selections", "exec /bin/cat > /dev/null")
        program("apt-get", "echo 'E: Sub-process /usr/bin/dpkg returned an error code (1)'; exit 100")
        with pytest.raises(machine.ServerError, match=r"dpkg returned an error code"):
            machine.prepare()

    def test_installs_with_the_bundler_of_the_distribution_and_only_once(self, program, tmp_path):
        program("dpkg-query", f"[ -e {tmp_path}/done ] && printf installed || exit 1")
        program("debconf-set-selections", f"exec /bin/cat > {tmp_path}/answers")
        program(
            "apt-get",
            f'echo "$BUNDLER_VERSION $*" >> {tmp_path}/calls; case "$*" in *install*) : > {tmp_path}/done; esac',
        )
        for name in ("setpriv", "puma", "rake"):
            program(name, "")
        self.version(tmp_path, 5, 0, 4)
        machine.prepare()
        machine.prepare()
        update, install = (tmp_path / "calls").read_text().splitlines()
        assert update.startswith("2.3.15 ")
        assert update.endswith(" update -q")
        assert install.endswith(" install -y -q --no-install-recommends redmine redmine-sqlite puma")
        assert "database-type select sqlite3" in (tmp_path / "answers").read_text()

    def test_only_some_packages(self, program):
        program("dpkg-query", '[ "$3" = redmine ] && printf installed || exit 1')
        assert machine.why_not().startswith("Debian package redmine-sqlite, puma not installed")

    def test_another_redmine(self, program, tmp_path):
        program("dpkg-query", "printf installed")
        assert "of unknown version" in machine.why_not()
        self.version(tmp_path, 6, 0, 1)
        assert machine.why_not().startswith("Redmine 6.0.1 instead of 5.0 in ")

    def test_missing_tools(self, program, tmp_path):
        program("dpkg-query", "printf installed")
        program("rake", "")
        self.version(tmp_path, 5, 0, 4)
        assert machine.why_not() == "not in PATH: setpriv, puma"
        program("puma", "")
        program("setpriv", "")
        assert machine.why_not() is None
