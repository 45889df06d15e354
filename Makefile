# tug: the two that a newcomer wants are `make demo` and `make test`; docs/manual/install.md tells what they need.

export CGO_ENABLED = 0
PREFIX ?= /usr/local
VERSION ?= $(shell git describe --tags --match 'v*' --dirty 2>/dev/null | sed 's/^v//')
COMMIT = $(shell git rev-parse --short HEAD 2>/dev/null || echo unknown)
BUILT = $(shell TZ=UTC git log -1 --date=format-local:%Y-%m-%dT%H:%M:%SZ --format=%cd 2>/dev/null)
LDFLAGS = -s -w -X main.commit=$(COMMIT) -X main.built=$(BUILT) $(if $(VERSION),-X main.version=$(VERSION))
GOFILES = $(shell git ls-files --cached --others --exclude-standard '*.go')
WITH_REGISTRY = images/with-registry

.PHONY: help build install images registry demo test crash test-vm parity bench lint fmt clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## build tug, tugd, tug-shim and tug-build into bin/
	go build -trimpath -ldflags '$(LDFLAGS)' -o bin/ ./cmd/...

install: build ## copy them to PREFIX/bin (default /usr/local)
	install -d $(DESTDIR)$(PREFIX)/bin
	install -m 755 bin/tug bin/tugd bin/tug-shim bin/tug-build $(DESTDIR)$(PREFIX)/bin
	install -d $(DESTDIR)$(PREFIX)/lib/tug/cli-plugins
	ln -sf ../../../bin/tug-build $(DESTDIR)$(PREFIX)/lib/tug/cli-plugins/docker-buildx

images: ## make the base images from Debian's packages
	$(WITH_REGISTRY) images/make

registry: ## serve the base images on 127.0.0.1:5000 until Ctrl+C
	TUG_REGISTRY_PORT=$${TUG_REGISTRY_PORT:-5000} $(WITH_REGISTRY) sh -c 'images/make && echo "serving on $$TUG_REGISTRY" && exec sleep infinity'

demo: build ## run nginx and build a web server, from an empty machine, step by step
	$(WITH_REGISTRY) sh -c 'images/make && scripts/demo'

test: build ## run all tests on this machine (root)
	scripts/apt-install iproute2 curl runc busybox-static nftables iptables xz-utils skopeo
	$(WITH_REGISTRY) sh -c 'images/make && TUG_TEST_REGISTRY=$$TUG_REGISTRY go test -timeout 40m $(TESTFLAGS) ./...'

crash: ## kill the engine at random for a quarter of an hour, and run 10,000 containers (root)
	$(WITH_REGISTRY) sh -c 'images/make && TUG_TEST_REGISTRY=$$TUG_REGISTRY TUG_CRASH_SEEDS=50 TUG_LOAD_RUNS=10000 TUG_LOAD_ROUNDS=10000 \
		go test -count 1 -timeout 2h -v -run "Whatever|Containers|Runs|NeverRead" ./test/crash'

test-vm: ## test the engine on other kernels, with systemd and on arm64, in virtual machines
	test/vm/run

parity: ## compare with Docker, session by session (ONLY=run/ for some); builds a Docker the first time
	$(WITH_REGISTRY) images/make
	test/parity/run

bench: build ## measure against unshare, docker.io and podman
	$(WITH_REGISTRY) sh -c 'images/make && bench/run'

lint: ## vet, staticcheck, format, and the layers' import rules
	go vet ./...
	go tool staticcheck ./...
	@unformatted=$$(go tool gofumpt -l $(GOFILES)); if [ -n "$$unformatted" ]; then \
		echo "not formatted (make fmt does it):"; echo "$$unformatted"; exit 1; fi
	go run ./tools/importcheck
	GOARCH=arm64 go build ./cmd/...

fmt: ## format all Go files
	go tool gofumpt -w $(GOFILES)

clean: ## remove what build made
	rm -rf bin
