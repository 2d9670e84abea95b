"""What Textile means in Markdown."""

from __future__ import annotations

import pytest

from pm_providers.providers.redmine.mapping.textile import to_markdown, to_textile

SAME_BACK = [
    ("h1. Title\n\nh6. Small", "# Title\n\n###### Small"),
    ("one\ntwo \nthree", "one\\\ntwo\nthree"),
    (
        "*bold* _em_ -del- +ins+ ^sup^ ~sub~ @code@",
        "**bold** *em* ~~del~~ <u>ins</u> <sup>sup</sup> <sub>sub</sub> `code`",
    ),
    ("%{color:red}x%", '<span style="color: red">x</span>'),
    ('"text":http://a.bc, "t(tip)":/wiki/x.', '[text](http://a.bc), [t](/wiki/x "tip").'),
    ("!http://a.bc/i.png(alt)! !i.png!:http://a.bc", "![alt](http://a.bc/i.png) [![](i.png)](http://a.bc)"),
    ("* a\n** b\n## c\n* d", "- a\n  - b\n  1. c\n- d"),
    ("# a\n# b", "1. a\n2. b"),
    ("* [ ] open\n* [x] done", "- [ ] open\n- [x] done"),
    ("> a\n>\n> > b\n>\n> * c", "> a\n>\n> > b\n>\n> - c"),
    ("|_. a |_>. b |\n| 1 |>. 2 |", "| a | b |\n| --- | --: |\n| 1 | 2 |"),
    ("| a | [[W|x]] |", "| | |\n| --- | --- |\n| a | [[W\\|x]] |"),
    ("<pre>\nplain <b>\n</pre>", "```\nplain <b>\n```"),
    ('<pre><code class="ruby">\nputs 1\n</code></pre>', "```ruby\nputs 1\n```"),
    ("---", "---"),
    ("p(cls). text", "```{=textile}\np(cls). text\n```"),
    ("p>. right", "```{=textile}\np>. right\n```"),
    ("|\\2. wide |\n| a | b |", "```{=textile}\n|\\2. wide |\n| a | b |\n```"),
    ("|/2. tall | a |\n| b |", "```{=textile}\n|/2. tall | a |\n| b |\n```"),
    ("|_. head | a |\n|_. row | b |", "```{=textile}\n|_. head | a |\n|_. row | b |\n```"),
    ("some *(cls) attributed* text", "some `*(cls) attributed*`{=textile} text"),
    ("??cite?? and %x%", "`??cite??`{=textile} and `%x%`{=textile}"),
    ("!>{width:10px}i.png!", "`!>{width:10px}i.png!`{=textile}"),
    ("{{collapse(More)\n* a\n\nb\n}}", "```{=textile}\n{{collapse(More)\n* a\n\nb\n}}\n```"),
    ("word[1]\n\nfn1. note", "word[1]\n\nfn1. note"),
    ("Press <kbd>Ctrl</kbd> <!-- hidden --> x", "Press <kbd>Ctrl</kbd> <!-- hidden --> x"),
    ("foo<notextile></notextile>*bar*<notextile></notextile>baz", "foo**bar**baz"),
]


@pytest.mark.parametrize(("textile", "markdown"), SAME_BACK)
def test_textile_is_read_and_comes_back_as_it_was(textile: str, markdown: str) -> None:
    assert to_markdown(textile) == markdown
    assert to_textile(markdown) == textile


@pytest.mark.parametrize(
    ("textile", "markdown"),
    [
        ("**b** __i__", "**b** *i*"),
        ("bq. quoted", "> quoted"),
        ("text\n* a\n* b", "text\n\n- a\n- b"),
        ("text\n> quote", "text\n\n> quote"),
        ("* a\nmore\n* b", "- a\\\n  more\n- b"),
        ("p. * no list", "\\* no list"),
        ("a *b\nc* d", "a **b\\\nc** d"),
        ("text\n<pre>\ncode\n</pre>\nafter", "text\n\n```\ncode\n```\n\nafter"),
        ("* a\n<pre>\ncode\n\nmore\n</pre>\n* b", "- a\n  ```\n  code\n\n  more\n  ```\n- b"),
        ("<b>shown</b>", "\\<b>shown\\</b>"),
        ("<notextile>*raw*</notextile>", "\\*raw\\*"),
        ("==*x*==", "**x**"),  # RedCloth's `==` keeps tags from being escaped, no more
        ("no*bold*here a_b_c", "no\\*bold\\*here a_b_c"),
        ("@a < b & c@", "`a < b & c`"),
        ("&eacute; &#42;x*", "é \\*x\\*"),
        ('"no link":foo.html', '"no link":foo.html'),
        ('"evil":javascript:alert(1)', '"evil":javascript:alert(1)'),
        ('("in":http://a.bc/x)', "([in](http://a.bc/x))"),
        ("para\n\n   indented", "para\n\n```\nindented\n```"),
        ("* a\n\n  more\n* b", "- a\n\n  more\n\n- b"),
        ("|a|b|\n|c\nd|e|", "| | |\n| --- | --- |\n| a | b |\n| c<br>d | e |"),
        ("|_. h |\n|>. r |", "| h |\n| --: |\n| r |"),
        ("a\r\nb\r\n\r\nc", "a\\\nb\n\nc"),
        ("* a _b* c_", None),
        ("<pre>never closed\n\nh1. x", "```\nnever closed\n\nh1. x\n```"),
        ("a & b &amp; c", "a & b & c"),
        ("", ""),
        (" \n\n ", ""),
    ],
)
def test_textile_is_read(textile: str, markdown: str | None) -> None:
    read = to_markdown(textile)
    if markdown is not None:
        assert read == markdown
    assert to_markdown(to_textile(read)) == read


def test_spans_that_overlap_end_where_browsers_end_them() -> None:
    assert to_markdown("*a _b* c_") == "**a *b*** *c*"


@pytest.mark.parametrize(
    "unit",
    [
        "*a ",
        "_a *b -c ",
        "@a ",
        "!x(",
        '"a ',
        '"a":',
        '"x":http://a.b[',
        "<pre>",
        "<pre ",
        "<!-- ",
        "{{a(",
        "{{a\n",
        "==a ",
        "](",
        "[a](",
        "* a\n",
        "|a",
        "(",
        "*(a",
        "*{a",
        "\n\n x",
        "&",
        "<a",
        "![",
        "a\n",
        "-- ",
        "_(a)_ ",
    ],
)
def test_repeated_signs_do_not_explode(unit: str) -> None:
    text = unit * (6000 // len(unit))
    assert to_markdown(text)


def test_deep_nesting_is_bounded() -> None:
    quotes = to_markdown(">" * 3000 + " deep")
    assert quotes.startswith("> > >")
    assert "deep" in quotes
    assert "deep" in to_markdown("*" * 3000 + " deep\n" + "#" * 5000 + " deeper")
    steps = "\n".join("*" * depth + f" level {depth}" for depth in range(1, 300))
    assert "level 299" in to_markdown(steps)
