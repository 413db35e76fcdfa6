"""Registering and editing a pipeline in a form: one module for each page."""
