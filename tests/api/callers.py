"""Callers of the API: each a token's owner, with what they send and what they are answered."""

from django.test import Client

from pipelines_app.access import tokens

V1 = "/api/v1"


class Caller:
    """One person's token and the requests made with it; without a person, nobody."""

    def __init__(self, user=None, *, can_write=True):
        headers = {}
        if user is not None:
            _, secret = tokens.issue(user, name="test", can_write=can_write)
            headers["Authorization"] = f"Bearer {secret}"
        self.user = user
        self._client = Client(headers=headers)

    def get(self, path, *, headers=None, **query):
        address = path if path.startswith("http") else V1 + path
        return self._client.get(address, query, headers=headers)

    def post(self, path, body=None, *, headers=None):
        return self._client.post(V1 + path, body or {}, content_type="application/json", headers=headers)

    def put(self, path, body, *, kind="application/json", headers=None):
        return self._client.put(V1 + path, body, content_type=kind, headers=headers)

    def text(self, path, body, *, kind, headers=None):
        return self._client.post(V1 + path, body, content_type=kind, headers=headers)

    def send(self, dataset, body, *, query="", kind="text/csv", headers=None):
        """Send a file to a dataset."""
        return self._client.post(
            f"{V1}/datasets/{dataset}/arrivals{query}", data=body, content_type=kind, headers=headers
        )


def refused(answer, status, code):
    """The problem that an answer is, once it is known to be the right one."""
    assert answer.status_code == status, answer.content
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert problem["code"] == code, problem
    assert problem["detail"]
    assert problem["reference"]
    return problem
