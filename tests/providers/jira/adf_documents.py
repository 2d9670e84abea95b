"""Hypothesis strategy: Atlassian documents as the vendor's editor makes them, with all that Markdown cannot say."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

__all__ = ["adf_documents"]

_words = st.lists(
    st.sampled_from(
        ["a", "word", "two words", "*", "_x_", "[x] ", "<> ", "[!NOTE]", "#", "1. ", "é漢😀", "`", "\\"]
    ),
    min_size=1,
    max_size=4,
).map("".join)
_ids = st.integers(0, 999).map(lambda number: f"id-{number}")
_hex = st.sampled_from(["#ff5630", "#0052CC"])


def _node(kind: str, content: Any = None, **attrs: Any) -> dict[str, Any]:
    node: dict[str, Any] = {"type": kind}
    if attrs:
        node["attrs"] = attrs
    if content is not None:
        node["content"] = list(content)
    return node


_marks = st.lists(
    st.one_of(
        st.sampled_from([{"type": kind} for kind in ("em", "strong", "strike", "underline")]),
        _hex.map(lambda color: {"type": "textColor", "attrs": {"color": color}}),
        _hex.map(lambda color: {"type": "backgroundColor", "attrs": {"color": color}}),
        st.just({"type": "subsup", "attrs": {"type": "sub"}}),
        st.just({"type": "link", "attrs": {"href": "https://example.com/a"}}),
        st.just({"type": "annotation", "attrs": {"id": "c1", "annotationType": "inlineComment"}}),
    ),
    max_size=3,
    unique_by=lambda mark: mark["type"],
)


def _text(text: str, marks: list[Any]) -> dict[str, Any]:
    return {"type": "text", "text": text, **({"marks": marks} if marks else {})}


_code = _words.map(lambda text: _text(text, [{"type": "code"}]))
_atoms = st.one_of(
    st.builds(
        lambda one, local: _node("mention", id=f"5b{one}", text=f"@{one}", localId=local), _words, _ids
    ),
    st.sampled_from(
        [_node("emoji", shortName=":smile:", text="😄"), _node("emoji", shortName=":party:", id="x")]
    ),
    st.just(_node("date", timestamp="1582152559000")),
    st.builds(lambda text: _node("status", text=text, color="blue", localId="s"), _words),
    st.just(_node("inlineCard", url="https://example.com/card")),
    st.just(_node("placeholder", text="type here")),
    st.just(_node("inlineExtension", extensionKey="k", extensionType="t", parameters={"p": [1]})),
    st.just(_node("mediaInline", id="f1", collection="c", type="file", width=10)),
    st.just(_node("hardBreak")),
)
_inlines = st.lists(st.one_of(st.builds(_text, _words, _marks), _code, _atoms), max_size=5)
_paragraphs = st.builds(lambda inlines, local: _node("paragraph", inlines, localId=local), _inlines, _ids)
_aligned = _inlines.map(
    lambda inlines: {
        **_node("paragraph", inlines),
        "marks": [{"type": "alignment", "attrs": {"align": "center"}}],
    }
)
_media = st.builds(
    lambda name, width: _node("media", type="file", id=name, collection="", width=width, height=3),
    _ids,
    st.integers(1, 9),
)
_external = st.just(_node("media", type="external", url="https://example.com/i.png", alt="alt"))
_single = st.builds(
    lambda media, layout, caption: _node(
        "mediaSingle", [media, *([_node("caption", [_text(caption, [])])] if caption else [])], layout=layout
    ),
    _media | _external,
    st.sampled_from(["center", "wide"]),
    st.none() | _words,
)
_code_blocks = st.builds(
    lambda text, local: _node("codeBlock", [_text(text, [])], language="python", localId=local), _words, _ids
)
_plain = st.one_of(_paragraphs, _paragraphs, _code_blocks, _single)


def _some(of: Any, least: int = 1, most: int = 3) -> Any:
    return st.lists(of, min_size=least, max_size=most)


def _item(blocks: list[Any]) -> dict[str, Any]:
    return _node("listItem", blocks)


_lists = st.recursive(
    st.builds(lambda items: _node("bulletList", items), _some(_some(_plain, most=2).map(_item))),
    lambda inner: st.builds(
        _node,
        st.sampled_from(["bulletList", "orderedList"]),
        _some(_some(_plain | inner, most=2).map(_item)),
    ),
    max_leaves=4,
)
_task = st.builds(
    lambda inlines, state, local: _node("taskItem", inlines, state=state, localId=local),
    _inlines,
    st.sampled_from(["TODO", "DONE"]),
    _ids,
)
_tasks = st.recursive(
    st.builds(lambda items, local: _node("taskList", items, localId=local), _some(_task), _ids),
    lambda inner: st.builds(
        lambda first, items, local: _node("taskList", [first, *items], localId=local),
        _task,
        _some(_task | inner),
        _ids,
    ),
    max_leaves=3,
)
_decisions = st.builds(
    lambda items, local: _node("decisionList", items, localId=local),
    _some(st.builds(lambda inlines: _node("decisionItem", inlines, state="DECIDED", localId="d"), _inlines)),
    _ids,
)
_headings = st.builds(
    lambda level, inlines: _node("heading", inlines, level=level), st.integers(1, 6), _inlines
)
_quotes = _some(_paragraphs | _lists).map(lambda blocks: _node("blockquote", blocks))
_panels = st.builds(
    lambda kind, blocks, local: _node("panel", blocks, panelType=kind, localId=local),
    st.sampled_from(["info", "note", "tip", "warning", "error", "success", "custom"]),
    _some(_plain | _headings | _lists | _tasks),
    _ids,
)
_macro = st.just(_node("extension", extensionKey="toc", extensionType="com.x", layout="wide"))
_future = st.just(
    {"type": "futureBlock", "attrs": {"n": 1}, "content": [_node("paragraph", [_text("later", [])])]}
)


@st.composite
def _tables(draw: st.DrawFn) -> dict[str, Any]:
    width = draw(st.integers(1, 3))
    cells = _some(_paragraphs | _aligned | _lists | _code_blocks, most=2)
    rows = []
    for index in range(draw(st.integers(1, 3))):
        kind = draw(st.sampled_from(["tableCell", "tableHeader"])) if index == 0 else "tableCell"
        rows.append(
            _node(
                "tableRow",
                [_node(kind, draw(cells), background="#eeeeee", colwidth=[50]) for _ in range(width)],
            )
        )
    if draw(st.booleans()) and width > 1:
        last = rows[-1]["content"]
        last[0]["attrs"] = {"colspan": 2}
        del last[1]
    return _node("table", rows, isNumberColumnEnabled=True, layout="wide")


_full = st.one_of(
    _plain, _headings, _lists, _tasks, _decisions, _quotes, _panels, _tables(), _macro, st.just(_node("rule"))
)
_groups = _some(_media).map(lambda files: _node("mediaGroup", files))
_cards = st.sampled_from(
    [
        _node("blockCard", url="https://example.com/b"),
        _node("embedCard", url="https://example.com/e", layout="wide"),
    ]
)
_columns = _some(_full, most=2).map(lambda blocks: _node("layoutColumn", blocks, width=50))
_tops = st.one_of(
    _full,
    _full,
    _groups,
    _cards,
    st.builds(
        lambda title, blocks: _node("expand", blocks, title=title), st.just("") | _words, _some(_full, most=2)
    ),
    _some(_columns, least=2, most=2).map(lambda columns: _node("layoutSection", columns)),
    _some(_full, most=2).map(
        lambda blocks: _node(
            "bodiedExtension", blocks, extensionKey="k--", extensionType="t", parameters={"a": "-->"}
        )
    ),
    _future,
)
adf_documents = st.lists(_tops, max_size=4).map(
    lambda blocks: {"version": 1, "type": "doc", "content": blocks}
)
