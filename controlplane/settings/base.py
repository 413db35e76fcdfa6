"""What holds in every mode. Embedded and production differ in the values below and in nothing else."""

import sys
from pathlib import Path

from controlplane import logs
from controlplane.settings import environment as env

ROOT = Path(__file__).resolve().parents[2]
VAR = Path(env.text("LOOPLINE_HOME", str(ROOT / "var")))

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "pipelines_app",
    "monitoring_app",
    "controlplane",
]

MIDDLEWARE = [
    "controlplane.middleware.security_headers",
    "controlplane.middleware.no_nul",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.common.CommonMiddleware",
    "controlplane.middleware.suppliers",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "controlplane.middleware.viewer_zone",
    "controlplane.middleware.DatabaseAway",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

APPEND_SLASH = False  # controlplane.addresses does it, both ways and for reading alone
ROOT_URLCONF = "controlplane.urls"
WSGI_APPLICATION = "controlplane.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates"],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "controlplane.navigation.frame",
            ],
            "builtins": ["pipelines_app.web.tags"],
        },
    }
]

AUTH_USER_MODEL = "pipelines_app.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "console:sign-in"
LOGIN_REDIRECT_URL = "monitoring:today"
LOGOUT_REDIRECT_URL = "console:sign-in"
SESSION_COOKIE_AGE = 14 * 24 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False

STATIC_URL = "static/"
STATICFILES_DIRS = [ROOT / "static"]
STATIC_ROOT: Path | None = None  # served from where they are; production collects them
WHITENOISE_USE_FINDERS = True

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATA_UPLOAD_MAX_MEMORY_SIZE = 6 << 20
FILE_UPLOAD_HANDLERS = ["pipelines_app.web.uploading.LakeUploadHandler"]

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "pipelines_app.api.authentication.TokenAuthentication",
        "pipelines_app.api.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": [
        "pipelines_app.api.authentication.SignedInMayReadTokensMayWrite",
        "pipelines_app.api.strictness.CommandsTakeNoOthers",
    ],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["pipelines_app.api.parsers.Json"],
    "DEFAULT_PAGINATION_CLASS": "pipelines_app.api.paging.KeysetPagination",
    "DEFAULT_FILTER_BACKENDS": ["pipelines_app.api.strictness.StrictFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "pipelines_app.api.problems.answer",
    "PAGE_SIZE": 50,
    "URL_FORMAT_OVERRIDE": None,  # ?format= is a download's
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Loopline",
    "DESCRIPTION": "The control plane for data pipelines, as an API. Errors are application/problem+json.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["pipelines_app.api.authentication.SignedInMayReadTokensMayWrite"],
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "pipelines_app.api.schema.tell_of_problems",
    ],
    "ENUM_NAME_OVERRIDES": {
        "AlertState": "monitoring_app.models.AlertState",
        "AlertUrgency": "monitoring_app.models.AlertUrgency",
        "AnomalyLabel": "monitoring_app.models.AnomalyLabel",
        "AnomalySource": "monitoring_app.models.AnomalySource",
        "AnomalyState": "monitoring_app.models.AnomalyState",
        "ArrivalState": "pipelines_app.models.ArrivalState",
        "BackfillMode": "pipelines_app.models.BackfillMode",
        "ChannelKind": "monitoring_app.models.ChannelKind",
        "HearerKind": "monitoring_app.api.channels.HEARER_CHOICES",
        "JudgementState": "monitoring_app.models.JudgementState",
        "LineageKind": "pipelines_app.api.serializers.lineage.WAYS",
        "BackfillState": "pipelines_app.models.BackfillState",
        "DeliveryState": "pipelines_app.models.DeliveryState",
        "NotificationState": "monitoring_app.models.NotificationState",
        "ExpectationKind": "monitoring_app.api.expectation_shapes.KINDS",
        "ExpectationPolicy": "monitoring_app.models.ExpectationPolicy",
        "ExpectationState": "monitoring_app.models.ExpectationState",
        "ProfileState": "monitoring_app.models.ProfileState",
        "RunState": "pipelines_app.models.RunState",
        "Severity": "pipelines_app.models.Severity",
        "SlaKind": "monitoring_app.models.sla.KINDS",
        "SlaState": "monitoring_app.models.SlaState",
        "SignatureKind": "pipelines_app.models.SignatureKind",
        "HabitState": "pipelines_app.models.HabitState",
        "SlotState": "pipelines_app.models.SlotState",
        "StepState": "pipelines_app.models.StepState",
        "AlertVerdict": "monitoring_app.models.Verdict",
        "VersionState": "pipelines_app.models.VersionState",
    },
}

# The two wires between the parts: who hears events, and how work is woken.
EVENT_CONSUMERS = {
    "readiness": "pipelines_app.intake.readiness.hear",
    "backfills": "pipelines_app.intake.coalescing.hear",
    "ledger": "pipelines_app.intake.ledger.hear",
    "alerts": "monitoring_app.reactions.hear",
    "openlineage": "monitoring_app.openlineage.outbox.hear",
    "promises": "monitoring_app.slas.foreseeing.hear",
    "profiles": "monitoring_app.profiling.pending.hear",
    "expectations": "monitoring_app.expectations.hearing.hear",
    "judgements": "monitoring_app.anomalies.pending.hear",
}
WAKE = "controlplane.bells.ring"
REDIS_PROBE = "controlplane.broker.answers"  # loaded only where REDIS_URL names one

# The machine.
LEASE_SECONDS = env.lease()
WORKERS = 2
ENGINE_CHILDREN = 2
ENGINE_MEMORY_BYTES = 2 << 30
ENGINE_WARMED = False  # whether its children go the usual way once beforehand: four megabytes more, sooner at work
STEP_SECONDS = 3600  # for a step that does not say how long it may take
STEP_ATTEMPTS = 3
BACKFILL_MOST_PERIODS = int(env.number("LOOPLINE_BACKFILL_MOST_PERIODS", 4000, least=1))
BULK_MOST = 500
RUN_MOST_FILES = int(env.number("LOOPLINE_RUN_MOST_FILES", 1000, least=1))  # that one run takes in, 10,000 at most
RUN_MOST_BYTES = int(env.number("LOOPLINE_RUN_MOST_BYTES", 4 << 30, least=1))  # and how large they are together
DELIVERY_ATTEMPTS = 8
FAILPOINTS = env.text("LOOPLINE_FAILPOINTS", "")  # a folder, in tests that break the product
STOP_SECONDS = env.number("LOOPLINE_STOP_SECONDS", 20, least=0)  # for what is in hand when embedded mode is to end
TAKEN_DAYS = env.number("LOOPLINE_TAKEN_DAYS", 400, least=0)  # then what lies in `taken` goes; 0 keeps it for good
EVENT_DAYS = env.number("LOOPLINE_EVENT_DAYS", 400, least=1)  # then what nothing points to is forgotten
SWEEP_SECONDS = env.number("LOOPLINE_SWEEP_SECONDS", 5, least=0.1)
UPLOAD_MAX_BYTES = 20 << 30
WEBHOOK_MAX_BYTES = 5 << 20
WEBHOOK_TOLERANCE_SECONDS = 300
WEBHOOK_PER_MINUTE = int(env.number("LOOPLINE_WEBHOOK_PER_MINUTE", 6000, least=1))  # of each webhook
SLOT_HORIZON_DAYS = 2
# Below which local folders files may be dropped, `/folder` for every team or `team=/folder`; and from which stores.
DROP_ROOTS = env.listed("LOOPLINE_DROP_ROOTS", ":")
S3_ENDPOINTS = [one.rstrip("/") for one in env.listed("LOOPLINE_S3_ENDPOINTS", ",")]
DROP_SECONDS = env.number("LOOPLINE_DROP_SECONDS", 10, least=1)
NAMING = env.text("LOOPLINE_NAMING", "")  # a YAML file with the naming convention; empty for raw, staging, core, mart

DATABASES = {"default": env.database("DATABASE_URL", f"sqlite://{VAR / 'loopline.sqlite3'}")}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # REST framework would load PostgreSQL's client for kinds of fields that no model here has: eight megabytes at rest.
    sys.modules.setdefault("django.contrib.postgres.fields", None)  # type: ignore[arg-type]  # as if it were not there
# A PostgreSQL for the data of environments on the engine `postgres`, as a role that may create roles and schemas.
WAREHOUSE_URL = env.text("LOOPLINE_WAREHOUSE_URL", "")
# A Spark Connect server (sc://host:port) that sees the lake under the same path.
SPARK_URL = env.text("LOOPLINE_SPARK_URL", "")
LAKE_ROOT = Path(env.text("LOOPLINE_LAKE", str(VAR / "lake")))
ALLOW_UNSANDBOXED = env.flag("ALLOW_UNSANDBOXED")
REDIS_URL = env.text("REDIS_URL", "")
PUBLIC_URL = env.text("LOOPLINE_URL", "http://127.0.0.1:8000")
CLIENT_TOKEN = env.text("LOOPLINE_TOKEN", "")  # with which commands come to another installation (`--at`)
PUBLIC_URL_IS_GIVEN = bool(env.text("LOOPLINE_URL", ""))

# Messages. Without a mail server they are kept and shown in the console.
MAIL_URL = env.text("EMAIL_URL", "")
DEFAULT_FROM_EMAIL = env.text("LOOPLINE_FROM", "Loopline <loopline@localhost>")
SLACK_HOSTS = ["hooks.slack.com"]
# Origins inside the house that outbound webhooks may reach, such as http://etl.internal:8080, apart by commas.
WEBHOOK_INSIDE = [one.strip() for one in env.text("LOOPLINE_WEBHOOK_INSIDE", "").split(",") if one.strip()]
SLACK_TEST_URL = env.text("LOOPLINE_SLACK_TEST_URL", "")
SLACK_API = "https://slack.com/api/"
# What follows from another problem waits so long for that one to be noticed before people hear of it, and stands by
# itself so long after that one was over.
ALERT_HOLD_SECONDS = env.number("LOOPLINE_ALERT_HOLD_SECONDS", 10, least=0)
ALERT_GROUPING_SECONDS = env.number("LOOPLINE_ALERT_GROUPING_SECONDS", 300, least=0)

# For Prometheus: what it has to say, or from where it may ask without; with neither, only this machine is told.
METRICS_TOKEN = env.text("LOOPLINE_METRICS_TOKEN", "")
METRICS_FROM = env.networks("LOOPLINE_METRICS_FROM")
METRICS_WRITER = "controlplane.figures.written"
METRICS_SECONDS = 5.0  # for which an answer is good: two that ask at once cost one reading

# OpenLineage events about our runs: to an address (https://…) or into a file (file:///…); empty: nowhere.
OPENLINEAGE_URL = env.text("LOOPLINE_OPENLINEAGE_URL", "")
OPENLINEAGE_TOKEN = env.text("LOOPLINE_OPENLINEAGE_TOKEN", "")
OPENLINEAGE_NAMESPACE = env.text("LOOPLINE_OPENLINEAGE_NAMESPACE", "loopline")

LOGGING = logs.configuration(as_json=False)
