"""Third page: the steps in SQL and the parameters that are put into them."""

from collections.abc import Mapping

from django.http import HttpResponseBase, QueryDict

from pipelines_app.compiler import other_engines
from pipelines_app.compiler.compiled import Known
from pipelines_app.compiler.other_engines import OtherEngine
from pipelines_app.definitions import drafts, proposing
from pipelines_app.definitions.trying import Bench
from pipelines_app.web.registering import keeping, picturing, placing, testing, values
from pipelines_app.web.registering.desk import Desk, seen_problems
from pipelines_app.web.registering.forms import Kept, ParameterForm, Parameters, StepForm, Steps

Entry = dict[str, object]
Document = dict[str, object]
MOST_OFFERED = 40
# The fields of each engine's own SQL.
OTHERS = {str(engine): (f"sql_{engine}", f"native_{engine}") for engine in OtherEngine}
_OPTIONAL = ("engines", "materialise", "on_schema_change", "tests", "description", "timeout", "retries")


class Posted:
    """The forms of this page as they were sent, and the document they make of another."""

    def __init__(self, post: QueryDict) -> None:
        steps, parameters = Steps(post, prefix="steps"), Parameters(post, prefix="parameters")
        steps.is_valid()
        parameters.is_valid()
        self.steps: list[StepForm] = list(steps.forms)
        self.parameters: list[ParameterForm] = list(parameters.forms)
        self.kept = [form for form in self.steps if _is_step(form)]
        self.declared = [form for form in self.parameters if _is_parameter(form)]

    def written(self, document: Document) -> Document:
        """The document with the steps and parameters of this page; what the page does not show stays as it was."""
        steps, parameters = document.get("steps"), document.get("parameters")
        old_steps = steps if isinstance(steps, list) else []
        old_parameters: Mapping[str, object] = parameters if isinstance(parameters, Mapping) else {}
        document["steps"] = [_step(form, old_steps) for form in self.kept]
        document["parameters"] = {form.cleaned_data["name"]: _parameter(form, old_parameters) for form in self.declared}
        document.pop("values", None)  # a value given apart stands with its parameter from here on
        return document

    def place(self, field: str) -> int | None:
        """Which step of the document a field such as `steps-2-sql` belongs to."""
        names = [form.add_prefix("sql") for form in self.kept]
        return names.index(field) if field in names else None


def _is_step(form: StepForm) -> bool:
    given = form.cleaned_data
    return not given.get("remove") and bool(given.get("dataset") or str(given.get("sql") or "").strip())


def _is_parameter(form: ParameterForm) -> bool:
    return not form.cleaned_data.get("remove") and bool(
        form.cleaned_data.get("name") or form.cleaned_data.get("default")
    )


def _step(form: StepForm, old: list[object]) -> Entry:
    given = form.cleaned_data
    was = str(given["was"])
    before = old[int(was)] if was.isdecimal() and int(was) < len(old) else {}
    entry: Entry = {**before} if isinstance(before, Mapping) else {}
    entry |= {
        "dataset": given.get("dataset", ""),
        "description": given["description"],
        "sql": values.lines(str(given.get("sql") or "")),
        "engines": _elsewhere(given),
        "materialise": keeping.written(given, entry.get("materialise")),
        "on_schema_change": given["on_schema_change"],
        "tests": testing.written(values.lines(str(given.get("tests") or ""))),
        "timeout": given["timeout"],
        "retries": values.without_empty(
            {"attempts": values.number_or_text(given["attempts"]), "on": values.listed(given["retry_on"])},
            ("attempts", "on"),
        ),
    }
    return values.without_empty(entry, _OPTIONAL)


def _elsewhere(given: Entry) -> Entry:
    """The SQL of other engines, as it is in the form."""
    texts = {engine: values.lines(str(given.get(field) or "")) for engine, (field, _) in OTHERS.items()}
    native = tuple(engine for engine, (_, field) in OTHERS.items() if given.get(field))
    return other_engines.dump({engine: text for engine, text in texts.items() if text.strip()}, native)


def _on_others(engines: object) -> Entry:
    """The same in the fields of the form."""
    sql, native = other_engines.written(engines)
    texts: Entry = {field: sql[engine] for engine, (field, _) in OTHERS.items() if engine in sql}
    return texts | {field: engine in native for engine, (_, field) in OTHERS.items()}


def _parameter(form: ParameterForm, old: Mapping[str, object]) -> Entry:
    given = form.cleaned_data
    before = old.get(given["was"])
    entry: Entry = {**before} if isinstance(before, Mapping) else {}
    kind = given["type"]
    bound = values.number_or_text if "date" not in kind and "time" not in kind else str
    entry |= {
        "type": kind,
        "default": values.parameter_value(kind, given["default"]) if given["default"] else None,
        "of": values.parameter_values(kind, given["choices"]),
        "min": bound(given["minimum"]) if given["minimum"] else None,
        "max": bound(given["maximum"]) if given["maximum"] else None,
        "description": given["description"],
    }
    return values.without_empty(entry, ("default", "of", "min", "max", "description"))


def page(desk: Desk) -> HttpResponseBase:
    """Show the steps, or write them down and go on to the checks."""
    post = desk.request.POST
    if desk.request.method != "POST":
        return _shown(desk, _step_forms(desk), _parameter_forms(desk))
    posted = Posted(post)
    drafts.change(desk.draft, posted.written)
    if post.get("add"):
        blank = post["add"]
        return _shown(desk, _step_forms(desk, int(blank == "step")), _parameter_forms(desk, int(blank == "parameter")))
    if post.get("preview"):
        return _shown(desk, posted.steps, posted.parameters, preview=post["preview"])
    desk.refused([*posted.kept, *posted.declared])
    _tell(desk, posted.kept, posted.declared)
    if desk.faults:
        return _shown(desk, posted.steps, posted.parameters)
    return desk.onward("steps")


def _tell(desk: Desk, steps: list[StepForm], parameters: list[ParameterForm]) -> None:
    """Put the compiler's faults at the fields of these forms, which stand in the order of the document."""
    named = {str(form["name"].value()): form for form in parameters}
    if len(named) < len(parameters):
        desk.note(parameters[-1], "name", "two parameters have this name")
    for at, problem in seen_problems(desk, "steps"):
        form: Kept | None = named.get(str(at.row)) if at.group == "parameters" else None
        if at.group == "steps" and isinstance(at.row, int) and at.row < len(steps):
            form = steps[at.row]
        said = placing.sentence(problem, desk.draft.document)
        where = f"line {problem.line}, column {problem.column}: " if problem.line else ""
        desk.note(form, at.field, f"{where}{problem.message}", said=said)


def _step_forms(desk: Desk, blank: int = 0) -> list[StepForm]:
    rows: list[Entry] = []
    for place, step in enumerate(desk.steps()):
        kept = keeping.shown(step.get("materialise"))
        kept |= {"tests": testing.shown(step.get("tests")), **_on_others(step.get("engines"))}
        rows.append({**step, "was": place, **kept, **_retries(step.get("retries"))})
    rows += [{"materialise": "table", **_proposed(desk)}] * (blank or int(not rows))
    return list(Steps(initial=rows, prefix="steps").forms)


def _retries(entry: object) -> Entry:
    found = entry if isinstance(entry, Mapping) else {}
    return {"attempts": found.get("attempts"), "retry_on": values.joined(found.get("on"))}


def _proposed(desk: Desk) -> Entry:
    """A first step to start from: all columns of the first source, as they are."""
    if desk.steps():
        return {}
    for name, entry in desk.section("sources").items():
        columns = entry.get("columns")
        if isinstance(columns, Mapping) and columns:
            table = name.partition(".")[2]
            kind = "incremental" if entry.get("period") not in (None, "none") else "table"
            return {"dataset": f"staging.{table}", "sql": proposing.first_sql(name, list(columns)), "materialise": kind}
    return {}


def _parameter_forms(desk: Desk, blank: int = 0) -> list[ParameterForm]:
    given = desk.draft.document.get("values")
    chosen: Mapping[str, object] = given if isinstance(given, Mapping) else {}
    rows: list[Entry] = [
        {
            "was": name,
            "name": name,
            "type": entry.get("type"),
            "default": values.joined(chosen.get(name, entry.get("default"))),
            "choices": values.joined(entry.get("of")),
            "minimum": values.spelled(entry.get("min")),
            "maximum": values.spelled(entry.get("max")),
            "description": entry.get("description"),
        }
        for name, entry in desk.section("parameters").items()
    ]
    rows += [{"type": "integer"}] * blank
    return list(Parameters(initial=rows, prefix="parameters").forms)


def _shown(desk: Desk, steps: list[StepForm], parameters: list[ParameterForm], preview: str = "") -> HttpResponseBase:
    if desk.request.method != "POST":
        _tell(desk, steps, parameters)
    bench = desk.bench()
    context = {
        "forms": steps,
        "blank": Steps(prefix="steps").empty_form,
        "parameters": parameters,
        "blank_parameter": Parameters(prefix="parameters").empty_form,
        "picture": picturing.of_bench(bench),
        "readable": _readable(bench),
        "previewed": preview,
        "shown": picturing.preview(bench, Posted(desk.request.POST).place(preview)) if preview else None,
    }
    return desk.render("steps", context)


def _readable(bench: Bench) -> list[tuple[str, Known]]:
    """The datasets a step may read, those of this pipeline first."""
    own = {source.dataset for source in bench.sources} | {step.dataset for step in bench.laid.steps}
    ordered = sorted(bench.laid.known.items(), key=lambda pair: (pair[0] not in own, pair[0]))
    return ordered[:MOST_OFFERED]
