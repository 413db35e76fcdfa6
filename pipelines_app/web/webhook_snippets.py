"""What a supplier needs to send to a webhook: an example body, and how to prove it with curl and Python. Pure."""

import json

from pipelines_app.compiler.definition import Column, Format, Source
from pipelines_app.intake.accepting import EXAMPLES
from pipelines_app.models import SignatureKind

_VALUES = {"BOOLEAN": True, "DATE": "2013-02-08", "TIME": "07:00:00"}


def example_body(source: Source) -> str:
    """A body with one row that fits the columns."""
    row = {column.name: _example(column) for column in source.columns}
    if source.format is not Format.JSONL:
        delimiter = "\t" if source.format is Format.TSV else source.delimiter
        lines = [delimiter.join(row), delimiter.join(str(value) for value in row.values())]
        return "\n".join(lines if source.header else lines[1:]) + "\n"
    payload: dict[str, object] = {"records": [row]}
    period = EXAMPLES.get(source.period)
    return json.dumps({"period": period, **payload} if period else payload, indent=2)


def _example(column: Column) -> object:
    kind = column.type.upper()
    if kind.startswith("TIMESTAMP"):
        return "2013-02-08T05:00:00"
    if kind.startswith(("DECIMAL", "DOUBLE", "FLOAT", "REAL")):
        return 1.5
    if "INT" in kind:
        return 1
    return _VALUES.get(kind, "text")


def snippets(url: str, source: Source, signature: str) -> dict[str, str]:
    """Commands to copy; both prove the very bytes they send as the webhook asks."""
    is_records = source.format is Format.JSONL
    period = EXAMPLES.get(source.period, "")
    given = {
        "@URL@": url + ("" if is_records or not period else f"?period={period}"),
        "@KIND@": "application/json" if is_records else "application/octet-stream",
        "@BODY@": example_body(source) if is_records else f"FILE.{source.format}",
    }
    bodies = (_CURL_RECORDS, _PYTHON_RECORDS) if is_records else (_CURL_FILE, _PYTHON_FILE)
    curl, python = (body + proof for body, proof in zip(bodies, _PROOFS[signature], strict=True))
    return {"curl": _filled(curl, given), "python": _filled(_IMPORTS[signature] + python, given)}


def _filled(text: str, given: dict[str, str]) -> str:
    for mark, value in given.items():
        text = text.replace(mark, value)
    return text


_CURL_RECORDS = "cat > body <<'END'\n@BODY@\nEND\n"
_CURL_FILE = "cp @BODY@ body\n"
_CURL_STANDARD = """id=$(openssl rand -hex 16); at=$(date +%s)
key=$(printf %s "${WEBHOOK_SECRET#whsec_}" | base64 -d | od -An -v -tx1 | tr -d ' \\n')
signature=$( (printf '%s.%s.' "$id" "$at"; cat body) |
  openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | base64)
curl --fail-with-body -X POST "@URL@" \\
  -H "Content-Type: @KIND@" \\
  -H "webhook-id: $id" -H "webhook-timestamp: $at" \\
  -H "webhook-signature: v1,$signature" \\
  --data-binary @body
"""
_CURL_GITHUB = """signature=$(openssl dgst -sha256 -hmac "$WEBHOOK_SECRET" -r body | cut -d ' ' -f 1)
curl --fail-with-body -X POST "@URL@" \\
  -H "Content-Type: @KIND@" \\
  -H "X-GitHub-Delivery: $(openssl rand -hex 16)" \\
  -H "X-Hub-Signature-256: sha256=$signature" \\
  --data-binary @body
"""
_CURL_BEARER = """curl --fail-with-body -X POST "@URL@" \\
  -H "Content-Type: @KIND@" \\
  -H "Idempotency-Key: $(openssl rand -hex 16)" \\
  -H "Authorization: Bearer $WEBHOOK_SECRET" \\
  --data-binary @body
"""

_PYTHON_RECORDS = 'body = """@BODY@""".encode()\n'
_PYTHON_FILE = 'body = Path("@BODY@").read_bytes()\n'
_PYTHON_SEND = """print(urllib.request.urlopen(request).read().decode())
"""
_PYTHON_STANDARD = (
    """message, now = str(uuid.uuid4()), datetime.now(UTC)
signature = Webhook(os.environ["WEBHOOK_SECRET"]).sign(message, now, body.decode())
request = urllib.request.Request("@URL@", data=body, headers={
    "Content-Type": "@KIND@",
    "webhook-id": message,
    "webhook-timestamp": str(int(now.timestamp())),
    "webhook-signature": signature,
})
"""
    + _PYTHON_SEND
)
_PYTHON_GITHUB = (
    """signature = hmac.new(os.environ["WEBHOOK_SECRET"].encode(), body, hashlib.sha256).hexdigest()
request = urllib.request.Request("@URL@", data=body, headers={
    "Content-Type": "@KIND@",
    "X-GitHub-Delivery": str(uuid.uuid4()),
    "X-Hub-Signature-256": f"sha256={signature}",
})
"""
    + _PYTHON_SEND
)
_PYTHON_BEARER = (
    """request = urllib.request.Request("@URL@", data=body, headers={
    "Content-Type": "@KIND@",
    "Idempotency-Key": str(uuid.uuid4()),
    "Authorization": f"Bearer {os.environ['WEBHOOK_SECRET']}",
})
"""
    + _PYTHON_SEND
)
_SHARED = "import os\nimport urllib.request\nimport uuid\n"
_IMPORTS: dict[str, str] = {
    SignatureKind.STANDARD: _SHARED
    + "from datetime import UTC, datetime\nfrom pathlib import Path\n\n"
    + "from standardwebhooks import Webhook  # pip install standardwebhooks\n\n",
    SignatureKind.GITHUB: "import hashlib\nimport hmac\n" + _SHARED + "from pathlib import Path\n\n",
    SignatureKind.BEARER: _SHARED + "from pathlib import Path\n\n",
}
_PROOFS: dict[str, tuple[str, str]] = {
    SignatureKind.STANDARD: (_CURL_STANDARD, _PYTHON_STANDARD),
    SignatureKind.GITHUB: (_CURL_GITHUB, _PYTHON_GITHUB),
    SignatureKind.BEARER: (_CURL_BEARER, _PYTHON_BEARER),
}
