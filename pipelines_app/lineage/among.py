"""Many numbers as one value of a statement: Django goes through each number of an `__in` again and again."""

import json
from collections.abc import Iterable
from typing import Any

from django.db.models import Value

SPREAD = {
    "postgresql": "(SELECT unnest(%s::bigint[]))",
    "sqlite": "(SELECT value FROM json_each(%s))",
}


class Among(Value):
    """Stands where the numbers of an `__in` would: `filter(pk__in=Among(numbers))`."""

    def __init__(self, numbers: Iterable[int]) -> None:
        super().__init__(list(numbers))

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        """One place in the text, and everything in it."""
        given = self.value if connection.vendor == "postgresql" else json.dumps(self.value)
        return SPREAD[connection.vendor], [given]
