"""An address of the console is the same with a slash at its end and without one."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import Resolver404, resolve
from django.utils.encoding import escape_uri_path

MACHINES = ("/api/v1/", "/hooks/")
READING = {"GET", "HEAD"}


def elsewhere(request: HttpRequest) -> HttpResponse | None:
    """Where the page is that was asked for under its other spelling; None if there is none either.

    Only for reading: what is sent is never redirected, and the API has one spelling for each address.
    """
    if request.method not in READING or request.resolver_match or request.path_info.startswith(MACHINES):
        return None
    path = request.path_info
    other = path.rstrip("/") if path.endswith("/") else f"{path}/"
    try:
        resolve(other)
    except Resolver404:
        return None
    # Built from a path that is one of ours and begins with one slash: it cannot lead to another host.
    query = request.META.get("QUERY_STRING", "")
    return redirect(escape_uri_path(other) + (f"?{query}" if query else ""))
