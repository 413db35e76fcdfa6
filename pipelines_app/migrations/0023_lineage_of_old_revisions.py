"""What every revision so far declared of lineage, from when to when, and what other tools told of."""

from django.db import migrations

AT_ONCE = 2_000


def since_when(apps, schema_editor):
    """Edges hold from their revision to the next; links for as long as revisions go on declaring them."""
    Pipeline = apps.get_model("pipelines_app", "Pipeline")
    for pipeline in Pipeline.objects.order_by("pk").iterator():
        revisions = list(pipeline.revisions.order_by("number").values_list("pk", "created_at"))
        open_links = {}
        for place, (pk, at) in enumerate(revisions):
            until = revisions[place + 1][1] if place + 1 < len(revisions) else None
            declared = _of_revision(apps, pk, at, until)
            _follow(apps, open_links, declared, pk, at)
        _listen(apps, pipeline)


def _of_revision(apps, pk, at, until):
    """Date the edges of a revision, say in which way they lead, and keep its gaps; gives what is made from what."""
    Edge = apps.get_model("pipelines_app", "Edge")
    Gap = apps.get_model("pipelines_app", "Gap")
    compiled = apps.get_model("pipelines_app", "Revision").objects.get(pk=pk).compiled or {}
    steps = compiled.get("steps", [])
    ways = {
        (edge[0], edge[1], step["dataset"], edge[2], edge[3]): (",".join(edge[4]), edge[5])
        for step in steps
        for edge in step.get("edges", [])
        if len(edge) > 5
    }
    Edge.objects.filter(revision=pk).update(valid_from=at, valid_to=until)
    edges = list(Edge.objects.filter(revision=pk).select_related("source", "target"))
    for edge in edges:
        key = (edge.source.name, edge.source_column, edge.target.name, edge.target_column, edge.kind)
        edge.how, edge.masked = ways.get(key, ("", False))
    Edge.objects.bulk_update([edge for edge in edges if edge.how or edge.masked], ["how", "masked"], batch_size=500)
    targets = {edge.target.name: edge.target_id for edge in edges}
    Gap.objects.bulk_create(
        Gap(revision_id=pk, dataset_id=targets[step["dataset"]], reason=reason, valid_from=at, valid_to=until)
        for step in steps
        if step["dataset"] in targets
        for reason in dict.fromkeys(one[:500] for one in step.get("partial", ()))
    )
    declared = {}
    for edge in edges:
        pair = (edge.source_id, edge.target_id)
        declared[pair] = declared.get(pair, False) or edge.kind == "direct"
    return declared


def _follow(apps, open_links, declared, pk, at):
    Link = apps.get_model("pipelines_app", "Link")
    wanted = {(*pair, by_value) for pair, by_value in declared.items()}
    for way in [way for way in open_links if way not in wanted]:
        Link.objects.filter(pk=open_links.pop(way)).update(valid_to=at)
    for source, target, by_value in sorted(wanted - open_links.keys()):
        link = Link.objects.create(
            revision_id=pk, source_id=source, target_id=target, by_value=by_value, valid_from=at
        )
        open_links[source, target, by_value] = link.pk


def _listen(apps, pipeline):
    """Datasets of other tools lead to what the pipelines that listen to them make from nothing of their own."""
    listeners = list(pipeline.listeners.all())
    if not listeners or pipeline.current is None:
        return
    steps = pipeline.current.compiled.get("steps", [])
    made = {step["dataset"] for step in steps}
    names = [step["dataset"] for step in steps if not made & set(step["inputs"])]
    roots = apps.get_model("pipelines_app", "Dataset").objects.filter(name__in=names)
    for listener in listeners:
        heard, _ = apps.get_model("pipelines_app", "ForeignDataset").objects.get_or_create(
            team_id=pipeline.team_id, namespace=listener.namespace, name=listener.dataset
        )
        for root in roots:
            apps.get_model("pipelines_app", "Link").objects.create(
                revision=pipeline.current,
                foreign_source=heard,
                target=root,
                by_value=False,
                valid_from=pipeline.current.created_at,
            )


def told(apps, schema_editor):
    """What runs of other tools that ended well told of: it holds now if the newest of its job told it."""
    jobs = {}
    runs = apps.get_model("pipelines_app", "ForeignRun").objects.filter(state="complete", ended_at__isnull=False)
    for run in runs.order_by("ended_at").iterator():
        job = apps.get_model("pipelines_app", "ForeignJob").objects.update_or_create(
            team_id=run.team_id, namespace=run.namespace, name=run.job, defaults={"last_at": run.ended_at}
        )[0]
        jobs[run.pk] = job.pk
    last = dict(apps.get_model("pipelines_app", "ForeignJob").objects.values_list("pk", "last_at"))
    edges = apps.get_model("pipelines_app", "ForeignEdge").objects.filter(run__in=list(jobs))
    apps.get_model("pipelines_app", "Link").objects.bulk_create(
        [
            apps.get_model("pipelines_app", "Link")(
                job_id=jobs[edge.run_id],
                foreign_source_id=edge.source_id,
                foreign_target_id=edge.target_id,
                by_value=True,
                valid_from=edge.run.ended_at,
                valid_to=None if last[jobs[edge.run_id]] == edge.run.ended_at else edge.run.ended_at,
                last_at=edge.run.ended_at,
            )
            for edge in edges.select_related("run")
        ],
        batch_size=AT_ONCE,
    )


class Migration(migrations.Migration):
    dependencies = [
        ("pipelines_app", "0022_lineage_by_time"),
    ]

    operations = [
        migrations.RunPython(since_when, migrations.RunPython.noop),
        migrations.RunPython(told, migrations.RunPython.noop),
    ]
