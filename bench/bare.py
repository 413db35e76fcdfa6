"""What a webhook costs at best: a Django project of one view that checks an HMAC and inserts one row."""

import hashlib
import hmac
import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path

from bench.sending import SECRET
from controlplane.settings import environment

INSERT = "INSERT INTO bench_message (message, body) VALUES (%s, %s) RETURNING id"


def receive(request: HttpRequest) -> HttpResponse:
    """201 with the row's id for a message whose signature fits."""
    expected = hmac.new(SECRET, request.body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected, request.headers.get("X-Signature", "")):
        return JsonResponse({"error": "signature"}, status=401)
    with connection.cursor() as cursor:
        cursor.execute(INSERT, [request.headers["Webhook-Id"], request.body])
        (pk,) = cursor.fetchone()
    return JsonResponse({"id": pk}, status=201)


urlpatterns = [path("bare", receive)]

if not settings.configured:
    settings.configure(
        ALLOWED_HOSTS=["127.0.0.1"],
        DATABASES={"default": environment.database("DATABASE_URL", os.environ["DATABASE_URL"])},
        ROOT_URLCONF=__name__,
        SECRET_KEY="only for a bare view",
        USE_TZ=True,
    )
application = get_wsgi_application()
