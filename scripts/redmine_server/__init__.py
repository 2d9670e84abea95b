"""Starts and stops Redmine servers for tests: Debian's package, and nothing but Python's own library.

`machine` says what is missing and installs the package, `instance` makes the folder one server lives in,
`database` makes what it starts with, `servers` starts, finds and stops them, `cli` is the command line.
"""
