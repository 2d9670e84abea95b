"""Two providers kept in step: observe both sides, plan (pure), apply, remember what was agreed.

For each pair of items the state holds what each side said after the last write, in that side's own terms. A
change is a difference of a side from its own snapshot, so that what got lost on the way through another
system is never taken for an edit, and no write comes back as an echo.
"""
