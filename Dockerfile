# The base image of both stages: the current LTS line of Node.js, or your own copy of it, pinned by digest.
ARG NODE_IMAGE=node:26-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# A registry of your own comes with `--secret id=npmrc,src=$HOME/.npmrc` and stays out of the image.
RUN --mount=type=secret,id=npmrc,target=/root/.npmrc npm ci
COPY tsconfig.json tsconfig.build.json tsconfig.client.json ./
COPY src src
RUN npm run build && npm prune --omit=dev

FROM ${NODE_IMAGE}
WORKDIR /app
# Only its network interface makes a container reachable; everything else is configured as README says.
ENV NODE_ENV=production HOST=0.0.0.0
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY package.json LICENSE ./
# By number, so that Kubernetes can see that it is not root; no user of the base image has it.
USER 10001:10001
# The API, the metrics, and the mailbox where MAILBOX_LISTEN is 0.0.0.0:2525.
EXPOSE 3000 9464 2525
ENTRYPOINT ["node", "--enable-source-maps"]
CMD ["dist/server.js"]
LABEL org.opencontainers.image.title="Relay Tests" \
  org.opencontainers.image.description="Tests a customer's mail server for open relaying" \
  org.opencontainers.image.licenses="MIT"
# What changes with every build comes last.
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.version="${VERSION}" org.opencontainers.image.revision="${REVISION}"
