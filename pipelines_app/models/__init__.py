"""The nouns of the machine, one file each kind, all on this screen."""

from pipelines_app.models.access import (
    ANY_ROLE,
    EDITING,
    ApiToken,
    AuditEntry,
    Membership,
    Role,
    Team,
    User,
)
from pipelines_app.models.arrivals import (
    Arrival,
    ArrivalState,
    Door,
    IdempotencyKey,
    Slot,
    SlotState,
    Webhook,
    WebhookCall,
    WebhookRefusal,
)
from pipelines_app.models.backfills import Backfill, BackfillEffect, BackfillMode, BackfillPeriod, BackfillState
from pipelines_app.models.checks import Check, CheckResult, Severity
from pipelines_app.models.datasets import (
    Current,
    Dataset,
    DatasetVersion,
    Environment,
    EnvironmentRevision,
    Part,
    VersionInput,
    VersionState,
)
from pipelines_app.models.definitions import Edge, EdgeKind, Pipeline, Revision, Trigger, TriggerKind
from pipelines_app.models.drafts import Draft
from pipelines_app.models.events import Delivery, DeliveryState, Event, Pulse
from pipelines_app.models.runs import Reject, Run, RunInput, RunState, StepRun, StepState
from pipelines_app.models.sign_ins import SignInTries

__all__ = [
    "ANY_ROLE",
    "EDITING",
    "ApiToken",
    "Arrival",
    "ArrivalState",
    "AuditEntry",
    "Backfill",
    "BackfillEffect",
    "BackfillMode",
    "BackfillPeriod",
    "BackfillState",
    "Check",
    "CheckResult",
    "Current",
    "Dataset",
    "DatasetVersion",
    "Delivery",
    "DeliveryState",
    "Door",
    "Draft",
    "Edge",
    "EdgeKind",
    "Environment",
    "EnvironmentRevision",
    "Event",
    "IdempotencyKey",
    "Membership",
    "Part",
    "Pipeline",
    "Pulse",
    "Reject",
    "Revision",
    "Role",
    "Run",
    "RunInput",
    "RunState",
    "Severity",
    "SignInTries",
    "Slot",
    "SlotState",
    "StepRun",
    "StepState",
    "Team",
    "Trigger",
    "TriggerKind",
    "User",
    "VersionInput",
    "VersionState",
    "Webhook",
    "WebhookCall",
    "WebhookRefusal",
]
