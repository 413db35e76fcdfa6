"""The nouns of the watch, one file each, all on this screen."""

from monitoring_app.models.alert import Alert, AlertState, AlertUrgency, Verdict
from monitoring_app.models.anomaly import (
    MOST_SENSITIVITY,
    USUAL_SENSITIVITY,
    Anomaly,
    AnomalyLabel,
    AnomalySource,
    AnomalyState,
    Judgement,
    JudgementState,
    Sensitivity,
)
from monitoring_app.models.channel import Channel, ChannelKind
from monitoring_app.models.emission import Emission, EmissionState
from monitoring_app.models.endpoint import Attempt, Endpoint, Subscription
from monitoring_app.models.entry import AlertEntry
from monitoring_app.models.expectation import (
    Breach,
    Expectation,
    ExpectationChange,
    ExpectationPolicy,
    ExpectationState,
    Outlook,
)
from monitoring_app.models.notification import About, Notification, NotificationState
from monitoring_app.models.policy import MOST_MINUTES, Maintenance, Policy
from monitoring_app.models.profile import ColumnProfile, Profile, ProfileState
from monitoring_app.models.route import Route
from monitoring_app.models.sla import Pledge, Sla, SlaResult, SlaState

__all__ = [
    "MOST_MINUTES",
    "MOST_SENSITIVITY",
    "USUAL_SENSITIVITY",
    "About",
    "Alert",
    "AlertEntry",
    "AlertState",
    "AlertUrgency",
    "Anomaly",
    "AnomalyLabel",
    "AnomalySource",
    "AnomalyState",
    "Attempt",
    "Breach",
    "Channel",
    "ChannelKind",
    "ColumnProfile",
    "Emission",
    "EmissionState",
    "Endpoint",
    "Expectation",
    "ExpectationChange",
    "ExpectationPolicy",
    "ExpectationState",
    "Judgement",
    "JudgementState",
    "Maintenance",
    "Notification",
    "NotificationState",
    "Outlook",
    "Pledge",
    "Policy",
    "Profile",
    "ProfileState",
    "Route",
    "Sensitivity",
    "Sla",
    "SlaResult",
    "SlaState",
    "Subscription",
    "Verdict",
]
