"""Our reading and writing of Textile against Redmine's own formatter: both show the same.

Skips by name where ruby or Redmine's package is not installed.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pm_providers.providers.redmine.mapping.textile import to_markdown, to_textile
from tests.providers.redmine.textile_rendering import (
    Line,
    lines,
    markdown_html,
    need_redmine,
    redmine_help,
    redmine_html,
)
from tests.shared_material import need, shared_path

TEXTILE = [
    "h1. Title\n\nSome *bold* and _em_ text, -old- +new+ x ^2^ H ~2~ O, @code@.",
    "one\ntwo\n*three*\n_four_",
    "no*bold*here a_b_c 2*3*4 but (*this*) and _*both*_, *_too_*; **b** __i__",
    "*a _b* c_ and -- not -- this -a- *b*🎉 *c*! é*d* 日*本*",
    "* a\n* b\n** c\n*** d\n** e\n* f\n\n# one\n## two\n# three",
    "text\n* list\n* items\nmore\n\nafter",
    "> quote\n> more\n>> deeper\n\ntext\n> again\n\nbq. block",
    "> * list\n> * in quote\n>\n> h2. head",
    "|_. a |_. b |\n| 1 | *2* |\n| x\ny | [[W|z]] |",
    "|a|b|\n|c|d|\n\n|>. r |>. s |",
    "<pre>\nx < 1 && y\n  z\n</pre>\n\n<pre><code class=\"ruby\">\nputs '<b>' & 1\n</code></pre>",
    "before\n<pre>\ncode\n</pre>\nafter\n\n* a\n<pre>\nin item\n</pre>\n* b",
    '"a":http://b.cd, "e (f)":http://g.hi/(j) ("k":/lm). "n(o)":http://p.qr/s?t=u&v=w',
    '"no":foo.html "yes":mailto:a@b.cd "js":javascript:alert(1) "*b*":http://c.de *"f":http://g.hi*',
    "!http://a.bc/d.png(alt)! !e.png!:http://f.gh x!i.png! !javascript:x!",
    "&lt;b&gt; <b>x</b> a < b > c & d &amp; e &eacute; AT&T @a & b@ *x*& y",
    "@a@ b@c@d @e f@, @g\nh@ x@y.zz (@i@)",
    "---\n\n- - -\n\np. ---\n\np. * text\n\nh7. no",
    "foo<notextile></notextile>*bar*<notextile></notextile>baz <notextile>*raw* <b></notextile> ==*x*==",
    "<code>*a*</code> b<code>c</code>d <kbd>Ctrl</kbd>",
    "para\n\n   indented\n\npara",
    "a <!-- hidden\n\nstill --> b",
    "http://a.bc/d_e_f www.g.hi j@k.lm -n- ftp://o.pq",
    "5 * 3 * 2 - 1 - 0; ~/x and ~/y; +1 +2; 10% of 20%; a^b^c; user@host and x@y",
    "* [ ] open\n* [x] done\n\n* *bold item*\n* _em_",
]

MARKDOWN = [
    "# Title\n\nHello *world*, **bold** ~~gone~~ `code` <u>under</u> x<sup>2</sup> H<sub>2</sub>O.",
    "soft\nbreak\\\nhard  \nagain",
    "foo**bar**baz 日**本**語 ***both*** **a *b* c** *a **b***",
    "- a\n- b\n  - c\n    1. d\n  - e\n\n1. x\n2. y\n   - z",
    "> quote\n>\n> - list\n>\n> > deeper\n>\n> ```\n> code\n> ```",
    "| a | b | c |\n| :- | :-: | -: |\n| 1 | **2** | `x` |\n| x\\|y | [[W]] | |",
    "```ruby\nputs '<b>' && \"*x*\"\n```\n\n```\nplain _x_ @y@\n```",
    "[a](http://b.cd) [**e** f](http://g.hi) [j](/kl) ![m](http://n.op/q.png) <http://r.st> https://u.vw/x_y_z",
    "h1. no heading\n\nbq. no quote\n\np. no sign\n\n\\* no list\n\n\\# no list\n\n\\> no quote\n\n|no|table|\n\n\\---",
    '\\*x\\* \\_y\\_ -z- +a+ ^b^ ~c~ %d% @e@ ??f?? ==g== "h":http://i.jk !l! {m} [n] (o) *(p)* *[q] r* *{s}*',
    "&amp;amp; &amp;lt; \\<b> \\<pre> \\</code> a & b && c &copy; x%x%",
    "line\n\\* star\n\\# hash\n\\> quote\n\\| pipe\n{ brace\n= equals\n- - -x",
    "- a\n\n  second\n\n  ```\n  code\n  ```\n- \\# b\n- \\[ ] c\n\n<!-- comment -->\n\n- d",
    "`a@b` `<b>` `&amp;` `x|y` `</code>` x`y`z ` z ` `==a==` `*b*`",
    'a_b_c snake_case 2*3*4 C++ 50% ~/x -v --long #1 @user e@mail.example it\'s "quoted"',
]


def shown(html_text: str) -> list[Line]:
    return lines(html_text)


def check(pairs: list[tuple[str, str]]) -> None:
    """Each Textile and Markdown of a pair show the same."""
    for (textile, markdown), rendered in zip(pairs, redmine_html([t for t, _ in pairs]), strict=True):
        assert shown(rendered) == shown(markdown_html(markdown)), f"{textile!r}\n{markdown!r}"


def sayable(markdown: str) -> bool:
    """Markdown without opaque Textile, which a Markdown renderer shows as code."""
    return "{=textile}" not in markdown and "data-dialect" not in markdown


def test_markdown_of_textile_shows_what_redmine_shows() -> None:
    need_redmine()
    check([(textile, to_markdown(textile)) for textile in TEXTILE])


def test_textile_of_markdown_shows_what_the_markdown_shows() -> None:
    need_redmine()
    check([(to_textile(markdown), markdown) for markdown in MARKDOWN])


def test_textile_of_the_markdown_of_textile_shows_the_same() -> None:
    need_redmine()
    again = [to_textile(to_markdown(textile)) for textile in TEXTILE]
    for before, after in zip(redmine_html(TEXTILE), redmine_html(again), strict=True):
        assert shown(before) == shown(after)


def test_examples_of_redmines_help_stay_what_they_are() -> None:
    """Markup in the help pages: what comes back is shown as it was, opaque parts included."""
    need_redmine()
    examples = [
        html.unescape(re.sub(r"<[^>]+>", "", found))
        for found in re.findall(r"(?s)<pre>(.*?)</pre>", redmine_help())
    ]
    texts = [text.strip() for text in examples if text.strip() and "{{" not in text]
    assert len(texts) > 5
    again = [to_textile(to_markdown(text)) for text in texts]
    for text, before, after in zip(texts, redmine_html(texts), redmine_html(again), strict=True):
        assert shown(before) == shown(after), text


def _texts(value: Any, keys: frozenset[str]) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in keys and isinstance(inner, str) and inner.strip() and not inner.startswith("<"):
                yield inner
            else:
                yield from _texts(inner, keys)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner, keys)


def _collected(folder: str, keys: frozenset[str]) -> list[str]:
    found: set[str] = set()
    for path in sorted(need(shared_path("corpus", folder)).glob("*.json")):
        text = Path(path).read_text(encoding="utf-8")
        found.update(entry[:4000] for entry in _texts(json.loads(text), keys))
    return sorted(found)


@pytest.mark.parametrize("folder", ["openproject", "openproject-live", "trello", "clickup"])
def test_real_markdown_is_shown_the_same(folder: str) -> None:
    need_redmine()
    texts = _collected(folder, frozenset({"raw", "desc", "text_content"}))
    assert texts
    check([(to_textile(text), text) for text in texts if "<" not in text])


def test_real_texts_with_signs_of_wiki_markup_are_shown_the_same() -> None:
    """Descriptions of another tracker, whose lists, headings and emphasis are those of Textile."""
    need_redmine()
    texts = _collected("jira", frozenset({"description", "body", "comment"}))
    assert texts
    again = [to_textile(to_markdown(text)) for text in texts]
    for before, after in zip(redmine_html(texts), redmine_html(again), strict=True):
        assert shown(before) == shown(after)
