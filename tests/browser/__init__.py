"""How pages are watched and judged."""
