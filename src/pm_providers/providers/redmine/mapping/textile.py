"""Textile, as Redmine understands it, to Markdown and back.

Redmine's Textile is RedCloth3 with changes of its own ([code] lib/redmine/wiki_formatting/textile). Both
ways go over the document of `pm_providers.text`, and are stable: a text that went there and back once does
not change any more.

Line ends: RedCloth shows every line end in a paragraph as a break, so that it is a hard break in Markdown.
A soft break of Markdown is written as a space and a line end: Redmine shows a break there, too, and the two
stay apart.

Texts that mean something to Redmine and nothing to Markdown stay the texts they are, in both: `#123`,
`[[Page]]`, `{{toc}}`, `version:"1.0"`, `commit:…`, `user:…`, `@login`, `!#123`, footnotes (`text[1]`,
`fn1.`) and abbreviations (`API(…)`, of which Redmine shows the brackets as a tooltip).

What Markdown cannot say is opaque, of the dialect `textile`, and comes back unchanged: attributes of
blocks, lists and spans (`p(class). `, `*{color:red}a*`), `??cite??`, tables with joined cells or row
headings, macros of several lines; and a span that overlaps an opaque one, together with it.

What Textile cannot say has forms that Redmine shows sensibly and that read back as the same Markdown:

- spans inside of words stand between empty `<notextile>`; characters that would be markup are entities;
- other paragraphs of a list item follow a line `&nbsp;`; quotes in it are lines that start with `&gt; `;
  rules are `---`; tables and headings in it are shown as their Markdown, in a code block of the class
  `=markdown`;
- tasks are items that start with `[ ] ` or `[x] `;
- HTML blocks and opaque markup of other dialects are code of the class `=html`, `=adf`, ...; single HTML
  tags, titles of images and the first number of a list are kept in comments, which Redmine does not show;
- links and images with addresses that Textile takes for text stay in Markdown's form: `[text](page.md)`;
- `<pre>` and `</pre>` inside of code have a zero-width space, which reading takes away.

What is lost or moved on the way to Textile, and nothing else:

- line ends in the text of a link become spaces;
- a mark inside of its own kind (a subscript in a subscript, a colour in a colour) leaves its text there;
- text (or anything else but a list) that follows a list inside a list item goes to the end of that list's
  last item;
- neighbouring lists of one kind inside a list item become one list;
- an opaque text of the dialect `textile` is what the Textile in it says;
- control characters, which Redmine does not show, may go.

Redmine shows several blank lines in code as one; they stay in the text.
"""

from __future__ import annotations

from pm_providers.providers.redmine.mapping.textile_reading import read_textile
from pm_providers.providers.redmine.mapping.textile_writing import write_textile
from pm_providers.text import parse_markdown, render_markdown

__all__ = ["to_markdown", "to_textile"]


def to_markdown(textile: str) -> str:
    """Markdown of a Textile text. Never fails: what is no markup is text."""
    return render_markdown(read_textile(textile))


def to_textile(markdown: str) -> str:
    """Textile of a Markdown text, in forms that read back as the same document; see above for the losses."""
    return write_textile(parse_markdown(markdown))
