"""The door for WSGI servers."""

import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

from pipelines_app import wake

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "controlplane.settings.production")
application = get_wsgi_application()
# All that requests need is loaded before the first of them, and once for all processes that are copies of this one.
get_resolver().check()
wake.load()
