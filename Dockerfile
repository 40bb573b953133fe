# Tieline, for a machine or a worker of its own. docs/operations.md says how to use it.
#
#   docker build -t tieline .
#   docker run --rm -v ./my-network:/data tieline run
FROM python:3.12-slim AS build
WORKDIR /build
COPY pyproject.toml README.md LICENSE constraints.txt ./
COPY flows flows
COPY transforms transforms
COPY quality quality
COPY warehouse warehouse
RUN python -m venv /opt/tieline && \
    /opt/tieline/bin/pip install --no-cache-dir -c constraints.txt .

FROM python:3.12-slim
COPY --from=build /opt/tieline /opt/tieline
COPY prefect.yaml /opt/tieline/prefect.yaml
# Nobody is told where and how often Tieline runs; Prefect's state stays in the container's own folder.
ENV PATH=/opt/tieline/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    DO_NOT_TRACK=1 \
    PREFECT_SERVER_ANALYTICS_ENABLED=false \
    TIELINE_SETTINGS=/data/tieline.toml \
    TIELINE_LOG=json
RUN useradd --uid 1000 --create-home tieline && \
    mkdir /data /prefect && \
    chown tieline /data /prefect
USER 1000
VOLUME /data
WORKDIR /data
ENTRYPOINT ["tieline"]
CMD ["run"]
