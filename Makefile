# The front door: CMake (presets) builds user space, Kbuild the modules; this file only knows which
# comes first. `make help` lists what it does.
BUILD := build
JOBS ?= $(shell nproc)
SECONDS ?= 60
DESTDIR ?=
PREFIX ?= /usr/local
KERNELS ?= 6.1 6.12
MAKEFLAGS += --no-print-directory

.PHONY: all command kernels modules packages demo test test-full bench asan fuzz install format \
	format-check clean fresh-check help
.DEFAULT_GOAL := all

all: modules ## the command at build/ringside and the modules at build/modules/RELEASE/*.ko

packages:
	@packaging/install-packages packaging/packages.txt

command: packages
	@cmake --preset dev -Wno-dev --log-level=WARNING >/dev/null
	@cmake --build $(BUILD) -j $(JOBS) -- --quiet

kernels: command
	@for kernel in $(KERNELS); do $(BUILD)/ringside lab fetch --if-missing $$kernel >/dev/null || exit; done

modules: kernels
	@for kernel in $(KERNELS); do kernel/build $(BUILD)/ringside $$kernel $(BUILD)/modules || exit; done

demo: modules ## a real oops in a stock kernel, decoded on both sides; what a look-up costs
	@demo/run $(BUILD) $(firstword $(KERNELS))

test: modules ## every test, those in guests included
	@tests/run $(BUILD)

clean: ## removes the build, keeps the cache
	rm -rf $(BUILD)

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 14
