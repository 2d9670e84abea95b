"""The generated tables say what the providers declare, and checking notices when they are old."""

from __future__ import annotations

import pytest

from pm_providers.contract import OPERATIONS, Support
from pm_providers.model import MODELS, Entity, field_specs
from pm_providers.service.matrix import capability_tables, main, own_providers, render, support_matrix

TEXT = "# Title\n\n<!-- support-matrix:start -->\nold\n<!-- support-matrix:end -->\nafter\n"


@pytest.fixture(scope="module")
def providers():
    return own_providers()


def test_plug_ins_stay_out_and_the_internal_one_is_first(providers):
    assert next(iter(providers)) == "internal"
    assert all(one.__module__.startswith("pm_providers.") for one in providers.values())


def test_every_operation_and_field_has_a_row(providers):
    text = capability_tables(providers)
    for name in OPERATIONS:
        assert text.count(f"| `{name}` |") >= 1, name
    for entity in Entity:
        _, _, section = text.partition(f"### {entity.plural.replace('_', ' ').capitalize()}\n")
        rows = section.partition("\n#")[0]
        expected = {f"`{name}`" for name in field_specs(MODELS[entity])} - {"`id`", "`raw_data`"}
        assert expected == {
            line.split(" | ")[0].removeprefix("| ") for line in rows.splitlines() if "| `" in line
        }


def test_every_reason_is_in_the_notes(providers):
    text = capability_tables(providers)
    for one in providers.values():
        for capability in one.CAPABILITIES.operations.values():
            if capability.support is not Support.NATIVE:
                assert f"{one.title}: {' '.join(capability.note.replace('|', chr(92) + '|').split())}" in text


def test_the_short_table_names_what_is_missing(providers):
    text = support_matrix(providers)
    lines = text.splitlines()
    width = lines[0].count("|")
    rows = [line for line in lines if line.startswith("|")]
    assert all(line.count("|") == width for line in rows)
    [raw] = [line for line in rows if line.startswith("| Raw requests")]
    assert raw.split(" | ")[1].strip(" |") == "○"
    assert max(map(len, rows)) <= 20 + 18 * len(providers)
    column = rows[0].split(" | ").index("OpenProject")
    cells = {row.split(" | ")[0].strip("| "): row.split(" | ")[column].strip(" |") for row in rows}
    assert cells["Labels"] == "◐ read only"
    assert cells["Comments"] == "◐ 3/3, no delete"
    assert cells["Time entries"] == "● 6/6"


def test_rendering_is_deterministic_and_keeps_the_rest(providers):
    once, found = render(TEXT, providers)
    assert found == 1
    assert render(once, providers) == (once, 1)
    assert once.startswith("# Title\n\n<!-- support-matrix:start -->\n|")
    assert once.endswith("<!-- support-matrix:end -->\nafter\n")
    assert "old" not in once


def test_check_and_write(tmp_path, capsys):
    file = tmp_path / "README.md"
    file.write_text(TEXT, encoding="utf-8")
    assert main(["--check", str(file)]) == 1
    assert "out of date" in capsys.readouterr().err
    assert file.read_text(encoding="utf-8") == TEXT
    assert main(["--write", str(file)]) == 0
    assert main(["--check", str(file)]) == 0


@pytest.mark.parametrize("arguments", [[], ["--check"], ["--fix", "x"], ["--check", "no-such-file"]])
def test_mistakes(arguments, capsys):
    assert main(arguments) == 2
    assert capsys.readouterr().err


def test_a_file_without_a_generated_part(tmp_path, capsys):
    (tmp_path / "plain.md").write_text("nothing here", encoding="utf-8")
    assert main(["--check", str(tmp_path / "plain.md")]) == 2
    assert "support-matrix" in capsys.readouterr().err
