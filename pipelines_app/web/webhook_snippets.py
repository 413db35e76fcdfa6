"""What a supplier needs to send to a webhook: an example body, and how to sign it with curl and Python. Pure."""

import json

from pipelines_app.compiler.definition import Column, Format, Source
from pipelines_app.intake.accepting import EXAMPLES

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


def snippets(url: str, source: Source) -> dict[str, str]:
    """Commands to copy; both sign the very bytes they send."""
    is_records = source.format is Format.JSONL
    kind = "application/json" if is_records else "application/octet-stream"
    period = EXAMPLES.get(source.period, "")
    query = "" if is_records or not period else f"?period={period}"
    body = example_body(source) if is_records else f"FILE.{source.format}"
    texts = (_CURL_RECORDS, _PYTHON_RECORDS) if is_records else (_CURL_FILE, _PYTHON_FILE)
    curl, python = (
        text.replace("@URL@", url + query).replace("@KIND@", kind).replace("@BODY@", body) for text in texts
    )
    return {"curl": curl, "python": python}


_CURL_SIGN = """id=$(openssl rand -hex 16); at=$(date +%s)
key=$(printf %s "${WEBHOOK_SECRET#whsec_}" | base64 -d | od -An -v -tx1 | tr -d ' \n')
signature=$( (printf '%s.%s.' "$id" "$at"; cat body) |
  openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | base64)
curl --fail-with-body -X POST "@URL@" \\
  -H "Content-Type: @KIND@" \\
  -H "webhook-id: $id" -H "webhook-timestamp: $at" \\
  -H "webhook-signature: v1,$signature" \\
  --data-binary @body
"""
_CURL_RECORDS = "cat > body <<'END'\n@BODY@\nEND\n" + _CURL_SIGN
_CURL_FILE = "cp @BODY@ body\n" + _CURL_SIGN

_PYTHON_SEND = """
message, now = str(uuid.uuid4()), datetime.now(UTC)
signature = Webhook(os.environ["WEBHOOK_SECRET"]).sign(message, now, body)
request = urllib.request.Request("@URL@", data=body.encode(), headers={
    "Content-Type": "@KIND@",
    "webhook-id": message,
    "webhook-timestamp": str(int(now.timestamp())),
    "webhook-signature": signature,
})
print(urllib.request.urlopen(request).read().decode())
"""
_PYTHON_IMPORTS = """import os
import urllib.request
import uuid
from datetime import UTC, datetime
from pathlib import Path

from standardwebhooks import Webhook  # pip install standardwebhooks
"""
_PYTHON_RECORDS = _PYTHON_IMPORTS.replace("from pathlib import Path\n", "") + '\nbody = """@BODY@"""' + _PYTHON_SEND
_PYTHON_FILE = _PYTHON_IMPORTS + '\nbody = Path("@BODY@").read_text(encoding="utf-8")' + _PYTHON_SEND
