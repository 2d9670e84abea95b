"""Markdown in and out: the two ends of this package that providers use.

`parse_markdown(render_markdown(tree)) == normalise(tree)` for every tree, and rendering what was parsed
changes only the spelling: the text is stable after one pass. What Markdown has no sign for is HTML (`<u>`,
`<sub>`, `<sup>`, `<span style="color: red">`); markup of other dialects travels in code spans and fences
marked `{=dialect}`, the notation that Pandoc made known.
"""

from __future__ import annotations

from pm_providers.text.normal_blocks import normalise
from pm_providers.text.reading import MAX_CHARACTERS, parse_markdown
from pm_providers.text.writing import render_markdown

__all__ = ["MAX_CHARACTERS", "normalise", "parse_markdown", "render_markdown"]
