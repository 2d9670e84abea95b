"""One async Python interface over project-management systems, and the engine that keeps them in step."""
