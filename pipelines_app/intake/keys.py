"""The keys to a bucket: given once, sealed, and never shown again."""

import json

from django.db import transaction
from django.utils import timezone

from pipelines_app import locks, vault
from pipelines_app.errors import IllegalMove
from pipelines_app.models import DropSource, DropTaken

LONGEST = 500


@transaction.atomic
def give(source: DropSource, *, key: str, secret: str) -> None:
    """Keep the keys to a drop's bucket, or none where both are empty, and look there again; raises IllegalMove."""
    held = locks.held(DropSource.objects.filter(pk=source.pk)).get()
    if not held.url.startswith("s3://"):
        raise IllegalMove("A local folder takes no keys.", todo="Declare a bucket: its address begins with s3://.")
    if bool(key) != bool(secret) or len(key) > LONGEST or len(secret) > LONGEST:
        raise IllegalMove("The keys are not whole.", todo="Give the access key and its secret, or neither.")
    held.credentials = vault.seal(json.dumps({"key": key, "secret": secret})) if key else ""
    held.next_look = timezone.now()
    held.save(update_fields=["credentials", "next_look"])


@transaction.atomic
def look_again(source: DropSource) -> None:
    """Have a drop looked at as soon as somebody can, also at the files that were refused there."""
    held = locks.held(DropSource.objects.filter(pk=source.pk)).get()
    DropTaken.objects.filter(source=held).ask_again()
    held.next_look = timezone.now()
    held.save(update_fields=["next_look"])
