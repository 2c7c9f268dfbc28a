# The base image of both stages: the current LTS line of Node.js. You can set your own copy, pinned by digest.
ARG NODE_IMAGE=node:26-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# To use your own registry: `--secret id=npmrc,src=$HOME/.npmrc`. It stays out of the image.
RUN --mount=type=secret,id=npmrc,target=/root/.npmrc npm ci
COPY tsconfig.json tsconfig.build.json tsconfig.client.json tsconfig.console.json ./
COPY LICENSE ./
COPY packages packages
COPY src src
RUN npm run build && npm prune --omit=dev

FROM ${NODE_IMAGE}
WORKDIR /app
# A container is reached through its network interface, so the service listens on all. docs/configuration.md has all other settings.
ENV NODE_ENV=production HOST=0.0.0.0
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY package.json LICENSE ./
# A number, so that Kubernetes can see that it is not root. No user of the base image has this number.
USER 10001:10001
# The API, the metrics, and the mailbox (if MAILBOX_LISTEN is 0.0.0.0:2525).
EXPOSE 3000 9464 2525
ENTRYPOINT ["node", "--enable-source-maps"]
CMD ["dist/server.js"]
LABEL org.opencontainers.image.title="Relay Tests" \
  org.opencontainers.image.description="Tests a customer's mail server for open relaying" \
  org.opencontainers.image.licenses="MIT"
# The version changes with every build, so it comes last.
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.version="${VERSION}" org.opencontainers.image.revision="${REVISION}"
