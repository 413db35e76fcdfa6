"""The addresses of webhooks."""

from django.urls import path

from pipelines_app.api import hooks

app_name = "hooks"

urlpatterns = [
    path("<slug:public_id>", hooks.receive, name="receive"),
]
