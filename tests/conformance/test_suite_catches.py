"""The suite finds what it is for: each of these faults was made on purpose, and fails by name."""

from __future__ import annotations

import ast
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.conformance.conftest import EXAMPLE, Installed

_BASES = ("Crew", "Lister")
BROKEN, SOUND = (Path(__file__).with_name(name) for name in ("broken_providers.py", "sound_providers.py"))


def expected() -> dict[str, tuple[str, ...]]:
    """`FAULTS` of the module, read without importing it: it needs the example installed."""
    for node in ast.parse(BROKEN.read_text("utf-8")).body:
        if isinstance(node, ast.AnnAssign) and getattr(node.target, "id", "") == "FAULTS":
            assert isinstance(node.value, ast.Dict)
            keys = [key.id for key in node.value.keys]  # type: ignore[union-attr]
            return dict(zip(keys, map(ast.literal_eval, node.value.values), strict=True))
    raise AssertionError("FAULTS is gone")


def sound() -> dict[str, str]:
    """Broken provider -> the one that it would be without its fault."""
    classes = [node for node in ast.parse(BROKEN.read_text("utf-8")).body if isinstance(node, ast.ClassDef)]
    return {
        one.name: f"Test{base}" if (base := ast.unparse(one.bases[0])) in _BASES else "TestPlainFiles"
        for one in classes
    }


@pytest.fixture(scope="module")
def outcomes(
    installed_example: Installed, tmp_path_factory: pytest.TempPathFactory
) -> dict[tuple[str, str], str]:
    """(class, test) -> `passed`, `failed` or `skipped`, of one run over all broken providers and the sound example."""
    folder = tmp_path_factory.mktemp("broken")
    report = folder / "report.xml"
    (folder / "pytest.ini").write_text(
        "[pytest]\nasyncio_mode=auto\nasyncio_default_fixture_loop_scope=function\n"
    )
    (folder / "test_broken.py").write_text(BROKEN.read_text("utf-8"), "utf-8")
    (folder / SOUND.name).write_text(SOUND.read_text("utf-8"), "utf-8")
    (folder / "test_example.py").write_text(
        (EXAMPLE / "tests" / "test_conformance.py").read_text("utf-8"), "utf-8"
    )
    nodes = [f"test_broken.py::Test{name}::{test}" for name, tests in expected().items() for test in tests]
    own: set[str] = set()
    for base in _BASES:
        tests = {t for name, ts in expected().items() if sound()[name] == f"Test{base}" for t in ts}
        nodes += [f"test_broken.py::Test{base}::{test}" for test in sorted(tests)]
        own |= tests
    nodes += [
        f"test_example.py::TestPlainFiles::{test}"
        for test in sorted({t for ts in expected().values() for t in ts} - own)
    ]
    options = ["-q", "-p", "no:cacheprovider", "-p", "no:randomly", f"--junitxml={report}"]
    done = installed_example.run("-m", "pytest", *options, *nodes, cwd=folder)
    assert report.exists(), done.stdout + done.stderr
    found = {}
    for case in ET.parse(report).iter("testcase"):
        marks = {child.tag for child in case}
        kind = "failed" if marks & {"failure", "error"} else "skipped" if "skipped" in marks else "passed"
        found[case.get("classname", "").rpartition(".")[2], case.get("name", "")] = kind
    return found


@pytest.mark.parametrize(
    ("name", "test"), [(name, test) for name, tests in expected().items() for test in tests]
)
def test_fault_is_found(outcomes, name, test):
    """The test fails on the broken provider and passes on the sound one."""
    assert outcomes[f"Test{name}", test] == "failed"
    assert outcomes[sound()[name], test] == "passed"
