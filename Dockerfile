# TypeScript runs as it is, so there is nothing to build: install what production needs, copy the source.
# Tag and digest of the index for all platforms; deploy/README.md says how it is moved.
ARG NODE_IMAGE=node:24.21.0-trixie-slim@sha256:173f125896c3b47ddf056734c7ea789d04595a6a08769a8f78e0df642781fb66

FROM ${NODE_IMAGE} AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund

FROM ${NODE_IMAGE}
# The kernel withholds from process 1 the signals it has no handler for: tini makes SIGTERM count from the first moment.
RUN apt-get update && apt-get install -y --no-install-recommends 'tini=0.19.*' && rm -rf /var/lib/apt/lists/*
ENV NODE_ENV=production
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY package.json ./
COPY src ./src
RUN install -d -m 0700 -o 10001 -g 10001 data
# A number, so that Kubernetes' runAsNonRoot can tell that it is not root.
USER 10001:10001
# All that is ever written; the root can be read-only.
VOLUME /app/data
EXPOSE 8080 9090
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --start-interval=1s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT || 8080}/healthz`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["tini", "--", "sh", "-c", "umask 077 && exec \"$@\"", "gateway"]
# Secrets come as environment or as this file of lines NAME=value; SIGUSR1 must not open a debugger.
CMD ["node", "--disable-sigusr1", "--env-file-if-exists=/run/secrets/gateway.env", "src/main.ts"]
