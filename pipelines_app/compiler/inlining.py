"""A query that holds what it reads: every dataset in it stands for a query of its own."""

from collections.abc import Mapping

from sqlglot import exp

from pipelines_app.compiler import dialects, statements


def over(query: exp.Query, held: Mapping[str, exp.Query]) -> exp.Query:
    """A query over exactly these, so that nothing else of their names is read."""
    whole = query.copy()
    names = {dataset: f"_loopline_{place}" for place, dataset in enumerate(held)}
    for table in whole.find_all(exp.Table):
        inner = names.get(statements.dataset_name(table)) if table.db else None
        if inner:
            if not table.alias:
                table.set("alias", exp.TableAlias(this=exp.to_identifier(table.name, quoted=True)))
            table.set("this", exp.to_identifier(inner, quoted=True))
            table.set("db", None)
    before = whole.ctes
    for dataset, rows in held.items():
        alias = exp.TableAlias(this=exp.to_identifier(names[dataset], quoted=True))
        whole = whole.with_(alias, as_=dialects.standing(rows, query), copy=False)
    if before:  # a part of a query sees those before it
        clause = whole.args["with_"]
        clause.set("expressions", [*(one for one in clause.expressions if one not in before), *before])
    return whole
