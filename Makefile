# The front door: CMake (presets) builds user space, Kbuild the modules; this file only knows which
# comes first. `make help` lists what it does.
BUILD := build
JOBS ?= $(shell nproc)
SECONDS ?= 60
DESTDIR ?=
PREFIX ?= /usr/local
KERNELS ?= 6.1 6.12
ALL_KERNELS ?= 6.1 6.12 6.1-rt 6.12-rt 6.1-cloud 6.12-cloud
KASAN_KERNELS ?= 6.1
FRESH ?= /var/tmp/ringside-fresh
# What is built; without a word, everything.
TARGETS :=
MODULES :=
MAKEFLAGS += --no-print-directory

.PHONY: all command kernels modules packages test-packages demo tests test test-full kasan sweep bench \
	figures verdict asan fuzz install format clean fresh-check help
.DEFAULT_GOAL := all

all: modules ## the command at build/ringside and the modules at build/modules/RELEASE/*.ko

packages:
	@packaging/install-packages packaging/packages.txt

test-packages: packages
	@packaging/install-packages packaging/packages-test.txt

command: packages
	@cmake --preset dev -Wno-dev --log-level=WARNING >/dev/null
	@cmake --build $(BUILD) -j $(JOBS) $(TARGETS:%=--target %)

kernels: command
	@for kernel in $(KERNELS); do \
	  $(BUILD)/ringside lab fetch --if-missing $$kernel >/dev/null || exit; \
	done

modules: kernels
	@for kernel in $(KERNELS); do \
	  kernel/build $(BUILD)/ringside $$kernel $(BUILD)/modules $(MODULES) || exit; \
	done

demo: TARGETS := ringside ringside-agent demo-oops
demo: MODULES := kernel/ksyms kernel/loader kernel/channels kernel/html kernel/scsi tests/lab/provoke tests/lab/refused
demo: KERNELS := $(firstword $(KERNELS))
demo: modules ## the tour: a broken driver, a real oops, modules, firmware, channels, a page; verdicts
	@demo/run $(BUILD) $(KERNELS)

tests: test-packages modules
	@cmake --preset dev -Wno-dev --log-level=WARNING >/dev/null
	@for kernel in $(KERNELS); do kernel/build $(BUILD)/ringside $$kernel $(BUILD)/modules tests/cores examples/drivers || exit; done
	@cmake --build $(BUILD) -j $(JOBS) --target tests

test: tests ## every test, those in guests included
	@tests/run $(BUILD)

test-full: KERNELS := $(ALL_KERNELS)
test-full: tests kasan ## long sweeps, on every kernel that Debian offers and on those of `make kasan`; writes docs/results/
	@packaging/install-packages packaging/packages-test-full.txt
	@tests/run $(BUILD); tests/full $(BUILD) $(KASAN_KERNELS:%=%-kasan) $(KERNELS)

kasan: command ## kernels with KASAN, lockdep and kmemleak from Debian's source, built once into the cache
	@packaging/install-packages packaging/packages-kasan.txt
	@for series in $(KASAN_KERNELS); do \
	  JOBS=$(JOBS) lab/kasan/build $$series || exit; \
	  kernel/build $(BUILD)/ringside $$series-kasan $(BUILD)/modules || exit; \
	  kernel/build $(BUILD)/ringside $$series-kasan $(BUILD)/modules examples/drivers || exit; \
	done

sweep: modules ## every module of both trees loaded and compared byte by byte; hours; can be resumed
	@cmake --build $(BUILD) -j $(JOBS) --target sweep-modules
	@for kernel in $(KERNELS); do tests/sweep/run $(BUILD) $$kernel || exit; done
	@tests/sweep/table $(BUILD)

bench: modules ## every figure, ours beside the peers', from one run
	@packaging/install-packages packaging/packages-bench.txt
	@bench/run $(BUILD) $(KERNELS)

figures: bench ## the bench, and its table into README.md and docs/results/
	@bench/figures $(BUILD)/results/bench.jsonl $(BUILD)/bench-report

verdict: TARGETS := all verdict-tools
verdict: modules ## all services judged on both sides of the line, into docs/results/verdict.*
	@packaging/install-packages packaging/packages-verdict.txt
	@for kernel in $(KERNELS); do kernel/build $(BUILD)/ringside $$kernel $(BUILD)/modules tests/verdict/fault || exit; done
	@verdict/run $(BUILD) $(KERNELS)

asan: test-packages ## the tests of user space under AddressSanitizer and UBSan
	@cmake --preset asan -Wno-dev --log-level=WARNING >/dev/null
	@cmake --build $(BUILD)/asan -j $(JOBS) --target unit_tests
	@$(BUILD)/asan/unit_tests --gtest_brief=1

fuzz: test-packages ## every fuzzer, SECONDS=60 in all
	@cmake --preset fuzz -Wno-dev --log-level=WARNING >/dev/null
	@cmake --build $(BUILD)/fuzz -j $(JOBS) --target fuzzers
	@fuzz/run $(BUILD)/fuzz $(SECONDS)

install: command ## the command, libringside, headers, man pages; DESTDIR= PREFIX=
	@DESTDIR=$(DESTDIR) cmake --install $(BUILD) --prefix $(PREFIX)

format: test-packages ## clang-format over our C++
	@tests/checks/formatted-files . | xargs clang-format -i

fresh-check: ## both commands in a clean Debian 12 under FRESH= (root)
	@packaging/install-packages packaging/packages-fresh-check.txt
	@packaging/fresh-check $(FRESH)

clean: ## removes the build; the cache of kernels stays
	rm -rf $(BUILD)

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 14
