"""Rules for Python: sizes, names, and where dangerous things may stand."""

import ast
from collections.abc import Iterator
from pathlib import Path

from scripts.house.finding import Finding, unexcused

FILE_LINES = 400
FUNCTION_LINES = 50
PRODUCT = {"controlplane", "pipelines_app", "monitoring_app"}
DOORS = {"web", "api"}

MODULES = {"utils", "util", "helpers", "common", "misc", "services", "managers", "selectors"}
VERBS = ("get_", "do_", "process_", "handle_")
EVERYWHERE_BANNED = {"eval", "exec", "compile", "mark_safe", "SafeString", "csrf_exempt"}
CSRF_EXEMPT = {"pipelines_app/web/hooks.py", "pipelines_app/api/hooks.py", "pipelines_app/web/webhooks.py"}
CLIENTS = {"requests", "urllib.request", "urllib3", "httpx", "http.client", "aiohttp", "requests_hardened"}
# Alerts go out, and the sample plays through the front doors.
# `remote` asks the address that somebody at a terminal has typed, as that person; no server imports it.
CLIENTS_MAY = ("monitoring_app/channels/", "controlplane/sample/", "pipelines_app/management/remote.py")
UNSAFE_MODULES = {"pickle", "marshal", "shelve", "dill", "cloudpickle"}
YAML_LOADS = {"yaml.load", "yaml.load_all", "yaml.unsafe_load", "yaml.full_load"}
LOOKUPS = {"get_object_or_404", "get_list_or_404"}
SQL_TAKERS = {"execute", "executemany", "executescript", "sql", "RawSQL"}


def judge(path: Path, source: str) -> list[Finding]:
    """Everything wrong with one Python file; the path is relative to the repository."""
    tree = ast.parse(source)
    findings = [Finding(path, line, rule, text) for rule, check in RULES.items() for line, text in check(path, tree)]
    if (lines := len(source.splitlines())) > FILE_LINES:
        findings.append(Finding(path, 1, "file-size", f"{lines} lines, {FILE_LINES} at most"))
    return sorted(unexcused(findings, source))


Found = Iterator[tuple[int, str]]
Function = ast.FunctionDef | ast.AsyncFunctionDef


def function_size(_path: Path, tree: ast.Module) -> Found:
    for node in ast.walk(tree):
        if (
            isinstance(node, Function)
            and (lines := (node.end_lineno or node.lineno) - node.lineno + 1) > FUNCTION_LINES
        ):
            yield node.lineno, f"{node.name} has {lines} lines, {FUNCTION_LINES} at most"


def inner_import(_path: Path, tree: ast.Module) -> Found:
    for node in ast.walk(tree):
        if isinstance(node, Function):
            yield from (
                (inner.lineno, f"imported inside {node.name}: move it to the top, or the code to where it belongs")
                for inner in ast.walk(node)
                if isinstance(inner, ast.Import | ast.ImportFrom)
            )


def module_name(path: Path, _tree: ast.Module) -> Found:
    for name in {path.stem, *path.parent.parts} & MODULES:
        yield 1, f"{name} says nothing: name the module for what it does"


def function_name(path: Path, tree: ast.Module) -> Found:
    if not _is_product(path):
        return
    for node in tree.body:
        if isinstance(node, Function) and node.name.startswith(VERBS):
            yield node.lineno, f"{node.name}: say what it does, or what it is"


def dangerous(path: Path, tree: ast.Module) -> Found:
    for node in ast.walk(tree):
        name = _called(node) if isinstance(node, ast.Call) else _decorated(node)
        if name in EVERYWHERE_BANNED and not (name == "csrf_exempt" and path.as_posix() in CSRF_EXEMPT):
            yield getattr(node, "lineno", 1), f"{name} is not used in this house"


def unsafe_loading(_path: Path, tree: ast.Module) -> Found:
    for line, module in _imports(tree):
        if module.split(".")[0] in UNSAFE_MODULES:
            yield line, f"{module} runs what it reads"
    safe = _safe_loaders(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in YAML_LOADS:
            loader = [ast.unparse(keyword.value) for keyword in node.keywords if keyword.arg == "Loader"]
            if not safe.issuperset(loader or [""]):
                yield node.lineno, "use yaml.safe_load, or a subclass of its loader"


def raw_queryset(_path: Path, tree: ast.Module) -> Found:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in {"raw", "extra"}:
            yield node.lineno, f".{node.func.attr}() goes round the query builder"


def built_sql(path: Path, tree: ast.Module) -> Found:
    if not _is_product(path):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args and _called(node) in SQL_TAKERS and _is_built(node.args[0]):
            yield node.lineno, "SQL is a tree or a constant, never a built string"


def http_client(path: Path, tree: ast.Module) -> Found:
    if not _is_product(path) or path.as_posix().startswith(CLIENTS_MAY):
        return
    for line, module in _imports(tree):
        if module in CLIENTS or module.split(".")[0] in CLIENTS:
            yield line, f"{module} leaves the house: only channels may, through the guarded client"


def unscoped_lookup(path: Path, tree: ast.Module) -> Found:
    if not (_is_product(path) and DOORS & set(path.parts)):
        return
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        if ast.unparse(node.func).endswith((".objects.all", ".objects.get")):
            yield node.lineno, "a door asks a queryset that knows who asks: visible_to(user)"
        if _called(node) in LOOKUPS and _is_model(node.args[:1]):
            yield node.lineno, f"{ast.unparse(node.args[0])} is looked up without visible_to(user)"


def _safe_loaders(tree: ast.Module) -> set[str]:
    """PyYAML's safe loaders, and the classes of this module that derive from one."""
    safe = {"yaml.SafeLoader", "yaml.CSafeLoader"}
    classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    return safe | {node.name for node in classes if safe & {ast.unparse(base) for base in node.bases}}


def _is_product(path: Path) -> bool:
    return path.parts[0] in PRODUCT


def _is_model(arguments: list[ast.expr]) -> bool:
    return any(isinstance(argument, ast.Name) and argument.id[:1].isupper() for argument in arguments)


def _called(node: ast.Call) -> str:
    """The last name of what is called: `execute` of `cursor.execute(...)`; compile and exec count only as builtins."""
    if isinstance(node.func, ast.Name):
        return node.func.id
    if isinstance(node.func, ast.Attribute) and node.func.attr not in {"compile", "exec", "eval"}:
        return node.func.attr
    return ""


def _decorated(node: ast.AST) -> str:
    """The banned name among a definition's decorators, `method_decorator(csrf_exempt)` included."""
    decorators = node.decorator_list if isinstance(node, Function | ast.ClassDef) else []
    inner = (part for decorator in decorators for part in ast.walk(decorator))
    names = {part.id if isinstance(part, ast.Name) else getattr(part, "attr", "") for part in inner}
    return next(iter(names & EVERYWHERE_BANNED), "")


def _imports(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.lineno, node.module
            yield from (
                (node.lineno, f"{node.module}.{alias.name}")
                for alias in node.names
                if node.module in {"urllib", "http"}
            )


def _is_built(argument: ast.expr) -> bool:
    """Whether a string is put together on the spot: f-string, +, %, format or join."""
    match argument:
        case ast.JoinedStr(values=values):
            return any(isinstance(value, ast.FormattedValue) for value in values)
        case ast.BinOp(op=ast.Add() | ast.Mod()):
            return True
        case ast.Call(func=ast.Attribute(attr="format" | "join")):
            return True
    return False


RULES = {
    "function-size": function_size,
    "inner-import": inner_import,
    "module-name": module_name,
    "function-name": function_name,
    "dangerous": dangerous,
    "unsafe-loading": unsafe_loading,
    "raw-queryset": raw_queryset,
    "built-sql": built_sql,
    "http-client": http_client,
    "unscoped-lookup": unscoped_lookup,
}
