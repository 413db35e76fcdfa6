"""The first minutes of an installation: an admin, a team, the sample's pipelines. Doing it again changes nothing."""

import secrets
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import transaction
from django.utils import timezone

from controlplane.sample.client import Keys
from monitoring_app.models import Channel, ChannelKind
from pipelines_app import vault
from pipelines_app.access import founding, members, tokens
from pipelines_app.access.founding import Said
from pipelines_app.compiler import documents
from pipelines_app.definitions import register
from pipelines_app.definitions.register import Author
from pipelines_app.environments import mapping
from pipelines_app.intake import webhooks
from pipelines_app.models import ApiToken, Dataset, Role, Team, User, Webhook

SAMPLE = settings.ROOT / "sample"
TEAM = "ops-analytics"
ROBOT = "supplier-bot"
WEATHER = "raw.weather"


@dataclass(frozen=True, kw_only=True)
class Admin:
    """The first admin; the password is known only where it was just made."""

    username: str
    password: str = ""


def migrate() -> None:
    """Bring the database to this release's shape."""
    settings.LAKE_ROOT.mkdir(parents=True, exist_ok=True)
    call_command("migrate", verbosity=0, interactive=False)
    mapping.production()


@transaction.atomic
def first_admin(username: str = "admin") -> Admin:
    """The first admin, made with a random password if there is no superuser yet."""
    there = User.objects.filter(is_superuser=True).order_by("id").first()
    if there is not None:
        return Admin(username=there.username)
    password = secrets.token_urlsafe(12)
    User.objects.create_superuser(username, password=password)
    return Admin(username=username, password=password)


@transaction.atomic
def first_team(name: str) -> None:
    """A team that the first admin leads, if it is not there yet; raises DefinitionInvalid for a name that is none."""
    if not Team.objects.filter(name=name).exists():
        admin = User.objects.filter(is_superuser=True).earliest("id")
        founding.found(name, Said(), by=admin, actor="platform")


@transaction.atomic
def sample_workspace() -> bool:
    """Register the sample's team, its supplier and its pipelines; True if they were not there before."""
    if Team.objects.filter(name=TEAM).exists():
        return False
    team = Team.objects.create(name=TEAM, title="Operations analytics", email="ops-analytics@localhost")
    robot = User.objects.create(username=ROBOT)
    robot.set_unusable_password()
    robot.save(update_fields=["password"])
    admin = User.objects.filter(is_superuser=True).order_by("id").first()
    if admin is not None:
        members.put(team, admin, role=Role.ADMIN, actor="platform")
    members.put(team, robot, role=Role.EDITOR, actor="platform")
    author = Author(actor="platform", user=admin, teams=frozenset({TEAM}))
    for path in sorted((SAMPLE / "pipelines").glob("*.yaml")):
        register.register(documents.from_yaml(path.read_text()), author=author, why="the sample")
    webhooks.create(Dataset.objects.get(name=WEATHER))
    if settings.SLACK_TEST_URL:
        secret = vault.seal(settings.SLACK_TEST_URL)
        Channel.objects.create(team=team, kind=ChannelKind.SLACK, name="the receiver of this machine", secret=secret)
    return True


def sample_keys() -> Keys:
    """A fresh token for the sample's supplier, whose earlier ones end, and its webhook."""
    robot = User.objects.get(username=ROBOT)
    now = timezone.now()
    for old in ApiToken.objects.live(now).filter(user=robot, name="sample"):
        tokens.revoke(old, actor="platform", now=now)
    _, token = tokens.issue(robot, name="sample")
    webhook = Webhook.objects.filter(dataset__name=WEATHER, disabled_at=None).order_by("id").first()
    if webhook is None:
        webhook, _ = webhooks.create(Dataset.objects.get(name=WEATHER))
    return Keys(token=token, webhook=webhook.public_id, secret=vault.open_sealed(webhook.secret))


def sample_folder() -> Path:
    """Where the sample's files are."""
    return Path(SAMPLE / "nycflights")
