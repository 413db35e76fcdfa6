"""For the tests: real services, quick passwords, short leases."""

from controlplane.settings.base import *

DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "testserver"]
SECRET_KEY = "only-for-tests-" + "x" * 40  # a value that no installation uses: production refuses it
VAULT_KEYS = ["MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
LEASE_SECONDS = 3
SWEEP_SECONDS = 1
WAKE = "controlplane.silent.ring"
ALERT_HOLD_SECONDS = 0
METRICS_SECONDS = 0  # every test has its own numbers
