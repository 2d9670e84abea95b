"""A provider over a folder of Markdown files."""

from pm_plainfiles.provider import PlainFilesProvider

__all__ = ["PlainFilesProvider"]
