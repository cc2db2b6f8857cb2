# Airflow with Node and the apps of Deltaworks beside it: its tasks are their commands.
FROM node:20.20.2-bookworm-slim AS build
WORKDIR /build
COPY . .
RUN npm ci --no-audit --no-fund && npm run build && npm prune --omit=dev && rm -rf demo benchmarks tools .nx

FROM apache/airflow:2.10.5-python3.11
USER root
COPY --from=build /usr/local/bin/node /usr/local/bin/node
COPY --from=build /build /opt/deltaworks
RUN for app in batch maintenance export console; do \
      ln -s "/opt/deltaworks/apps/$app/bin/deltaworks-$app.cjs" "/usr/local/bin/deltaworks-$app"; \
    done \
  && mkdir -p /opt/airflow/reports /opt/airflow/warehouse \
  && chown -R airflow /opt/airflow/reports /opt/airflow/warehouse
USER airflow
