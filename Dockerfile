FROM python:3.13-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build

# What changes seldom comes first, so that its layers are kept. /opt/gateway goes into the image, /opt/tools does not.
COPY requirements.txt requirements-build.txt ./
RUN python -m venv /opt/tools \
    && /opt/tools/bin/pip install --require-hashes -r requirements-build.txt
RUN python -m venv --without-pip /opt/gateway \
    && /opt/tools/bin/pip --python /opt/gateway/bin/python install --require-hashes -r requirements.txt

COPY pyproject.toml README.md LICENSE ./
COPY gateway gateway
COPY connectors connectors
COPY sandbox sandbox
RUN /opt/tools/bin/pip wheel --no-deps --no-build-isolation --wheel-dir dist . \
    && /opt/tools/bin/pip --python /opt/gateway/bin/python install --no-deps --no-index dist/*.whl
RUN mkdir /opt/journal


FROM python:3.13-slim
LABEL org.opencontainers.image.title="Journey Gateway" \
    org.opencontainers.image.licenses="Apache-2.0"
ENV PATH=/opt/gateway/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
COPY --from=build /opt/gateway /opt/gateway

# The journal: the only place that is written to, also by the demo. Mount a volume, or name a PostgreSQL database.
COPY --from=build --chown=65532:65532 /opt/journal /opt/journal
ENV GATEWAY_STORE__URL=sqlite:////opt/journal/journey.db TMPDIR=/opt/journal
VOLUME /opt/journal

# gateway.toml is mounted here.
WORKDIR /etc/gateway
USER 65532:65532
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
    CMD ["python", "-Ic", "import http.client as h; c = h.HTTPConnection('127.0.0.1', 8000, timeout=2); c.request('GET', '/healthz'); raise SystemExit(c.getresponse().status != 200)"]
ENTRYPOINT ["gateway"]
CMD ["serve", "--host", "0.0.0.0"]
