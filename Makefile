# Front door. `make demo` and `make test` are all that a fresh Debian or Ubuntu machine needs.
# The build itself is CMake's: CMakeLists.txt and CMakePresets.json.

JOBS := $(shell nproc 2>/dev/null || echo 2)
C_FILES := $(wildcard include/*.h kernels/*.[ch] kernels/*.cu kernels/*.cuh host/*.[ch] host/*.cpp host/*/*.[ch] tests/*.[ch] tests/*/*.[ch] \
	tests/cuda/*.cpp tests/cuda/*.cu tests/cuda/*/*.cpp tests/cuda/*/*.[ch] \
	docs/examples/*/*.c bench/*.[ch] bench/*/*.[ch])

help:
	@echo 'make demo          install what is missing, build, run the examples, draw their figures'
	@echo 'make test          install what is missing, build, run every test'
	@echo 'make test-long     the same tests on more cases'
	@echo 'make fuzz          fuzz the readers of specs, tables, journals and grid files (MINUTES=20)'
	@echo 'make faults        let every call to the system fail in turn (STRIDE=1)'
	@echo 'make reliability   the figures of docs/reliability.md (KILLS=1000)'
	@echo 'make bench         check, then time, beside what else is installed (make bench-deps, bench/README.md)'
	@echo 'make gpu-check     on a machine with a GPU: build for it, check, measure (docs/gpu.md)'
	@echo 'make deps          install what is missing (apt)'
	@echo 'make format        format the sources; make format-check only checks'
	@echo 'make clean         remove build/ and demo/'

deps:
	@cmake/dependencies.sh

build-%: deps
	cmake --preset $*
	cmake --build --preset $* -j $(JOBS)

demo: build-release
	@docs/examples/demo.sh build/release/epnet demo

test: format-check build-release build-sanitize
	ctest --preset sanitize -j $(JOBS)
	ctest --preset release -j $(JOBS)
	tests/fuzz/run.sh

test-long: build-release
	EPNET_TEST_LONG=1 ctest --preset release -j $(JOBS)

MINUTES ?= 20
fuzz:
	@cmake/dependencies.sh clang libclang-rt-dev llvm
	tests/fuzz/run.sh $(MINUTES)

STRIDE ?= 1
faults: build-release
	tests/faults.sh build/release $(STRIDE)

reliability: build-release
	tests/reliability.sh build/release

bench: build-release
	bench/run.sh build/release

# What the bench compares with, as far as Debian has it in time; the rest is Python's (bench/README.md).
bench-deps:
	@cmake/dependencies.sh libsundials-dev python3-venv

# Needs none of the packages of `make deps`.
gpu-check:
	@python3 bench/gpu_check.py

format: deps
	clang-format -i $(C_FILES)

# Another version formats otherwise: the check is for the one that the sources are written with.
format-check: deps
	@if clang-format --version | grep -q 'version 14\.'; then \
		clang-format --dry-run -Werror $(C_FILES); \
	else \
		echo 'format-check: left out, it takes clang-format 14'; \
	fi

clean:
	rm -rf build demo

.PHONY: help deps demo test test-long fuzz faults reliability bench bench-deps gpu-check format format-check clean
