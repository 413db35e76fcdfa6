"""Production: PostgreSQL, Redis and Celery workers; every secret from the environment."""

from django.core.exceptions import ImproperlyConfigured

from controlplane import logs
from controlplane.settings import environment as env
from controlplane.settings.base import *

DEBUG = False
SECRET_KEY = env.text("SECRET_KEY")
if len(SECRET_KEY) < 50 or SECRET_KEY.startswith("only-for-tests"):
    raise ImproperlyConfigured(
        "SECRET_KEY is a default or shorter than 50 characters: make one with `openssl rand -base64 48`."
    )
VAULT_KEYS = env.text("VAULT_KEYS").split(",")
ALLOWED_HOSTS = env.text("ALLOWED_HOSTS").split(",")
DATABASES = {"default": env.database("DATABASE_URL", env.text("DATABASE_URL"))}
REDIS_URL = env.text("REDIS_URL")
PUBLIC_URL = env.text("LOOPLINE_URL")
WAKE = "controlplane.celery.ring"
ENGINE_WARMED = True

BEHIND_TLS = PUBLIC_URL.startswith("https://")
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_TLS else None
SECURE_SSL_REDIRECT = BEHIND_TLS
SECURE_REDIRECT_EXEMPT = [r"^livez$", r"^readyz$", r"^metrics$"]
SECURE_HSTS_SECONDS = 31_536_000 if BEHIND_TLS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = BEHIND_TLS
SECURE_HSTS_PRELOAD = BEHIND_TLS
SESSION_COOKIE_SECURE = BEHIND_TLS
CSRF_COOKIE_SECURE = BEHIND_TLS

STATIC_ROOT = ROOT / "staticfiles"
WHITENOISE_USE_FINDERS = False
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
LOGGING = logs.configuration(as_json=True)
