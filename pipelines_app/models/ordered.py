"""JSON whose keys keep their order: PostgreSQL's jsonb sorts them, and the order of columns means something."""

from __future__ import annotations

import json
from typing import Any

from django.db import models


class OrderedJSONField(models.JSONField):
    """A JSON value kept as the text it was written as; for documents that are read whole and never searched."""

    def get_internal_type(self) -> str:
        return "TextField"

    def get_db_prep_value(self, value: Any, connection: object, prepared: bool = False) -> str | None:
        return None if value is None else json.dumps(value, separators=(",", ":"))

    def from_db_value(self, value: str | None, expression: object, connection: object) -> Any:
        return None if value is None else json.loads(value)
