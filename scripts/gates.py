"""Every gate of the house, one line each: `python -m scripts.gates [name...]`. A gate that fails shows what it said."""

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.fernet import Fernet

ROOT = Path(__file__).resolve().parents[1]
PYTHON = sys.executable
BIN = Path(PYTHON).parent
PRODUCT = ["controlplane", "pipelines_app", "monitoring_app"]


@dataclass(frozen=True)
class Gate:
    """One command that must succeed."""

    name: str
    command: list[str]
    environment: dict[str, str] = field(default_factory=dict)


def tool(name: str, *arguments: str) -> list[str]:
    return [str(BIN / name), *arguments]


def manage(*arguments: str) -> list[str]:
    return [PYTHON, "-W", "error", "manage.py", *arguments]


def gates(folder: Path) -> list[Gate]:
    """All gates, quickest first."""
    test = {
        "DJANGO_SETTINGS_MODULE": "controlplane.settings.test",
        "DATABASE_URL": f"sqlite://{folder / 'control.sqlite3'}",
        "LOOPLINE_HOME": str(folder),
    }
    return [
        Gate("format", tool("ruff", "format", "--check", "--quiet", "--output-format=concise", ".")),
        Gate("lint", tool("ruff", "check", "--output-format=concise", ".")),
        Gate("house rules", [PYTHON, "-m", "scripts.house"]),
        Gate("arrows", tool("lint-imports")),
        Gate("compose", tool("check-jsonschema", "--builtin-schema", "vendor.compose-spec", "compose.yaml")),
        Gate("migrations", manage("makemigrations", "--check", "--dry-run"), test),
        Gate("deployment", manage("check", "--deploy", "--fail-level", "WARNING"), production(folder)),
        Gate("API schema", manage("spectacular", "--validate", "--fail-on-warn", "--file", os.devnull), test),
        Gate("bandit", tool("bandit", "-q", "-c", "pyproject.toml", "-r", *PRODUCT)),
        Gate("types", tool("mypy"), test),
    ]


def production(folder: Path) -> dict[str, str]:
    """The variables production asks for; nothing is connected to."""
    return {
        "DJANGO_SETTINGS_MODULE": "controlplane.settings.production",
        "SECRET_KEY": "a-key-for-the-check-alone-" + Fernet.generate_key().decode(),
        "VAULT_KEYS": Fernet.generate_key().decode(),
        "DATABASE_URL": "postgresql://loopline:secret@127.0.0.1:5432/loopline",
        "REDIS_URL": "redis://127.0.0.1:6379/0",
        "LOOPLINE_LAKE": str(folder / "lake"),
        "LOOPLINE_URL": "https://loopline.example",
        "ALLOWED_HOSTS": "loopline.example",
        "EMAIL_URL": "smtp://user:secret@mail.example:587",
    }


def passes(gate: Gate) -> bool:
    """Run one gate and say how it went."""
    started = time.monotonic()
    print(f"{gate.name:<12} ", end="", flush=True)
    done = subprocess.run(
        gate.command, cwd=ROOT, env=os.environ | gate.environment, capture_output=True, text=True, check=False
    )
    print(f"{'ok' if done.returncode == 0 else 'FAILED':<6} {time.monotonic() - started:5.1f} s", flush=True)
    if done.returncode:
        print(done.stdout + done.stderr, flush=True)
    return done.returncode == 0


def main(names: list[str]) -> int:
    with tempfile.TemporaryDirectory(prefix="loopline-gates-") as folder:
        chosen = [gate for gate in gates(Path(folder)) if not names or gate.name in names]
        failed = [gate.name for gate in chosen if not passes(gate)]
    if failed:
        print(f"{len(failed)} of {len(chosen)} gates failed: {', '.join(failed)}")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
