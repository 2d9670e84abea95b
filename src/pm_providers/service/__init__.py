"""Use cases that take several calls, through nothing but the interface."""

from pm_providers.service.copy import copy_project
from pm_providers.service.copy_report import CopyFailure, CopyNote, CopyProgress, CopyReport, UnmatchedUser

__all__ = ["CopyFailure", "CopyNote", "CopyProgress", "CopyReport", "UnmatchedUser", "copy_project"]
