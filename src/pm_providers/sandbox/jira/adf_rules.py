"""Which nodes an Atlassian document may hold, taken by hand from the vendor's JSON schema of the format."""

from __future__ import annotations

__all__ = ["CHILDREN", "MARKS", "NOT_EMPTY", "REQUIRED"]

_INLINE = frozenset(
    [
        "date",
        "emoji",
        "hardBreak",
        "inlineCard",
        "inlineExtension",
        "mediaInline",
        "mention",
        "placeholder",
        "status",
        "text",
    ]
)
_CAPTION = _INLINE - {"inlineExtension", "mediaInline"}
_LISTS = frozenset({"bulletList", "orderedList"})
_MEDIA = frozenset({"mediaGroup", "mediaSingle"})
_SIMPLE = _LISTS | _MEDIA | frozenset({"codeBlock", "paragraph", "extension"})
_PANEL = _SIMPLE | frozenset({"blockCard", "decisionList", "heading", "rule", "taskList"})
_BODY = _PANEL | frozenset({"blockquote", "embedCard", "panel", "table"})
_CELL = (_BODY - {"table"}) | {"nestedExpand"}
_NONE: frozenset[str] = frozenset()

# node type: types of its children
CHILDREN: dict[str, frozenset[str]] = {
    "doc": _BODY | {"bodiedExtension", "bodiedSyncBlock", "expand", "layoutSection", "syncBlock"},
    "paragraph": _INLINE,
    "heading": _INLINE,
    "taskItem": _INLINE,
    "decisionItem": _INLINE,
    "caption": _CAPTION,
    "bulletList": frozenset({"listItem"}),
    "orderedList": frozenset({"listItem"}),
    "listItem": _LISTS | {"codeBlock", "extension", "mediaSingle", "paragraph", "taskList"},
    "codeBlock": frozenset({"text"}),
    "blockquote": _SIMPLE,
    "panel": _PANEL,
    "expand": _BODY | {"nestedExpand"},
    "nestedExpand": _PANEL - {"blockCard"} | {"blockquote", "panel"},
    "bodiedExtension": _BODY,
    "bodiedSyncBlock": _BODY | {"expand", "layoutSection"},
    "layoutSection": frozenset({"layoutColumn"}),
    "layoutColumn": _BODY | {"bodiedExtension", "expand"},
    "table": frozenset({"tableRow"}),
    "tableRow": frozenset({"tableCell", "tableHeader"}),
    "tableCell": _CELL,
    "tableHeader": _CELL,
    "taskList": frozenset({"taskItem", "blockTaskItem", "taskList"}),
    "blockTaskItem": frozenset({"extension", "paragraph"}),
    "decisionList": frozenset({"decisionItem"}),
    "mediaGroup": frozenset({"media"}),
    "mediaSingle": frozenset({"media", "caption"}),
    **dict.fromkeys(
        [
            "text",
            "hardBreak",
            "emoji",
            "mention",
            "date",
            "status",
            "placeholder",
            "inlineCard",
            "inlineExtension",
            "mediaInline",
            "media",
            "rule",
            "blockCard",
            "embedCard",
            "extension",
            "syncBlock",
        ],
        _NONE,
    ),
}
# node type: attributes it must have
REQUIRED: dict[str, frozenset[str]] = {
    "heading": frozenset({"level"}),
    "panel": frozenset({"panelType"}),
    "media": frozenset({"type"}),
    "mediaInline": frozenset({"id", "collection"}),
    "mention": frozenset({"id"}),
    "emoji": frozenset({"shortName"}),
    "date": frozenset({"timestamp"}),
    "status": frozenset({"text", "color"}),
    "placeholder": frozenset({"text"}),
    "embedCard": frozenset({"url", "layout"}),
    "extension": frozenset({"extensionKey", "extensionType"}),
    "inlineExtension": frozenset({"extensionKey", "extensionType"}),
    "bodiedExtension": frozenset({"extensionKey", "extensionType"}),
    "syncBlock": frozenset({"resourceId", "localId"}),
    "bodiedSyncBlock": frozenset({"resourceId", "localId"}),
    "layoutColumn": frozenset({"width"}),
    "taskList": frozenset({"localId"}),
    "taskItem": frozenset({"localId", "state"}),
    "blockTaskItem": frozenset({"localId", "state"}),
    "decisionList": frozenset({"localId"}),
    "decisionItem": frozenset({"localId", "state"}),
}
# node types that need at least one child
NOT_EMPTY = frozenset(
    [
        "bulletList",
        "orderedList",
        "listItem",
        "blockquote",
        "panel",
        "taskList",
        "decisionList",
        "mediaGroup",
        "mediaSingle",
    ]
)
# mark: attributes it must have
MARKS: dict[str, frozenset[str]] = {
    "strong": _NONE,
    "em": _NONE,
    "code": _NONE,
    "strike": _NONE,
    "underline": _NONE,
    "link": frozenset({"href"}),
    "textColor": frozenset({"color"}),
    "backgroundColor": frozenset({"color"}),
    "subsup": frozenset({"type"}),
    "annotation": frozenset({"id", "annotationType"}),
    "alignment": frozenset({"align"}),
    "indentation": frozenset({"level"}),
    "border": frozenset({"color", "size"}),
    "breakout": frozenset({"mode"}),
    "dataConsumer": frozenset({"sources"}),
    "fontSize": frozenset({"fontSize"}),
    "fragment": frozenset({"localId"}),
}
