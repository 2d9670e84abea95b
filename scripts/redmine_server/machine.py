"""What a machine must have for a Redmine server: named when missing, installed where that is possible."""

from __future__ import annotations

import contextlib
import fcntl
import os
import platform
import re
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

PACKAGES = ("redmine", "redmine-sqlite", "puma")
REDMINE = Path("/usr/share/redmine")
SERIES = "5.0"
SERVER_USER = "www-data"
"""Whom the server runs as when root starts it. Debian has this account on every machine."""

BUNDLER = "2.3.15"
"""Debian 12's Bundler. Ruby brings a newer one along, which wins unless told otherwise and then wants to
download what is installed: both the package's own set-up and the server fail with it."""

_ANSWERS = """redmine redmine/instances/default/dbconfig-install boolean true
redmine redmine/instances/default/database-type select sqlite3
"""
_NO_REGISTRY = ("Unable to locate", "Unable to fetch", "Failed to fetch", "no installation candidate")
_VERSION_PART = re.compile(r"^\s*(?:MAJOR|MINOR|TINY)\s*=\s*(\d+)", re.MULTILINE)


class UnavailableError(Exception):
    """No server can run on this machine; the text names what is missing."""


class ServerError(Exception):
    """A server, or what it starts with, could not be made; the text says why."""


def cache_folder() -> Path:
    """The user's folder for what is worth keeping between starts, made if need be."""
    base = os.environ.get("XDG_CACHE_HOME")
    folder = (Path(base) if base else Path.home() / ".cache") / "pm-providers"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def work_folder() -> Path:
    """The folder of all servers of this user, below that for temporary files: made by nobody else.

    Raises:
        ServerError: Someone else did, or the account the server runs as cannot enter it.
    """
    folder = Path(tempfile.gettempdir()).resolve() / f"pm-redmine-{os.geteuid()}"
    folder.mkdir(mode=0o711, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise ServerError(f"{folder} belongs to someone else; set TMPDIR to another folder")
    folder.chmod(0o711)
    if os.geteuid() == 0:
        closed = [str(parent) for parent in folder.parents if not parent.stat().st_mode & stat.S_IXOTH]
        if closed:
            raise ServerError(f"{SERVER_USER}, who runs the server, cannot enter {closed[0]}; set TMPDIR")
    return folder


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock that all processes share which name this file; waits for whoever has it."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def redmine_version() -> str:
    """Version of the installed Redmine, like `5.0.4`; empty if there is none."""
    try:
        text = (REDMINE / "lib/redmine/version.rb").read_text(encoding="utf-8")
    except OSError:
        return ""
    return ".".join(_VERSION_PART.findall(text)[:3])


def package_version() -> str:
    """Version of the installed package, like `5.0.4-5+deb12u1`: another one may come with another schema."""
    found = _run("dpkg-query", "-W", "-f=${Version}", "redmine")
    return found.stdout.strip()


def why_not() -> str | None:
    """What keeps a server from starting here now, or None."""
    if sys.platform != "linux":
        return f"not Debian 12 but {platform.system()}"
    if shutil.which("dpkg-query") is None:
        return f"no dpkg-query in PATH, on {_system_name()}"
    absent = [name for name in PACKAGES if not _installed(name)]
    if absent:
        return f"Debian package {', '.join(absent)} not installed{_why_not_installable()}"
    if not redmine_version().startswith(SERIES + "."):
        return f"Redmine {redmine_version() or 'of unknown version'} instead of {SERIES} in {REDMINE}"
    tools = [name for name in ("setpriv", "puma", "rake") if shutil.which(name) is None]
    return f"not in PATH: {', '.join(tools)}" if tools else None


def prepare() -> None:
    """Install the package unless it is there.

    Raises:
        UnavailableError: It is not there, and this is not Debian 12, not root or without a package registry.
    """
    if why_not() is None:
        return
    with locked(cache_folder() / "install.lock"):
        missing = why_not()
        if missing and missing.endswith("not installed"):
            _install()
            missing = why_not()
        if missing:
            raise UnavailableError(missing)


def _why_not_installable() -> str:
    release = _release()
    if (release.get("ID"), release.get("VERSION_ID")) != ("debian", "12"):
        return f", and this is not Debian 12 but {_system_name()}"
    if os.geteuid() != 0:
        return ", which only root can do"
    return "" if shutil.which("apt-get") else ", and no apt-get in PATH"


def _install() -> None:
    # The package asks for a database; servers have others. An answer that cannot be given beforehand is no
    # reason to stop: the default is to make one of the only kind that is installed.
    subprocess.run(["debconf-set-selections"], input=_ANSWERS, text=True, capture_output=True, check=False)
    _apt("update", "-q")
    _apt("install", "-y", "-q", "--no-install-recommends", *PACKAGES)


def _apt(*words: str) -> None:
    options = ("DPkg::Lock::Timeout=300", "Acquire::Retries=1", "Acquire::http::Timeout=20")
    command = ["apt-get", *(part for option in options for part in ("-o", option)), *words]
    environment = {
        **os.environ,
        "DEBIAN_FRONTEND": "noninteractive",
        "LC_ALL": "C.UTF-8",
        "BUNDLER_VERSION": BUNDLER,
    }
    done = subprocess.run(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode:
        raise _apt_failure(words[0], done.stdout + done.stderr)


def _apt_failure(action: str, said: str) -> Exception:
    """The registry is missing, or what it gave cannot be installed: only the first is no defect."""
    errors = [line for line in said.splitlines() if line.startswith("E:")]
    text = f"apt-get {action} said {' '.join(errors[-2:])}"
    if any(sign in line for line in errors for sign in _NO_REGISTRY):
        return UnavailableError(f"no package registry: {text}")
    return ServerError(f"{text}\n{said[-2000:]}")


def _installed(package: str) -> bool:
    return _run("dpkg-query", "-W", "-f=${db:Status-Status}", package).stdout.strip() == "installed"


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False)


def _release() -> dict[str, str]:
    try:
        return platform.freedesktop_os_release()
    except OSError:
        return {}


def _system_name() -> str:
    return _release().get("PRETTY_NAME") or platform.system()
