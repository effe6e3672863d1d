# docker-btrfs. Start with `make demo` or `make test`, as root on a Debian 12 with Swift: both install what is missing.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
# What programs say, and how they sort, is compared.
export LC_ALL := C.UTF-8

bin := .build/bin
programs := $(bin)/docker-btrfs-init $(bin)/docker-btrfs
embedded := DOCKER_BTRFS_EMBEDDED=1 swift build --quiet --configuration release --scratch-path .build-embedded
# Debian's packages, by what they are for. build: static archives for docker-btrfs-init and headers for both programs. unit: what
# the unit tests have files read and written by.
packages_build := libbtrfsutil-dev libblkid-dev liblzma-dev libmount-dev libjansson-dev libmd-dev libzstd-dev nettle-dev zlib1g-dev
packages_unit := attr binutils busybox bzip2 cpio grub-common jq lz4 lzop xz-utils zstd
packages_lint := python3 shellcheck
packages_lab := $(shell cat Tests/Lab/packages)
packages_bench := busybox rsync time
packages_deb := dpkg-dev lintian

export STARTED := $(or $(STARTED),$(shell date +%s))
say = @printf '[%2d min] ==> %s\n' $$(((EPOCHSECONDS - STARTED) / 60))
# $(call run-tests,OPTIONS): what failed is said once more at the end, where somebody looks. Who crashed is who had begun.
run-tests = @umask 022; log=$$(mktemp); trap 'rm -f "$$log"' EXIT; MAKEFLAGS= swift test $(again) --event-stream-output-path "$$log" $(1) || \
    { printf '\n==> failed\n'; Tests/Lab/failures "$$log"; exit 1; }
# What a tier needs. `make test` makes it first, and says so by READY: nothing builds beside tests, for which SwiftPM waits.
lab := $(if $(READY),,packages-lab build)
again := $(if $(READY),--skip-build --ignore-lock)
# All but the two tiers that need root and QEMU.
but-tiers := --skip '^LoopTests\.' --skip '^GuestTests\.'

.PHONY: help
help: ## What can be made
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile | expand -t 22

.PHONY: demo
demo: packages-lab build ## Boot a machine from a Docker image, in QEMU
	@Tests/Lab/demo

.PHONY: build
build: packages-build ## Both programs, in .build/bin
	@$(MAKE) --no-print-directory --jobs 2 $(programs)

# The tests on btrfs keep one processor busy, and Debian 13, power cuts and what guests boot, one after the other, the other. What a
# target said is shown when it has ended.
.PHONY: test
test: lint test-unit packages deb test-programs ## Everything: lint, unit, Debian 13, loop-mounted btrfs, power cuts, QEMU
	$(say) "beside each other: tests on loop-mounted btrfs; Debian 13, power cuts and disks for guests"
	@$(MAKE) --no-print-directory --jobs 2 --output-sync=target READY=1 BESIDE=1 test-loop test-trixie test-crash lab-guest
	@$(MAKE) --no-print-directory READY=1 test-guest

# Needs neither root, where the packages are there, nor a virtual machine.
.PHONY: check
check: lint test-unit ## Lint and unit tests: a minute, once it is built

.PHONY: lint
lint: packages-lint ## The form of Swift and of the scripts; the table of modules
	$(say) "lint"
	@swift format lint --strict --recursive Package.swift Sources Tests
	@Tests/Lab/modules
	@git ls-files hooks install Tests/Lab Tests/Bench Tests/Fuzz/run .ci | while read -r file; do \
	    case $$(head -c 64 "$$file" | grep -m 1 .) in \
	    '#!'*bash | '# shellcheck shell=bash') shellcheck -x -s bash "$$file" ;; \
	    '#!'*sh) shellcheck -x -s dash "$$file" ;; \
	    esac; \
	done

.PHONY: test-unit
test-unit: packages-build packages-unit ## Tests of the modules, without root
	$(say) "unit tests"
	$(call run-tests,$(but-tiers))

.PHONY: test-trixie
test-trixie: $(filter packages-%,$(lab)) $(if $(READY),,test-unit) ## The unit tests, run in a Debian 13
	$(say) "Debian 13"
	@SUITE=trixie Tests/Lab/initramfs-tree
	@SUITE=trixie Tests/Lab/make-in-system --built test-built

# What was built for the unit tests runs them in another Debian too. `make nightly` builds both programs and the tests there.
.PHONY: test-built
test-built: packages-unit
	@.build/debug/docker-btrfsPackageTests.xctest --testing-library swift-testing $(but-tiers)

.PHONY: test-loop
test-loop: $(lab) $(if $(READY),,deb test-programs) ## Both programs on loop-mounted btrfs
	$(say) "tests on loop-mounted btrfs"
	@Tests/Lab/store
	@Tests/Lab/initramfs
	@SUITE=trixie Tests/Lab/initramfs-tree
	$(call run-tests,--filter '^LoopTests\.')

# What guests boot; made again only where something of it changed.
.PHONY: lab-guest
lab-guest: $(lab) $(if $(BESIDE),test-crash)
	$(say) "disks for guests"
	@Tests/Lab/prepare
	@Tests/Lab/matrix
	@SUITE=trixie Tests/Lab/matrix
	@Tests/Lab/article
	@Tests/Lab/article containerd

.PHONY: test-guest
test-guest: lab-guest ## Boots in QEMU and in User-Mode Linux
	$(say) "boots in QEMU"
	$(call run-tests,--filter '^GuestTests\.')

.PHONY: boot-matrix
boot-matrix: export BOOT_MATRIX := 1
boot-matrix: lab-guest ## Boot each initramfs framework in each situation; writes docs/boot-matrix.md
	$(say) "the boot matrix"
	$(call run-tests,--filter '^GuestTests\.BootMatrixTests')

# What is too long for each time: the suites that look for NIGHTLY.
guests_of_the_night := Hostonly|InitFailure|OwnKernel|DiskImage|InitSystem|DiskFallback|Deploy|Engine|BootMatrix|OldRoot|OrdinaryBoot|TwoDisks|MenuEntry|KeptRoot|LostKernel|SystemPartition|Dracut
loops_of_the_night := Beside/(ThisDisk|MergeEnd|Engine|Fault)|OnDisk/LargeLayer
.PHONY: nightly
nightly: export NIGHTLY := 1
nightly: lab-guest test-programs ## What `make test` leaves out, for it is long: docs/testing.md tells what
	$(say) "Debian 13"
	@SUITE=trixie Tests/Lab/make-in-system build test-unit
	$(say) "tests of the night"
	@Tests/Lab/store
	$(call run-tests,--filter '^GuestTests\.($(guests_of_the_night))Tests' --filter '^LoopTests\.($(loops_of_the_night))Tests')

# WORLDS is how many, FIRST_WORLD the seed of the first.
.PHONY: worlds
worlds: export WORLDS := $(or $(WORLDS),300)
worlds: packages-lab build ## Boots of random worlds: numbers, things in the way, full disks, calls that fail
	$(say) "random worlds"
	@Tests/Lab/store
	$(call run-tests,--filter '^LoopTests\.OnDisk/WorldTests')

# A power cut at every write: --whole takes every state, not a sample.
crash-test: states := --whole
.PHONY: test-crash crash-test
crash-test: ## Power cuts: every state
test-crash: ## Power cuts: a sample of the states that they leave
test-crash crash-test: $(lab) $(if $(READY),,test-programs) $(if $(BESIDE),test-trixie)
	$(say) "power cuts"
	@Tests/Lab/prepare
	@Tests/Lab/crash-test $(states)
	@Tests/Lab/crash-deploy $(states)

# SECONDS_EACH is how long each parser takes.
.PHONY: fuzz
fuzz: packages-build ## Random inputs for the parsers, with libFuzzer
	@SECONDS_EACH='$(or $(SECONDS_EACH),60)' Tests/Fuzz/run

# Not a test: times are never right or wrong. OPTIONS go to the bench program: OPTIONS='--only start' for one part.
.PHONY: bench
bench: packages-lab packages-bench test-programs ## Measure it beside scripts, copiers and initramfs frameworks; writes docs/benchmarks.md
	$(say) "benchmarks"
	@swift build --quiet --product bench
	@Tests/Bench/run $(OPTIONS)

# SwiftPM knows what is out of date; make does not.
.PHONY: $(programs) test-programs
$(bin)/docker-btrfs-init: packages-build
	$(say) "docker-btrfs-init (Embedded Swift, static)"
	@$(embedded) --product docker-btrfs-init
	@mkdir -p $(bin)
	@# The tables by which a stack is unwound, and what compilers note for their next run: nothing here reads them.
	@objcopy $(addprefix --remove-section ,.eh_frame .gcc_except_table .swift_modhash .comment) \
	    .build-embedded/release/docker-btrfs-init $@

$(bin)/docker-btrfs: packages-build
	$(say) "docker-btrfs"
	@swift build --quiet --configuration release --product docker-btrfs --static-swift-stdlib
	@install -D .build/release/docker-btrfs $@

# Each does one thing of docker-btrfs-init, or does it wrong, for tests and benchmarks.
test-programs: build
	$(say) "programs for tests"
	@$(embedded)
	@swift build --quiet --product crash-test

.PHONY: install
install: packages-build ## Lay out both programs, manual pages and the files for dracut, or FRAMEWORK, below DESTDIR, after `make build`
	@umask 022; mkdir -p "$(DESTDIR)/"; \
	$(bin)/docker-btrfs install --root "$(DESTDIR)/" --framework "$(or $(FRAMEWORK),dracut)" --no-build; \
	install/package/files "$(DESTDIR)/"

.PHONY: deb
deb: packages-deb build ## A package for Debian, in .build
	$(say) "Debian package"
	@lintian --fail-on error,warning --allow-root "$$(install/package/deb)"

.PHONY: dist
dist: build ## A tarball of what is installed, with its checksum, in .build
	$(say) "tarball"
	@install/package/dist

# Only what is missing is installed.
.PHONY: packages
packages: packages-build packages-unit packages-lint packages-deb packages-lab ## Install what all of these need

packages-%:
	@command -v swift > /dev/null || { echo "could not find 'swift': install Swift 6.3 from swift.org" >&2; exit 1; }
	@missing=$$(for package in $(packages_$*); do \
	    [[ $$(dpkg-query --show --showformat='$${Status}' "$$package" 2> /dev/null) == *' installed' ]] || echo "$$package"; \
	done); \
	if [[ $$missing ]]; then \
	    echo "==> installing" $$missing; \
	    log=$$(mktemp); \
	    { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends $$missing; } \
	        &> "$$log" || { tail -n 20 "$$log" >&2; exit 1; }; \
	    rm -f "$$log"; \
	fi

.PHONY: clean
clean: ## Remove what was made
	@rm -rf .build .build-*
