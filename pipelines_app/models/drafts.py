"""Definitions that are still being written."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from pipelines_app.models.access import User
from pipelines_app.models.definitions import Pipeline
from pipelines_app.models.ordered import OrderedJSONField


class Draft(models.Model):
    """A definition somebody is writing in the form, kept between its pages; registering it makes a revision."""

    author = models.ForeignKey(User, models.CASCADE, related_name="drafts")
    pipeline = models.ForeignKey(Pipeline, models.CASCADE, null=True, related_name="drafts")
    document = OrderedJSONField(default=dict, help_text="The definition so far; it need not be valid yet.")
    samples = OrderedJSONField(default=dict, help_text="Per source: {place, name} of a file to try it on.")
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"draft {self.pk} by {self.author}"
