"""The forms of registering. They keep whatever was typed; what is wrong with it the compiler says, in one voice."""

from typing import Any

from django import forms

from pipelines_app.compiler import parameters, types
from pipelines_app.compiler.definition import Format, Mode, PeriodKind, Severity
from pipelines_app.compiler.documents import ENCODINGS
from pipelines_app.web.registering import keeping

Choices = list[tuple[str, str]]

FORMATS: Choices = [
    (Format.CSV, "CSV (comma or another mark)"),
    (Format.TSV, "TSV (tab)"),
    (Format.JSONL, "JSON lines"),
    (Format.PARQUET, "Parquet"),
]
DOORS: Choices = [
    ("upload", "as a file: upload, or the API"),
    ("webhook", "as messages to a webhook"),
    ("drop", "dropped into a folder or bucket"),
]
WHOLE: Choices = [
    ("rename", "its name does not say that it is unfinished (.tmp, .part …)"),
    ("done", "a file of the same name with .done behind it lies beside it"),
    ("stable", "it has not changed for a while"),
]
TAKEN: Choices = [("move", "moved into the folder taken"), ("remember", "left where it is, and remembered")]
PERIODS: Choices = [
    (PeriodKind.NONE, "none: the file is the whole dataset"),
    (PeriodKind.HOUR, "hour"),
    (PeriodKind.DAY, "day"),
    (PeriodKind.MONTH, "month"),
]
MODES: Choices = [
    (Mode.REPLACE, "replaces the whole dataset"),
    (Mode.PARTITION, "replaces its own period"),
    (Mode.APPEND, "is added to what is there"),
]
DELIMITERS: Choices = [(",", "comma ,"), (";", "semicolon ;"), ("\t", "tab"), ("|", "bar |"), (":", "colon :")]
COLUMN_TYPES: Choices = [(one, one) for one in (*types.PLAIN, "DECIMAL(18,2)", "DECIMAL(18,3)", "DECIMAL(18,4)")]
SEVERITIES: Choices = [
    (Severity.BLOCK, "hold the data back"),
    (Severity.WARN, "only warn"),
    (Severity.INFO, "only show it"),
]


class Needed(forms.CharField):
    """A text that the definition needs. Whether it is there and right is said by the compiler."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"max_length": 200, **options})

    def validate(self, value: object) -> None:
        """Nothing is refused here."""


def optional(**options: Any) -> forms.CharField:
    return forms.CharField(**{"required": False, "max_length": 2000, **options})


def sql_on(engine: str) -> forms.CharField:
    """A step's own SQL for an engine."""
    return optional(
        label=f"SQL on {engine}",
        help_text=f"In place of the SQL above where the environment runs on {engine}; the same columns. Empty: none.",
        strip=False,
        max_length=110_000,
        widget=forms.Textarea(attrs={"rows": 6, "class": "mono", "spellcheck": "false"}),
    )


def native_on(engine: str) -> forms.BooleanField:
    """Whether that is in the engine's own dialect."""
    return forms.BooleanField(label=f"It is written in {engine}'s own dialect", required=False)


def choice(choices: Choices, **options: Any) -> Needed:
    """One of a list; one that stands in the definition and not in the list is kept as it is."""
    return Needed(widget=forms.Select(choices=choices), **options)


class Kept(forms.Form):
    """A form without browser checks: the page that comes back says what is wrong, all at once."""

    use_required_attribute = False

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for name in self.fields:
            self.offer(name)

    def clean(self) -> dict[str, Any]:
        """Keep also what a field refuses, as far as it can be kept: the person mends it, and does not type it again."""
        for name in self.fields.keys() - self.cleaned_data.keys() - self.files.keys():
            self.cleaned_data[name] = str(self.data.get(self.add_prefix(name), "")).replace("\x00", "")
        return self.cleaned_data

    def offer(self, name: str, choices: Choices | None = None) -> None:
        """Have a choice list, or another one, also offer what stands there now."""
        widget = self.fields[name].widget
        if not isinstance(widget, forms.Select):
            return
        listed = [(str(key), said) for key, said in (widget.choices if choices is None else choices)]
        if any(isinstance(said, list | tuple) for _, said in listed):
            return  # a list in groups is all there is
        value = self.data.get(self.add_prefix(name)) if self.is_bound else self.initial.get(name)
        missing = [(str(value), str(value))] if value and str(value) not in dict(listed) else []
        widget.choices = [*listed, *missing]


class PipelineForm(Kept):
    pipeline = Needed(label="Name of the pipeline", help_text="Small letters, digits and -, for example orders-daily.")
    team = choice([], label="Team that owns it")
    description = optional(label="What it is for", help_text="One sentence that the whole company understands.")
    origin = Needed(
        label="Where do its data come from?",
        widget=forms.RadioSelect(
            choices=[
                ("arrives", "They arrive: as files or as messages"),
                ("exists", "From datasets that exist already"),
            ]
        ),
    )


class SourceForm(Kept):
    was = optional(widget=forms.HiddenInput)
    dataset = Needed(
        label="Dataset", help_text="What arrives belongs in the layer raw: raw.domain_entity, as in raw.orders."
    )
    format = choice(FORMATS, label="Format")
    door = choice(DOORS, label="How it comes")
    drop_url = optional(label="Folder or bucket", help_text="file:///data/in, or s3://bucket/in.", max_length=300)
    drop_pattern = optional(label="Names of the files there", help_text="With * for anything, such as orders_*.csv.")
    drop_whole = choice(WHOLE, label="A file is whole when", required=False)
    drop_stable_seconds = optional(label="Seconds without a change", max_length=6)
    drop_taken = choice(TAKEN, label="What was taken is", required=False)
    drop_endpoint = optional(label="Object store", help_text="Where the bucket is, if not at Amazon.", max_length=300)
    payload_period = optional(label="Where its period stands", help_text="A JSON pointer, such as /batch/date.")
    payload_records = optional(label="Where its records stand", help_text="Such as /data/items; empty: all of it.")
    payload_name = optional(label="Where its name stands", help_text="Such as /file; empty: the message's id.")
    payload_parameters = optional(
        label="Parameters it gives", help_text="Each with where it stands, apart by commas: region = /batch/region."
    )
    description = optional(label="What is in it", help_text="One sentence for the catalogue.")
    sensitive = optional(
        label="Sensitive columns",
        help_text="Apart by commas: only who may edit the dataset sees their values.",
    )
    sample = forms.FileField(
        label="A sample file",
        required=False,
        allow_empty_file=True,  # said in the words of the look
        help_text="A file like those to come, plain or as .gz or .zst. It is looked at here and published nowhere.",
    )
    remove = forms.BooleanField(label="Leave this source out", required=False)


class LookForm(Kept):
    delimiter = choice(DELIMITERS, label="Values are apart by", strip=False)
    quote = optional(label="Quote", max_length=3)
    header = forms.BooleanField(label="The first row names the columns", required=False)
    nulls = optional(label="Words that mean nothing is known", help_text="Apart by commas, for example NA, NULL.")
    empty_is_null = forms.BooleanField(label="An empty value means it, too", required=False)
    encoding = choice([(one, one) for one in ENCODINGS], label="Encoding")
    period = choice(
        PERIODS,
        label="It comes by",
        help_text="Only what comes by hour, day or month can have a deadline, and be missed when it does not come.",
    )
    pattern = optional(
        label="Names of the files", help_text="With {period} where the date stands: orders_{period}.csv."
    )
    mode = choice(
        MODES,
        label="What arrives",
        help_text="With a period a file replaces its own period or is added; only without one it replaces everything.",
    )
    tolerance = optional(
        label="Bad rows to tolerate",
        max_length=20,
        help_text="A share such as 1 %, or a number. They are set aside; with more, readers keep the last version.",
    )


class ColumnForm(Kept):
    name = Needed(label="Name")
    type = choice(COLUMN_TYPES, label="Type")


class StepForm(Kept):
    was = optional(widget=forms.HiddenInput)
    dataset = Needed(label="Dataset it makes", help_text="staging: cleaned; core: shared; mart: ready to read.")
    description = optional(label="What it holds", help_text="One sentence for the catalogue.")
    materialise = choice(
        keeping.KINDS,
        label="It is made",
    )
    key = optional(label="Key", help_text="The columns that tell rows apart, apart by commas.", max_length=1_000)
    tracked = optional(
        label="A change of these begins a new row",
        help_text="Of a history; columns apart by commas. Empty: all but the key.",
        max_length=4_000,
    )
    deleted = optional(label="True where a row is gone", help_text="Of what is put over by key: a column.")
    effective = optional(label="Since when", help_text="Of a history: a column; empty: the period that it came with.")
    deletes = choice(
        [("keep", "stays as it is"), ("close", "is closed")],
        label="A key that does not come any more",
        required=False,
    )
    on_schema_change = choice(
        keeping.ON_CHANGE,
        label="A change of its columns",
        required=False,
    )
    sql = Needed(
        label="SQL",
        strip=False,
        max_length=110_000,
        widget=forms.Textarea(attrs={"rows": 8, "data-editor": "sql", "spellcheck": "false"}),
    )
    sql_postgres = sql_on("PostgreSQL")
    native_postgres = native_on("PostgreSQL")
    sql_spark = sql_on("Spark")
    native_spark = native_on("Spark")
    tests = optional(
        label="Tests",
        help_text="YAML: - {name: …, given: {dataset: [rows]}, expect: [rows]}. All must hold before it is registered.",
        strip=False,
        max_length=110_000,
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false"}),
    )
    timeout = optional(label="It may take", help_text="90s, 10m or 2h; empty: one hour.", max_length=12)
    attempts = optional(label="Tries in all", help_text="1 to 10; empty: 3.", max_length=3)
    retry_on = optional(
        label="Tried again after",
        help_text="Of engine, memory, disk, platform, timeout, apart by commas; empty: all but timeout.",
        max_length=80,
    )
    remove = forms.BooleanField(label="Leave this step out", required=False)


class ParameterForm(Kept):
    was = optional(widget=forms.HiddenInput)
    name = Needed(label="Name", max_length=80)
    type = choice([(one, one) for one in parameters.TYPES], label="Type")
    default = Needed(label="Value", max_length=12_000)
    choices = optional(label="Only these values", max_length=12_000)
    minimum = optional(label="At least", max_length=40)
    maximum = optional(label="At most", max_length=40)
    description = optional(label="What it means")
    remove = forms.BooleanField(label="Leave it out", required=False)


class TickForm(Kept):
    """One check, there or proposed, to be ticked."""

    dataset = forms.CharField(widget=forms.HiddenInput, max_length=200)
    entry = forms.CharField(widget=forms.HiddenInput, max_length=120_000)
    on = forms.BooleanField(required=False)
    columns = optional(label="Which columns", max_length=60_000)
    severity = choice(SEVERITIES, label="If it is broken")
    tolerance = optional(label="Bad rows to tolerate", max_length=20)
    owner = optional(label="Who hears of it", max_length=300)


class FirstForm(Kept):
    """The period of a sample that is brought in as a first file, where its name gives none."""

    dataset = forms.CharField(widget=forms.HiddenInput, max_length=200)
    period = Needed(label="Its period", max_length=13)


class ReviewForm(forms.Form):
    why = forms.CharField(label="Why this change", required=False, max_length=500)
    bring = forms.BooleanField(required=False)


class YamlForm(Kept):
    text = forms.CharField(
        label="The definition as YAML",
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 24, "class": "mono", "spellcheck": "false"}),
    )
    file = forms.FileField(label="Or a YAML file", required=False)


Sources = forms.formset_factory(SourceForm, extra=0, max_num=50, absolute_max=100)
Columns = forms.formset_factory(ColumnForm, extra=0, max_num=2000, absolute_max=2100)
Steps = forms.formset_factory(StepForm, extra=0, max_num=500, absolute_max=510)
Parameters = forms.formset_factory(ParameterForm, extra=0, max_num=200, absolute_max=210)
Ticks = forms.formset_factory(TickForm, extra=0, max_num=9000, absolute_max=9000)
Firsts = forms.formset_factory(FirstForm, extra=0, max_num=50, absolute_max=100)
