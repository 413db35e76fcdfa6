"""The pages for knowing and bringing."""
