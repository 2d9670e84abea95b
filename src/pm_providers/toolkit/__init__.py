"""What providers of HTTP systems share. Nothing here knows a vendor; third parties may use it too.

Modules: `options` (checked settings), `cache`, `raw` (the raw call), `listing` (lists that shift), `changes`
and `change_state` (changes by sweeping), `documents` (decoded JSON), `choices` (meanings of statuses and
priorities), `custom_fields`, `writes` (what a write did besides what was asked for).
"""
