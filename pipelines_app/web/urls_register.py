"""Pages for registering a pipeline."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
