"""The audit trail and the event log are append-only, and the database itself says no.

On PostgreSQL rows can be neither changed nor deleted from the audit trail, nor changed in the event log. SQLite, where
the platform has one writer and its owner holds the file, refuses the changes.
"""

from django.db import migrations

POSTGRES = """
CREATE FUNCTION loopline_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END $$;
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON pipelines_app_auditentry
    FOR EACH ROW EXECUTE FUNCTION loopline_append_only();
CREATE TRIGGER event_append_only BEFORE UPDATE ON pipelines_app_event
    FOR EACH ROW EXECUTE FUNCTION loopline_append_only();
"""
POSTGRES_BACK = """
DROP TRIGGER event_append_only ON pipelines_app_event;
DROP TRIGGER audit_append_only ON pipelines_app_auditentry;
DROP FUNCTION loopline_append_only();
"""
SQLITE = [
    f"""CREATE TRIGGER {name} BEFORE UPDATE ON {table}
    BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"""
    for name, table in (("audit_append_only", "pipelines_app_auditentry"), ("event_append_only", "pipelines_app_event"))
]


def install(apps, editor):
    if editor.connection.vendor == "postgresql":
        editor.execute(POSTGRES, params=None)  # its percent sign is no placeholder
    else:
        for statement in SQLITE:
            editor.execute(statement)


def remove(apps, editor):
    if editor.connection.vendor == "postgresql":
        editor.execute(POSTGRES_BACK)
    else:
        for name in ("audit_append_only", "event_append_only"):
            editor.execute(f"DROP TRIGGER {name}")


class Migration(migrations.Migration):
    dependencies = [("pipelines_app", "0001_initial")]
    operations = [migrations.RunPython(install, remove)]
