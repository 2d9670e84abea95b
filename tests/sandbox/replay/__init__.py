"""Replays recorded exchanges with a real OpenProject 12.0 against the sandbox and compares the answers.

`python -m tests.sandbox.replay [FILE...]` prints matched/total per file and the first differences.
"""
