FROM python:3.13-slim AS packages
WORKDIR /build
COPY requirements/image.lock requirements/spark.lock ./
RUN python -m venv /opt/loopline \
 && /opt/loopline/bin/pip install --no-cache-dir --require-hashes --no-deps -r image.lock
# `--build-arg WITH_SPARK=1` adds Spark's client, for environments that run there.
ARG WITH_SPARK=
RUN [ -z "$WITH_SPARK" ] || /opt/loopline/bin/pip install --no-cache-dir --require-hashes --no-deps -r spark.lock

FROM python:3.13-slim
ENV PATH=/opt/loopline/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
RUN useradd --system --uid 10001 --home-dir /var/lib/loopline --create-home loopline && install -d -o loopline /srv/drops
COPY --from=packages /opt/loopline /opt/loopline
WORKDIR /opt/src
COPY manage.py pyproject.toml LICENSE ./
COPY controlplane controlplane
COPY pipelines_app pipelines_app
COPY monitoring_app monitoring_app
COPY templates templates
COPY static static
COPY scripts/__init__.py scripts/ready.py scripts/
# The keys below belong to this one build step: nothing they sign is kept.
RUN SECRET_KEY=only-while-the-image-is-built-only-while-the-image-is-built \
    VAULT_KEYS=MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE= ALLOWED_HOSTS=localhost LOOPLINE_URL=https://localhost \
    DATABASE_URL=postgresql://nobody@127.0.0.1/none REDIS_URL=redis://127.0.0.1 LOOPLINE_HOME=/tmp/build \
    DJANGO_SETTINGS_MODULE=controlplane.settings.production python manage.py collectstatic --noinput \
 && python -m compileall -q . && rm -rf /tmp/build
USER loopline
VOLUME /var/lib/loopline /srv/drops
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s CMD ["python", "-m", "scripts.ready"]
CMD ["gunicorn", "controlplane.wsgi", "--preload", "-k", "gthread", "--workers", "2", "--threads", "8", "--bind", "0.0.0.0:8000"]
