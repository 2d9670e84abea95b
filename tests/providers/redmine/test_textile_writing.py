"""What Markdown becomes in Textile, and that it comes back."""

from __future__ import annotations

import pytest

from pm_providers.providers.redmine.mapping.textile import to_markdown, to_textile
from pm_providers.text import parse_markdown

G = "<notextile></notextile>"


@pytest.mark.parametrize(
    ("markdown", "textile"),
    [
        ("foo**bar**baz", f"foo{G}*bar*{G}baz"),
        ("日**本**語", f"日{G}*本*{G}語"),
        ("a *b*, **c**.", "a _b_, *c*."),
        ("***x***", "_*x*_"),
        ("\\*x\\* \\_y\\_", "&#42;x* &#95;y_"),
        ("h1. no heading", "p. h1. no heading"),
        ("\\# no list", "p. # no list"),
        ("\\> no quote", "p. > no quote"),
        ("a\n\\* b\n\\# c", "a \n&#42; b \n&#35; c"),
        ('"x":http://a.bc', '"x&quot;:http://a.bc'),
        ("\\`code\\` @x@ end", "`code` &#64;x@ end"),
        ("see `a@b` x`y`z", "see <code>a@b</code> x<code>y</code>z"),
        ("`</code>`", "p. <code><\u200b/code></code>"),
        ("```\n</pre>\n```", "<pre>\n<\u200b/pre>\n</pre>"),
        ("[rel](page.md)", "[rel](page.md)"),
        ("[**b** c](http://a.bc)", f'"{G}*b* c":http://a.bc'),
        ("[a](http://a.bc/(d))", '"a":http://a.bc/(d)'),
        ("[a](http://a.bc)s", f'"a":http://a.bc{G}s'),
        ('![alt](http://a.bc/i.png "tip")', "!http://a.bc/i.png(alt)!<!--title tip-->"),
        ("5. five\n6. six", "# <!--5.-->five\n# six"),
        ("- a\n\n  b", "* a\n&nbsp;\nb"),
        ("- a\n\n  > b", "* a\n&gt; b"),
        ("- a\n  - b", "* a\n** b"),
        ("- # t", '* <pre><code class="=markdown">\n# t\n</code></pre>'),
        ("> # t\n>\n> - a", "> h1. t\n>\n> * a"),
        ("<div>\nx\n</div>", '<pre><code class="=html">\n<div>\nx\n</div>\n</code></pre>'),
        ("```{=adf}\n{}\n```", '<pre><code class="=adf">\n{}\n</code></pre>'),
        ("a <x-y> b", "a <!--html &#60;x-y&#62;--> b"),
        ("| a |\n| - |\n| x\\|y |", "|_. a |\n| x&#124;y |"),
        ("| a |\n| - |\n| `x\\|y` |", "|_. a |\n| <code>x|y</code> |"),
        ("&amp;amp; \\&lt;", "&amp;amp; &amp;lt;"),
        ("x%x%", "x&#37;x%"),
    ],
)
def test_markdown_is_written(markdown: str, textile: str) -> None:
    assert to_textile(markdown) == textile
    assert parse_markdown(to_markdown(textile)) == parse_markdown(markdown)


@pytest.mark.parametrize(
    ("markdown", "back"),
    [
        ("[a\nb](http://a.bc)", "[a b](http://a.bc)"),
        ("- a\n  - b\n\n  c", "- a\n  - b\n\n    c"),
        ("x<sub>a<sub>b</sub></sub>", "x<sub>ab</sub>"),
        ("- a\n  - b\n  + c", "- a\n  - b\n  - c"),
    ],
)
def test_named_losses(markdown: str, back: str) -> None:
    assert to_markdown(to_textile(markdown)) == back
    assert parse_markdown(back) != parse_markdown(markdown)
