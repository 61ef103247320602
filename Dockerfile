# The image for those who have Docker or another engine: `docker build -t localhost/fsm-gateway:dev .`
# Equivalent to what `npm run build` makes without one (same node, same bundle, same entry point and user), not equal
# byte for byte. The project's tests compare its text with that build; they do not run it, as they need no engine.

FROM docker.io/library/golang:1.26.6-bookworm AS go

FROM docker.io/library/debian:bookworm-slim AS build
RUN apt-get update \
 && apt-get install -y --no-install-recommends npm libatomic1 libstdc++6 ca-certificates \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
COPY hack/setup hack/setup
# node_modules/.bin/node is the node that package-lock.json pins.
RUN sh hack/setup
COPY hack hack
COPY capabilities capabilities
COPY src src
RUN node_modules/.bin/node hack/image/bundle-only.ts dist/bundle
# What `fsm-gateway check` judges by, out of Gateway API's own Go module.
COPY --from=go /usr/local/go /usr/local/go
RUN PATH="/usr/local/go/bin:$PATH" node_modules/.bin/node hack/gateway-api/build-definitions.ts dist/bundle/gateway-api-crds.json
# The root file system: node, what ldd names, and the files under /etc that libc reads.
RUN mkdir -p /rootfs/usr/bin /rootfs/etc/ssl/certs /rootfs/tmp /rootfs/app \
 && chmod 1777 /rootfs/tmp \
 && cp -L node_modules/.bin/node /rootfs/usr/bin/node \
 && for library in $(ldd /rootfs/usr/bin/node | grep -o '/[^ ]* (0x' | cut -d' ' -f1); do \
      mkdir -p "/rootfs$(dirname "$library")" && cp -L "$library" "/rootfs$library"; \
    done \
 && cp /etc/ssl/certs/ca-certificates.crt /rootfs/etc/ssl/certs/ \
 && printf 'root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/:/sbin/nologin\n' > /rootfs/etc/passwd \
 && printf 'root:x:0:\nnonroot:x:65532:\n' > /rootfs/etc/group \
 && printf 'passwd: files\ngroup: files\nhosts: files dns\n' > /rootfs/etc/nsswitch.conf \
 && cp -r dist/bundle/. /rootfs/app/

FROM scratch
COPY --from=build /rootfs /
ENV PATH=/usr/bin NODE_ENV=production
USER 65532:65532
WORKDIR /app
ENTRYPOINT ["/usr/bin/node", "--max-semi-space-size=4", "--no-parallel-scavenge", "--disable-warning=DEP0040", "/app/fsm-gateway.js"]
