# The production dependencies alone: the program has them inside, but scanners look for them here.
# The package `node` is a devDependency for machines with an older Node: not needed here.
FROM node:26-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev

FROM node:26-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json tsconfig.build.json rolldown.config.ts ./
COPY src ./src
RUN npm run build

FROM node:26-slim
LABEL org.opencontainers.image.title="Gatehouse" \
      org.opencontainers.image.description="An authentication gateway: OAuth tokens in front of the HTTP APIs you already have." \
      org.opencontainers.image.licenses="Apache-2.0"
WORKDIR /app
COPY package.json LICENSE ./
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist

# Where `store: { type: embedded, path: /var/lib/gatehouse/gatehouse.db }` keeps its file. A volume made from it has this owner.
RUN install -d -o node -g node -m 0700 /var/lib/gatehouse
VOLUME /var/lib/gatehouse
USER node

# There is no configuration in the image: without one mounted here, `start` says so and exits with 2.
# argon2id takes 19 MiB for a moment. Told nothing, glibc keeps some 30 MB of that for each of Node's four threads; with a fixed bound
# it gives back at once what is larger.
ENV NODE_ENV=production \
    MALLOC_MMAP_THRESHOLD_=4194304 \
    MALLOC_TRIM_THRESHOLD_=8388608 \
    GATEHOUSE_CONFIG=/etc/gatehouse/gatehouse.yaml \
    GATEHOUSE_READY=http://127.0.0.1:8081/health/ready
EXPOSE 8080 8081

HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
  CMD ["node", "-e", "fetch(process.env.GATEHOUSE_READY).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]

# Exec form: the gateway itself gets the signal, and drains. Give it 35 s (`docker stop --time 35`): requests may take up to 30.
STOPSIGNAL SIGTERM
ENTRYPOINT ["node", "dist/main.js"]
CMD ["start"]
