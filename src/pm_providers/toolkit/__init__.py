"""What providers of HTTP systems share: checked settings, caches, lists that shift, changes by sweeping.

Nothing here knows a vendor. A provider of a third party may use it as those of this package do.
"""
