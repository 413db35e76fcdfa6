"""The form that a template's parameters make: a field for each, and the values that were typed into it."""

from collections.abc import Iterable, Mapping, Sequence

from django import forms

from pipelines_app.compiler import parameters, typed
from pipelines_app.compiler.templating import Asked, Template

PREFIX = "v-"
DATASETS, COLUMNS = "known-datasets", "known-columns"
MOST_CHOICES = 500


class ValuesForm(forms.Form):
    """What the pipeline is called, and what the template asks for; what is wrong with it the compiler says."""

    pipeline = forms.CharField(label="Name of the pipeline", required=False, max_length=63)
    team = forms.ChoiceField(label="Owner")
    description = forms.CharField(label="Description", required=False, max_length=2000)

    def __init__(self, template: Template, teams: Iterable[str], *args: object, named: bool, **more: object) -> None:
        super().__init__(*args, **more)  # type: ignore[arg-type]  # as the framework takes them
        self.template = template
        self.fields["team"] = forms.ChoiceField(label="Owner", choices=[(name, name) for name in sorted(teams)])
        self.fields["pipeline"].disabled = named
        for asked in template.asked:
            self.fields[PREFIX + asked.name] = field(asked)
        if not self.is_bound:
            self._mark_what_is_needed()

    def clean(self) -> dict[str, object]:
        self._mark_what_is_needed()
        return self.cleaned_data

    def _mark_what_is_needed(self) -> None:
        """For the labels alone: what is missing is told by the compiler, with everything else."""
        self.fields["pipeline"].required = True
        for asked in self.template.asked:
            self.fields[PREFIX + asked.name].required = asked.required

    @property
    def asked(self) -> list[forms.BoundField]:
        """The fields of the parameters, in the order of the template."""
        return [self[PREFIX + asked.name] for asked in self.template.asked]

    def values(self) -> dict[str, object]:
        """What was typed, as the types have it; what was left empty is left to the template."""
        found: dict[str, object] = {}
        for asked in self.template.asked:
            given = self.cleaned_data.get(PREFIX + asked.name)
            if isinstance(given, list):
                if given:
                    found[asked.name] = [typed.scalar(asked.parameter, one) for one in given]
            elif given:
                found[asked.name] = typed.value(asked.parameter, str(given))
        return found


def initial(template: Template, values: Mapping[str, object]) -> dict[str, object]:
    """What stands in the fields: the values given, or else the defaults."""
    return {
        PREFIX + asked.name: _shown(asked, values.get(asked.name, asked.parameter.value)) for asked in template.asked
    }


def _shown(asked: Asked, value: object) -> object:
    if not isinstance(value, list | tuple):
        return typed.text(asked.parameter, value)
    each = [typed.text(asked.parameter, one) for one in value]
    return each if asked.parameter.choices else "\n".join(each)


def field(asked: Asked) -> forms.Field:
    """The field that a parameter makes."""
    common = {"label": asked.words, "help_text": _help(asked), "required": False}
    choices = [(str(choice), str(choice)) for choice in asked.parameter.choices[:MOST_CHOICES]]
    if asked.parameter.type == "boolean":
        choices = [("true", "yes"), ("false", "no")]
    if choices and asked.parameter.type.startswith("list["):
        return forms.MultipleChoiceField(choices=choices, widget=forms.CheckboxSelectMultiple, **common)  # type: ignore[arg-type]
    if choices:
        empty = [("", "choose one")] if asked.required else []
        return forms.ChoiceField(choices=[*empty, *choices], **common)  # type: ignore[arg-type]
    return forms.CharField(strip=False, widget=_widget(asked), **common)  # type: ignore[arg-type]


def _widget(asked: Asked) -> forms.Widget:
    kind, element = asked.parameter.type, parameters.element_type(asked.parameter.type)
    hint = {"placeholder": typed.text(asked.parameter, asked.example)} if asked.example is not None else {}
    if kind.startswith("list[") or kind == parameters.COLUMNS:
        return forms.Textarea(attrs={"rows": 4, "class": "mono", "spellcheck": "false", **hint})
    if element in ("integer", "decimal"):
        return forms.NumberInput(attrs={**_bounds(asked), "step": "1" if element == "integer" else "any", **hint})
    if element in ("date", "timestamp"):
        return forms.TextInput(attrs={"placeholder": "2013-02-08" if element == "date" else "2013-02-08T07:00:00"})
    lists = {"dataset": {"list": DATASETS}, "column": {"list": COLUMNS}}
    return forms.TextInput(attrs={"autocomplete": "off", **lists.get(element, {}), **hint})


def _bounds(asked: Asked) -> dict[str, str]:
    bounds = {"min": asked.parameter.minimum, "max": asked.parameter.maximum}
    return {key: str(value) for key, value in bounds.items() if value is not None}


def _help(asked: Asked) -> str:
    kind, parameter = asked.parameter.type, asked.parameter
    told = [asked.help]
    if kind.startswith("list[") and not parameter.choices:
        told.append("One in each line.")
    if kind == parameters.COLUMNS:
        told.append("One in each line: its name and its type.")
    low, high = parameter.minimum, parameter.maximum
    if low is not None or high is not None:
        told.append(" ".join(part for part in (_from(low), _to(high)) if part).capitalize() + ".")
    return " ".join(part for part in told if part)


def _from(low: object) -> str:
    return f"at least {low}" if low is not None else ""


def _to(high: object) -> str:
    return f"at most {high}" if high is not None else ""


def named(template: Template, kind: str, values: Mapping[str, object]) -> Sequence[str]:
    """The values given for parameters of a type, lists of it included."""
    found: list[str] = []
    for asked in template.asked:
        if parameters.element_type(asked.parameter.type) == kind:
            value = values.get(asked.name)
            found += [str(one) for one in (value if isinstance(value, list) else [value]) if one]
    return found
