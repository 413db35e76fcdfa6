"""Pages for knowing and bringing: sign-in, datasets, lineage, checks, arrivals, teams."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
