"""What the API says of profiles, and what it can be asked for."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request

from monitoring_app.api.commands import Command
from monitoring_app.models import ColumnProfile, Profile
from monitoring_app.profiling import history, keeping
from monitoring_app.profiling.profile import SCALES, Metric

METRICS = [(metric.value, metric.value) for metric in Metric]


class Wished(Command):
    """Which profile; without anything the newest."""

    version = serializers.CharField(required=False, default="", help_text="A version's id.")
    period = serializers.CharField(
        required=False, default="", help_text="A period's key, or `all` for all periods together."
    )


class OfSeries(Command):
    """Which number."""

    metric = serializers.ChoiceField(choices=METRICS, help_text="The name of a metric.")
    column = serializers.CharField(required=False, default="", help_text="A column, for a metric of columns.")
    most = serializers.IntegerField(required=False, default=history.MOST, min_value=1, max_value=history.MOST)


class Compared(Command):
    """Which two; without `from` with what came before."""

    to = serializers.CharField(required=False, default="", help_text="A version's id; without it the newest.")
    to_period = serializers.CharField(required=False, default="", help_text="A period's key, or `all`.")
    from_period = serializers.CharField(required=False, default="", help_text="A period's key, or `all`.")

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """`from` is a word of the language this is written in."""
        before = serializers.CharField(required=False, default="", help_text="A version's id.")
        return {**super().get_fields(), "from": before}


def asked(query: type[Command], request: Request) -> dict[str, Any]:
    """The validated parameters of a query; raises ValidationError, also for one that is not known."""
    serializer = query(data=request.query_params.dict())
    serializer.is_valid(raise_exception=True)
    found: dict[str, Any] = serializer.validated_data
    return found


class CountedSerializer(serializers.Serializer[Any]):
    """A value or a pattern, and how many rows have it."""

    text = serializers.CharField(trim_whitespace=False, allow_blank=True)
    rows = serializers.IntegerField()


class ProfileSerializer(serializers.ModelSerializer[Profile]):
    """What was measured of one period of a version, or of all of it."""

    dataset = serializers.CharField(source="version.dataset.name", read_only=True)
    number = serializers.IntegerField(source="version.number", read_only=True, allow_null=True)
    version_state = serializers.CharField(source="version.state", read_only=True)
    environment = serializers.CharField(source="environment.name", read_only=True)
    numbers = serializers.DictField(
        child=serializers.FloatField(), read_only=True, help_text="What the dataset's own metrics gave, by name."
    )
    approximate = serializers.SerializerMethodField(help_text="Whether some numbers come from a sample or sketches.")

    class Meta:
        model = Profile
        fields = [
            *("id", "dataset", "environment", "version", "number", "version_state", "period", "is_merged", "state"),
            *("error", "attempts", "rows", "bytes", "columns", "duplicate_share", "numbers", "rows_hash", "seconds"),
            *("created_at", "measured_at", "approximate"),
        ]
        read_only_fields = fields

    def get_approximate(self, profile: Profile) -> bool:
        return history.is_approximate(profile)


class ColumnProfileSerializer(serializers.ModelSerializer[ColumnProfile]):
    """What was measured of one column."""

    metrics = serializers.SerializerMethodField()
    top = CountedSerializer(many=True, read_only=True)
    patterns = CountedSerializer(many=True, read_only=True)

    class Meta:
        model = ColumnProfile
        fields = [
            *("place", "name", "type", "minimum", "maximum", "counted", "is_whole", "top", "patterns", "metrics"),
        ]
        read_only_fields = fields

    def get_metrics(self, column: ColumnProfile) -> dict[str, float]:
        found = {metric.value: getattr(column, metric.value) for metric in keeping.OF_A_COLUMN}
        return {name: value for name, value in found.items() if value is not None}


class PairSerializer(serializers.Serializer[Any]):
    """What holds between two columns."""

    left = serializers.CharField()
    right = serializers.CharField()
    tie = serializers.CharField()
    value = serializers.FloatField()


class HoldSerializer(serializers.Serializer[Any]):
    """What holds in every row: `left` determines `right`, or, without a right one, tells rows apart."""

    left = serializers.ListField(child=serializers.CharField(trim_whitespace=False))
    right = serializers.CharField(allow_blank=True)
    value = serializers.FloatField(help_text="By how much it was contradicted: 0 is by no row.")


class ProfileDetailSerializer(serializers.Serializer[Any]):
    """A profile with its columns."""

    profile = ProfileSerializer()
    pairs = PairSerializer(many=True, source="profile.pairs")
    holds = HoldSerializer(many=True, source="profile.holds")
    columns = ColumnProfileSerializer(many=True)


class PointSerializer(serializers.Serializer[Any]):
    """One number of a series."""

    profile = serializers.IntegerField()
    version = serializers.IntegerField()
    number = serializers.IntegerField(allow_null=True)
    period = serializers.CharField(allow_blank=True)
    at = serializers.DateTimeField()
    value = serializers.FloatField(allow_null=True)


class SeriesSerializer(serializers.Serializer[Any]):
    """One number over periods or versions, the oldest first."""

    dataset = serializers.CharField()
    column = serializers.CharField(allow_blank=True)
    metric = serializers.CharField()
    words = serializers.CharField()
    scale = serializers.CharField()
    points = PointSerializer(many=True)


class ChangeSerializer(serializers.Serializer[Any]):
    """One number before and after."""

    metric = serializers.CharField()
    scale = serializers.SerializerMethodField()
    before = serializers.FloatField(allow_null=True)
    after = serializers.FloatField(allow_null=True)
    effect = serializers.FloatField(help_text="How far it moved on the scale of its metric.")
    is_notable = serializers.BooleanField()

    def get_scale(self, change: Any) -> str:
        return SCALES[change.metric].value


class ColumnChangeSerializer(serializers.Serializer[Any]):
    """One column before and after."""

    name = serializers.CharField()
    kind = serializers.CharField(help_text="added, removed, changed or same")
    type_before = serializers.CharField(source="before.type", default=None, allow_null=True)
    type_after = serializers.CharField(source="after.type", default=None, allow_null=True)
    is_notable = serializers.BooleanField()
    changes = ChangeSerializer(many=True)
    came = serializers.ListField(child=serializers.CharField(trim_whitespace=False))
    went = serializers.ListField(child=serializers.CharField(trim_whitespace=False))


class ComparisonSerializer(serializers.Serializer[Any]):
    """Two profiles beside each other, the columns that changed most first."""

    before = ProfileSerializer()
    after = ProfileSerializer()
    is_same = serializers.BooleanField(source="comparison.is_same", help_text="Whether the rows are the same ones.")
    batch = ChangeSerializer(many=True, source="comparison.batch")
    columns = ColumnChangeSerializer(many=True, source="comparison.columns")
