"""What the watch adds to the vocabulary of the event log: what became of alerts and of the messages about them."""

from dataclasses import dataclass

from pipelines_app.facts import Fact


@dataclass(frozen=True, kw_only=True)
class AlertOpened(Fact):
    kind = "alert.opened"
    alert: int
    rule: str
    subject: str
    severity: str
    title: str
    dataset: str = ""
    pipeline: str = ""
    period: str = ""
    run: int | None = None


@dataclass(frozen=True, kw_only=True)
class AlertRepeated(Fact):
    """An open problem was reported again; `severity` is the worst it has been."""

    kind = "alert.repeated"
    alert: int
    rule: str
    subject: str
    severity: str
    count: int
    dataset: str = ""
    pipeline: str = ""
    period: str = ""
    run: int | None = None


@dataclass(frozen=True, kw_only=True)
class AlertAcknowledged(Fact):
    kind = "alert.acknowledged"
    alert: int
    rule: str
    subject: str
    dataset: str = ""
    pipeline: str = ""


@dataclass(frozen=True, kw_only=True)
class AlertSnoozed(Fact):
    kind = "alert.snoozed"
    alert: int
    rule: str
    subject: str
    until: str
    dataset: str = ""
    pipeline: str = ""


@dataclass(frozen=True, kw_only=True)
class AlertReopened(Fact):
    """A snooze ended while the problem was still there."""

    kind = "alert.reopened"
    alert: int
    rule: str
    subject: str
    dataset: str = ""
    pipeline: str = ""


@dataclass(frozen=True, kw_only=True)
class AlertFolded(Fact):
    """A problem was found to follow from another one, whose alert tells of it from now on."""

    kind = "alert.folded"
    alert: int
    root: int
    rule: str
    subject: str
    dataset: str = ""
    pipeline: str = ""


@dataclass(frozen=True, kw_only=True)
class AlertStood(Fact):
    """The problem that another one followed from is over, and it is still there: it stands by itself."""

    kind = "alert.stood"
    alert: int
    root: int
    rule: str
    subject: str
    dataset: str = ""
    pipeline: str = ""


@dataclass(frozen=True, kw_only=True)
class AlertResolved(Fact):
    kind = "alert.resolved"
    alert: int
    rule: str
    subject: str
    because: str
    dataset: str = ""
    pipeline: str = ""
    period: str = ""
    run: int | None = None


@dataclass(frozen=True, kw_only=True)
class NotificationSent(Fact):
    kind = "notification.sent"
    alert: int | None
    notification: int
    channel: str
    state: str
    dataset: str = ""
    pipeline: str = ""


@dataclass(frozen=True, kw_only=True)
class NotificationUndelivered(Fact):
    """Every attempt to send a message failed; the team is told by another channel."""

    kind = "notification.undelivered"
    alert: int | None
    notification: int
    channel: str
    error: str
    dataset: str = ""
    pipeline: str = ""


@dataclass(frozen=True, kw_only=True)
class SlaMissed(Fact):
    """The moment has come by which a promise was to be kept, and it was not."""

    kind = "sla.missed"
    sla: int
    result: int
    promise: str
    about: str
    due_at: str
    because: str
    pipeline: str
    dataset: str = ""
    period: str = ""
    run: int | None = None


@dataclass(frozen=True, kw_only=True)
class SlaKept(Fact):
    """A promise was kept again after a breach, or what had been missed came late."""

    kind = "sla.kept"
    sla: int
    result: int
    promise: str
    about: str
    late_seconds: float
    pipeline: str
    dataset: str = ""
    period: str = ""
    run: int | None = None


@dataclass(frozen=True, kw_only=True)
class ProfileMeasured(Fact):
    """A version, or one period of it, was measured; `published` says whether readers were given it."""

    kind = "profile.measured"
    profile: int
    dataset: str
    period: str
    version: int
    rows: int
    published: bool


@dataclass(frozen=True, kw_only=True)
class ProfileFailed(Fact):
    """A version could not be measured after every attempt; readers have it all the same."""

    kind = "profile.failed"
    profile: int
    dataset: str
    period: str
    version: int
    error: str


@dataclass(frozen=True, kw_only=True)
class ExpectationAccepted(Fact):
    """A promise that was learned is judged from now on, by a person's word or by the dataset's policy."""

    kind = "expectation.accepted"
    expectation: int
    dataset: str
    promise: str
    severity: str


@dataclass(frozen=True, kw_only=True)
class ExpectationEdited(Fact):
    """A promise became another one; `number` counts its changes, `because` says what led to it."""

    kind = "expectation.edited"
    expectation: int
    dataset: str
    number: int
    before: str
    promise: str
    because: str


@dataclass(frozen=True, kw_only=True)
class ExpectationRetired(Fact):
    kind = "expectation.retired"
    expectation: int
    dataset: str
    promise: str
    because: str


@dataclass(frozen=True, kw_only=True)
class ExpectationsBroken(Fact):
    """What was published is not as expected; `promises` says which ones it broke, and how."""

    kind = "expectations.broken"
    dataset: str
    period: str
    version: int
    profile: int
    promises: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ExpectationsKept(Fact):
    """Every expectation of a dataset is kept again, or what broke them was fine."""

    kind = "expectations.kept"
    dataset: str
    period: str
    version: int
    because: str


@dataclass(frozen=True, kw_only=True)
class ProblemReported(Fact):
    """A person said that something is wrong with a dataset."""

    kind = "problem.reported"
    dataset: str
    what: str


@dataclass(frozen=True, kw_only=True)
class AlertNoted(Fact):
    """Somebody wrote down what they know of a problem."""

    kind = "alert.noted"
    alert: int
    rule: str
    subject: str
    dataset: str = ""
    pipeline: str = ""


@dataclass(frozen=True, kw_only=True)
class AlertJudged(Fact):
    """Somebody said whether anything was wrong at all: `fine` or `bad`."""

    kind = "alert.judged"
    alert: int
    rule: str
    subject: str
    verdict: str
    dataset: str = ""
    pipeline: str = ""


@dataclass(frozen=True, kw_only=True)
class NotificationDelayed(Fact):
    """A message waits for too long; the team is told by another channel."""

    kind = "notification.delayed"
    alert: int | None
    notification: int
    channel: str
    seconds: int


@dataclass(frozen=True, kw_only=True)
class MailServerFailed(Fact):
    """The mail server was asked how it is, and did not answer as it should."""

    kind = "mail.failed"
    error: str


@dataclass(frozen=True, kw_only=True)
class MailServerMended(Fact):
    kind = "mail.mended"


@dataclass(frozen=True, kw_only=True)
class SlasReported(Fact):
    """A team was told how its promises were kept in a week."""

    kind = "sla.reported"
    team: str
    week: str


@dataclass(frozen=True, kw_only=True)
class AnomalyFound(Fact):
    """Something about a batch that readers were given is not as usual; `words` name what surprised most."""

    kind = "anomaly.found"
    dataset: str
    period: str
    version: int
    profile: int
    found: int
    words: str
    score: float


@dataclass(frozen=True, kw_only=True)
class AnomalyOver(Fact):
    """What was unusual about a dataset is over: a batch came that is as usual, or people said that it was fine."""

    kind = "anomaly.over"
    dataset: str
    period: str
    because: str


@dataclass(frozen=True, kw_only=True)
class AnomalyLabelled(Fact):
    kind = "anomaly.labelled"
    dataset: str
    period: str
    anomaly: int
    label: str
    words: str


@dataclass(frozen=True, kw_only=True)
class SensitivitySet(Fact):
    kind = "sensitivity.set"
    dataset: str
    value: float
