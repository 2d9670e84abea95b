"""Several systems at once behind the one interface: by project, or one standing in for another."""

from pm_providers.service.modes.fallback import FallbackProvider, LineState, open_fallback
from pm_providers.service.modes.routing import RoutingProvider, open_routing

__all__ = ["FallbackProvider", "LineState", "RoutingProvider", "open_fallback", "open_routing"]
