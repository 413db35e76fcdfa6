"""Our runs told to others, as OpenLineage events: written beside what happened, sent in order, again until taken."""
