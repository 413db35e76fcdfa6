"""Embedded mode on one's own machine: SQLite, worker threads in the same process, a local lake, no other service."""

from controlplane import local
from controlplane.settings.base import *

DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]"]
SECRET_KEY = local.kept_secret(VAR / "secret.key")
VAULT_KEYS = [local.kept_fernet_key(VAR / "vault.key")]
