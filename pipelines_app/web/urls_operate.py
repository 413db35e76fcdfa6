"""Pages for operating: pipelines, runs, events."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
