"""Template and values in, definition out: the same every time, and all that comes after knows nothing of templates."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from pipelines_app.compiler import documents, drafting, names, parameters, periods, placeholders, templating
from pipelines_app.compiler.definition import Definition, Origin, Parameter
from pipelines_app.compiler.filling import Filling
from pipelines_app.compiler.parameters import ValueRefused
from pipelines_app.compiler.reading import described, step_into
from pipelines_app.compiler.templating import Asked, Document, Filled, Template
from pipelines_app.errors import DefinitionInvalid, Problem, StatementRefused

MOST_MADE = 500
FOR_EACH = "for_each"
_VALUES = "template.values"
_SAMPLES: Mapping[str, object] = {
    "integer": 1,
    "decimal": "1",
    "boolean": True,
    "date": "2013-01-01",
    "timestamp": "2013-01-01T00:00:00",
    "string": "example",
    "column": "example",
    "dataset": "raw.example_rows",
    "columns": {"example": "VARCHAR"},
}


@dataclass(frozen=True, kw_only=True)
class Made:
    """Where in the template a step comes from, and which item of a list it is for."""

    path: str
    item: str = ""


@dataclass(frozen=True, kw_only=True)
class Expanded:
    """What a template makes of values, and where each of its steps comes from."""

    definition: Definition
    steps: tuple[Made, ...]

    def placed(self, problems: Sequence[Problem]) -> list[Problem]:
        """Faults of the definition as faults of the file that gives the values."""
        origin = self.definition.origin
        named = f"{origin.template} revision {origin.revision}" if origin else ""
        return [_placed(problem, named, self.steps) for problem in problems]


def _placed(problem: Problem, named: str, steps: Sequence[Made]) -> Problem:
    path = problem.path
    if path in templating.INSTANCE_KEYS or path.startswith("template"):
        return problem
    if path.startswith("parameters."):
        return replace(problem, path=f"{_VALUES}.{path.removeprefix('parameters.').partition('.')[0]}")
    where = _in_template(path, steps)
    return replace(problem, path="template", message=f"in {named}, {where}: {problem.message}")


def _in_template(path: str, steps: Sequence[Made]) -> str:
    """A path of the definition as a path of the template."""
    if not path.startswith("steps["):
        return path
    number, _, rest = path.removeprefix("steps[").partition("]")
    made = steps[int(number)] if number.isdigit() and int(number) < len(steps) else None
    if made is None:
        return path
    return f"{made.path}{rest}" + (f" ({made.item})" if made.item else "")


def expand(template: Template, revision: int, filled: Filled) -> Expanded:
    """The definition that a revision of a template makes of values; raises DefinitionInvalid with every fault.

    Paths are those of the file that gives the values; faults of what the template says are told with their place in it.
    """
    problems: list[Problem] = []
    values = _given(template, filled.values, problems)
    if problems:
        raise DefinitionInvalid(problems)
    said = {name: parameters.dumped(values[name], values[name].value) for name in values if name in filled.values}
    origin = Origin(template=template.name, revision=revision, values=said)
    named = f"{template.name} revision {revision}"
    filling = Filling(values=values)
    document, steps = _document(template, filled, filling)
    _refuse(filling.problems, named, ())
    try:
        definition = documents.parse(document)
    except DefinitionInvalid as invalid:
        _refuse(invalid.problems, named, steps)
        raise
    return Expanded(definition=replace(definition, origin=origin), steps=tuple(steps))


def _refuse(problems: Sequence[Problem], named: str, steps: Sequence[Made]) -> None:
    if problems:
        raise DefinitionInvalid([_placed(problem, named, steps) for problem in problems])


def _given(template: Template, given: Mapping[str, object], problems: list[Problem]) -> dict[str, Parameter]:
    """The template's parameters with the values given, or else their defaults."""
    for name in given:
        if name not in template.by_name:
            near = names.nearest(name, template.by_name)
            hint = f"; did you mean {near}?" if near else f"; it asks for {', '.join(template.by_name) or 'nothing'}"
            message = f"the template {template.name} has no parameter {name!r}{hint}"
            problems.append(Problem(path=step_into(_VALUES, str(name)), message=message, suggestion=near))
    found: dict[str, Parameter] = {}
    for asked in template.asked:
        try:
            found[asked.name] = _valued(asked, given.get(asked.name))
        except ValueRefused as refused:
            problems.append(Problem(path=step_into(_VALUES, asked.name), message=str(refused)))
    return found


def _valued(asked: Asked, given: object) -> Parameter:
    described_so = replace(asked.parameter, description=asked.label or asked.help)
    if given is not None:
        return parameters.with_value(described_so, given)
    if asked.required:
        raise ValueRefused(f"${asked.name} ({asked.words}) needs a value")
    return described_so


def _document(template: Template, filled: Filled, filling: Filling) -> tuple[Document, list[Made]]:
    """The whole document of the pipeline, and where its steps come from."""
    body = {key: value for key, value in template.body.items() if key not in ("steps", "summary")}
    steps: list[object] = []
    made: list[Made] = []
    for step, whence in _steps(template, filling):
        steps.append(step)
        made.append(whence)
    rest = {key: filling.value(value, key, key) for key, value in body.items()}
    _declare_given(rest.get("sources"), filling)
    summary = filling.value(template.body.get("summary") or "", "summary", "summary")
    document: Document = {
        "pipeline": filled.pipeline,
        "team": filled.team,
        "description": filled.description or summary,
        "parameters": {name: _dump(one) for name, one in filling.declared.items()},
        "sources": rest.pop("sources", None),
        "steps": steps,
        **rest,
    }
    return {key: value for key, value in document.items() if value}, made


def _dump(parameter: Parameter) -> Document:
    return parameters.dump(parameter)


def _declare_given(sources: object, filling: Filling) -> None:
    """Declare what messages and the names of files give."""
    for source in sources.values() if isinstance(sources, Mapping) else ():
        if not isinstance(source, Mapping):
            continue
        payload = source.get("payload")
        pointed = payload.get("parameters") if isinstance(payload, Mapping) else None
        for name in [*(pointed if isinstance(pointed, Mapping) else ()), *periods.placed(str(source.get("from", "")))]:
            filling.declare(str(name))


def _steps(template: Template, filling: Filling) -> Iterator[tuple[object, Made]]:
    """The steps filled, one for each item of a list where they ask for it."""
    listed = template.body.get("steps")
    count = 0
    for place, step in enumerate(listed if isinstance(listed, list) else ()):
        path = f"steps[{place}]"
        if not isinstance(step, Mapping) or step.get(FOR_EACH) is None:
            yield filling.value(step, path, "steps"), Made(path=path)
            continue
        plain = {key: value for key, value in step.items() if key != FOR_EACH}
        for item, inner in _items(step, path, filling):
            count += 1
            if count > MOST_MADE:
                filling.problems.append(Problem(path=path, message=f"{MOST_MADE} steps are the most"))
                return
            yield inner.value(plain, path, "steps"), Made(path=path, item=item)


def _items(step: Mapping[str, object], path: str, filling: Filling) -> Iterator[tuple[str, Filling]]:
    """For each item of the list that a step names, the item in words and the filling that knows it."""
    path = f"{path}.{FOR_EACH}"
    name, over, fault = _named(step, filling)
    if fault:
        filling.problems.append(Problem(path=path, message=fault))
        return
    filling.used.add(over)
    listed = filling.values[over]
    seen: dict[str, object] = {}
    for place, value in enumerate(listed.value if isinstance(listed.value, tuple) else (), start=1):
        one = replace(listed, name=name, type=parameters.element_type(listed.type), value=value)
        inner = filling.for_item(name, one, place)
        made = inner.name(str(step.get("dataset", "")), path, lower=True)
        if made in seen:
            message = f"{seen[made]!r} and {value!r} of ${over} both make {made}: leave one out"
            filling.problems.append(Problem(path=step_into(_VALUES, over), message=message))
        seen[made] = value
        yield f"{name} = {value}", inner


def _named(step: Mapping[str, object], filling: Filling) -> tuple[str, str, str]:
    """What a step calls each item and the list it goes through; or what is wrong with that."""
    said = step[FOR_EACH]
    if not isinstance(said, Mapping) or len(said) != 1:
        return "", "", f"is written {{carrier: carriers}}, the name of an item and of a list, not {described(said)}"
    name, over = (str(part) for pair in said.items() for part in pair)
    fault = names.parameter_fault(name)
    if not fault and name in filling.values:
        fault = f"{name!r} is a parameter of the template already: call the item otherwise"
    if not fault and over not in filling.values:
        fault = f"the template has no parameter {over!r}{names.hint(over, filling.values)}"
    if not fault and not filling.values[over].type.startswith("list["):
        fault = f"{over!r} is a {filling.values[over].type}, and not a list"
    if not fault and f"${{{name}}}" not in str(step.get("dataset", "")):
        fault = f"the name of the dataset must hold ${{{name}}}, or all items would make the same"
    return name, over, fault


def parse(document: Mapping[str, object], *, shipped: bool = False) -> Template:
    """A template, tried with its defaults and examples; raises DefinitionInvalid with every fault found."""
    template, reader = templating.read(document, shipped=shipped)
    if not reader.problems:
        reader.problems.extend(_tried(template)[0])
    if reader.problems:
        raise DefinitionInvalid(reader.problems)
    return template


def unused(template: Template) -> list[str]:
    """The parameters that nothing in the template uses."""
    return [asked.name for asked in template.asked if asked.name not in _tried(template)[1]]


def _tried(template: Template) -> tuple[list[Problem], set[str]]:
    """The faults of a template as they show with sample values, and the parameters it uses."""
    guessed: list[str] = []
    filling = Filling(values={one.name: replace(one.parameter, value=_sample(one, guessed)) for one in template.asked})
    filled = Filled(pipeline="example", team="example", template=template.name)
    document, steps = _document(template, filled, filling)
    if filling.problems:
        return filling.problems, filling.used
    try:
        definition = documents.stored(document)
    except DefinitionInvalid as invalid:
        hint = f" (tried with a guess for {', '.join(guessed)}: an `example` there is better)" if guessed else ""
        found = [replace(one, path=_in_template(one.path, steps)) for one in invalid.problems]
        return [replace(one, message=one.message + hint) for one in found], filling.used
    return _sql_faults(definition, steps), filling.used


def _sql_faults(definition: Definition, steps: Sequence[Made]) -> list[Problem]:
    found = []
    for step, made in zip(definition.steps, steps, strict=True):
        path = f"{made.path}.sql"
        try:
            drafting.draft(step, definition.parameters, path)
        except StatementRefused as refused:
            found.append(Problem(path=path, message=refused.message, line=refused.line, column=refused.column))
    return found


def _sample(asked: Asked, guessed: list[str]) -> object:
    """A value to try the template with: its default, its example, or one that its type allows."""
    if not asked.required:
        return asked.parameter.value
    if asked.example is not None:
        return asked.example
    guessed.append(asked.name)
    element = parameters.element_type(asked.parameter.type)
    bounds = [asked.parameter.minimum, asked.parameter.maximum, _SAMPLES.get(element)]
    one = next(iter([*asked.parameter.choices, *(bound for bound in bounds if bound is not None)]))
    return (one,) if asked.parameter.type.startswith("list[") else one


def alone(text: str) -> str:
    """The parameter that a text of a template is, and nothing else; empty for any other text."""
    return placeholders.stands_alone(text)
