"""JQL as data: the syntax tree of `/jql/parse`, and what an editor of queries needs."""

from __future__ import annotations

import re
from typing import Any

from pm_providers.sandbox.jira.errors import bad_request
from pm_providers.sandbox.jira.jql import compile_query
from pm_providers.sandbox.jira.jql_syntax import (
    Clause,
    Empty,
    Function,
    Group,
    Literal,
    Name,
    Not,
    Operand,
    Query,
    Where,
    parse,
)
from pm_providers.sandbox.jira.jql_tokens import JqlError
from pm_providers.sandbox.jira.jql_words import FUNCTIONS, RESERVED_WORDS
from pm_providers.sandbox.jira.web import Call, Reply, Routes

__all__ = ["routes"]

routes = Routes()
_BARE = re.compile(r"[A-Za-z0-9_.:-]+")


def _encoded(text: str) -> str:
    if _BARE.fullmatch(text) and text.lower() not in RESERVED_WORDS:
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _name(name: Name) -> dict[str, Any]:
    encoded = name.text if name.text.startswith("cf[") else _encoded(name.text)
    return {"name": name.text, "encodedName": encoded}


def _operand(operand: Operand) -> dict[str, Any]:
    if isinstance(operand, Empty):
        return {"keyword": "empty", "encodedOperand": "empty"}
    if isinstance(operand, Literal):
        return {"value": operand.text, "encodedValue": _encoded(operand.text)}
    if isinstance(operand, Function):
        inner = ", ".join(_encoded(text) for text in operand.arguments)
        return {
            "function": operand.name,
            "arguments": list(operand.arguments),
            "encodedOperand": f"{operand.name}({inner})",
        }
    values = [_operand(item) for item in operand.items]
    texts = [str(value.get("encodedValue", value.get("encodedOperand"))) for value in values]
    return {"values": values, "encodedOperand": f"({', '.join(texts)})"}


def _where(node: Where) -> dict[str, Any]:
    if isinstance(node, Not):
        return {"operator": "not", "clauses": [_where(node.part)]}
    if isinstance(node, Group):
        return {"operator": node.word, "clauses": [_where(part) for part in node.parts]}
    return _clause(node)


def _clause(clause: Clause) -> dict[str, Any]:
    body: dict[str, Any] = {"field": _name(clause.name), "operator": clause.operator}
    if clause.operand is not None:
        body["operand"] = _operand(clause.operand)
    if clause.operator == "changed" or clause.operator.startswith("was"):
        body["predicates"] = [
            {"operator": limit.word, "operand": _operand(limit.operand)} for limit in clause.predicates
        ]
    return body


def _structure(query: Query) -> dict[str, Any]:
    body: dict[str, Any] = {}
    if query.where is not None:
        body["where"] = _where(query.where)
    if query.order:
        body["orderBy"] = {
            "fields": [
                {"field": _name(sort.name), **({"direction": sort.direction} if sort.direction else {})}
                for sort in query.order
            ]
        }
    return body


@routes("POST", "jql/parse", login=False)
def parse_queries(call: Call) -> Reply:
    """Syntax trees, and what is wrong; `validation` is strict (the default), warn or none."""
    queries = call.object().get("queries")
    level = call.one("validation", "strict")
    if not isinstance(queries, list) or not queries or not all(isinstance(text, str) for text in queries):
        raise bad_request("The list of queries must not be empty.")
    if level not in {"strict", "warn", "none"}:
        raise bad_request(f"Invalid validation mode: {level}")
    return Reply({"queries": [_parsed(call, text, level) for text in queries]})


def _parsed(call: Call, text: str, level: str) -> dict[str, Any]:
    body: dict[str, Any] = {"query": text}
    try:
        query = parse(text)
    except JqlError as error:
        return body | {"errors": error.messages}
    try:
        if level != "none":
            compile_query(call.session, query)
    except JqlError as error:
        if level == "strict":
            return body | {"errors": error.messages}
        body["warnings"] = error.messages
    return body | {"structure": _structure(query)}


@routes("GET", "jql/autocompletedata")
def reference_data(call: Call) -> Reply:
    """Fields, functions and reserved words."""
    fields = []
    for row in call.state.fields:
        for clause in row.clauses[:1] if row.number == 0 else row.clauses[-1:]:
            entry: dict[str, Any] = {
                "value": _encoded(clause),
                "displayName": f"{row.name} - {clause}" if row.number else clause,
                "orderable": "true",
                "searchable": "true",
                "operators": ["=", "!=", "in", "not in", "is", "is not"],
                "types": ["java.lang.Object"],
            }
            fields.append(entry | ({"cfid": f"cf[{row.number}]"} if row.number else {}))
    functions = [{"value": name, "displayName": name, "types": ["java.lang.Object"]} for name in FUNCTIONS]
    return Reply(
        {
            "visibleFieldNames": fields,
            "visibleFunctionNames": functions,
            "jqlReservedWords": sorted(RESERVED_WORDS),
        }
    )
