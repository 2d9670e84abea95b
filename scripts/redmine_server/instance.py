"""The folder one server lives in: a Redmine tree of its own, linked to the packaged one.

Debian's package is made for one installation with one database, one folder of attachments and one log, open
to one user. A tree of its own lets any user run any number of servers and leaves the packaged one untouched.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import subprocess
from pathlib import Path

from .machine import BUNDLER, REDMINE, SERVER_USER, ServerError

_LINKED = ("db", "extra", "bin")
_LOCK = Path("/var/lib/redmine/Gemfile.lock")

# A larger heap from the beginning: an eighth less time for each answer, for 30 MB more.
_MEMORY = {
    "RUBY_GC_HEAP_INIT_SLOTS": "800000",
    "RUBY_GC_HEAP_FREE_SLOTS": "400000",
    "RUBY_GC_MALLOC_LIMIT": "128000000",
    "RUBY_GC_MALLOC_LIMIT_MAX": "128000000",
    "RUBY_GC_OLDMALLOC_LIMIT": "128000000",
    "RUBY_GC_OLDMALLOC_LIMIT_MAX": "256000000",
}

# The packaged list names a database library for each packaged database whose settings this user may read.
_GEMFILE = f"""eval_gemfile "{REDMINE}/Gemfile"
gem "sqlite3", "~> 1.4.0" unless @dependencies.any? {{ |known| known.name == "sqlite3" }}
"""

_DATABASE = """production:
  adapter: sqlite3
  database: <%= Rails.root.join("redmine.db") %>
  timeout: 5000
"""

# Read by config/application.rb. Mails are made at once, as a second thread would meet a locked database.
# Nothing here has to survive a power cut, so SQLite need not wait for the disk.
_ENVIRONMENT = """config.log_level = :warn
config.active_job.queue_adapter = :inline
ActiveSupport.on_load(:active_record) do
  require "active_record/connection_adapters/sqlite3_adapter"
  ActiveRecord::ConnectionAdapters::SQLite3Adapter.prepend(
    Module.new do
      def configure_connection
        super
        @connection.synchronous = "off"
      end
    end
  )
end
"""

# After an answer the one thread would wait 0.2 s for more on the same connection, whoever waits on another
# one: FAST_TRACK_KA_TIMEOUT of Puma 5.6, read in its client.rb and server.rb. That took half the tests' time.
_PUMA = """require "puma/client"
Puma::Client.prepend(
  Module.new do
    def reset(_wait_for_more = false)
      super(false)
    end
  end
)
"""


class Instance:
    """A Redmine tree below `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.database = folder / "redmine.db"

    def create(self) -> None:
        """Make the tree, without its database."""
        self.folder.mkdir(mode=0o700)
        for name in ("config", "files", "instances", "log", "public", "public/plugin_assets", "tmp"):
            (self.folder / name).mkdir()
        # Debian's Redmine looks for everything of its own below instances/default.
        (self.folder / "instances/default").symlink_to("..")
        for name in _LINKED:
            (self.folder / name).symlink_to(REDMINE / name)
        # Ruby follows links for some ways to name a file and not for others, so linked code would run twice.
        for name in ("app", "lib"):
            shutil.copytree(REDMINE / name, self.folder / name, symlinks=True)
        self._link(REDMINE / "public", self.folder / "public")
        self._configure()
        for name in ("config.ru", "Rakefile"):
            shutil.copyfile(REDMINE / name, self.folder / name)
        (self.folder / "Gemfile").write_text(_GEMFILE, encoding="utf-8")
        if _LOCK.exists():
            shutil.copyfile(_LOCK, self.folder / "Gemfile.lock")

    def _configure(self) -> None:
        config = self.folder / "config"
        # Rails takes the real place of these files for its root, so they are copied and not linked.
        for file in [*REDMINE.glob("config/*.rb"), REDMINE / "config/settings.yml"]:
            shutil.copyfile(file, config / file.name)
        for name in ("environments", "initializers", "locales"):
            (config / name).symlink_to(REDMINE / "config" / name)
        (config / "database.yml").write_text(_DATABASE, encoding="utf-8")
        (config / "secret_key.txt").write_text(secrets.token_hex(64), encoding="utf-8")
        (config / "additional_environment.rb").write_text(_ENVIRONMENT, encoding="utf-8")
        (config / "puma.rb").write_text(_PUMA, encoding="utf-8")

    @staticmethod
    def _link(source: Path, target: Path) -> None:
        for entry in source.iterdir():
            if not (target / entry.name).exists():
                (target / entry.name).symlink_to(entry)

    def hand_over(self) -> None:
        """Give the tree to the account the server runs as, when root made it."""
        if os.geteuid() != 0:
            return
        account = pwd.getpwnam(SERVER_USER)
        for path in [self.folder, *self.folder.rglob("*")]:
            os.chown(path, account.pw_uid, account.pw_gid, follow_symlinks=False)

    def environment(self) -> dict[str, str]:
        """All variables a process of this tree gets: nothing of the caller's Ruby or time zone."""
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self.folder),
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            "RAILS_ENV": "production",
            "REDMINE_INSTANCE": "default",
            "REDMINE_LANG": "en",
            "BUNDLER_VERSION": BUNDLER,
            **_MEMORY,
        }

    @staticmethod
    def command(*words: str, dies_with_parent: bool) -> list[str]:
        """A command as the account the server runs as."""
        options = ["--pdeathsig", "KILL"] if dies_with_parent else []
        if os.geteuid() == 0:
            options += [f"--reuid={SERVER_USER}", f"--regid={SERVER_USER}", "--init-groups"]
        return ["setpriv", *options, *words] if options else list(words)

    def rake(self, task: str) -> None:
        """Run a task of Redmine to its end.

        Raises:
            ServerError: It failed; the text ends with what it said.
        """
        done = subprocess.run(
            self.command("rake", task, dies_with_parent=True),
            cwd=self.folder,
            env={**self.environment(), "SCHEMA": str(self.folder / "tmp/schema.rb")},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
        if done.returncode or "not loaded" in done.stdout:
            raise ServerError(f"rake {task} failed:\n{(done.stdout + done.stderr)[-2000:]}")

    def log(self) -> str:
        """The last lines of what the server said."""
        parts = []
        for name in ("puma.log", "log/production.log"):
            path = self.folder / name
            if path.exists():
                parts += path.read_text(encoding="utf-8", errors="replace").splitlines()[-20:]
        return "\n".join(parts)
