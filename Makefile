# The door for people. Meson and ninja do the building; tools/ does the rest.

BUILD ?= build
PREFIX ?= /usr/local

.PHONY: build demo check bench install clean format

build:
	@tools/install-packages build
	@tools/build $(BUILD) -Dprefix=$(PREFIX)

demo:
	@tools/demo

check:
	@tools/check

bench:
	@tools/install-packages build bench
	@tools/build $(BUILD)
	@bench/start/run
	@bench/runtime/run

install: build
	@meson install -C $(BUILD) --no-rebuild

clean:
	@rm -rf build build-*

format:
	@tools/install-packages check
	@find src tests bench -name '*.[ch]' -print0 | xargs -0 -r clang-format-14 -i
