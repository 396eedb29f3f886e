# SPDX-License-Identifier: GPL-2.0
VM := cable/vm

help:
	@echo 'virtio-epf: standard virtio devices offered by a PCIe endpoint'
	@echo
	@echo 'Targets (all need root; all but clean make what they need first):'
	@echo '  demo     boot two machines, log in to the host from the endpoint over PCIe'
	@echo '  cable    boot them with modules of your own: EP_MODULES, HOST_MODULES, EP_FILES,'
	@echo '           HOST_FILES, EP_SCRIPT, HOST_SCRIPT, PROFILE, WINDOWS, INIT,'
	@echo '           CABLE_OPTIONS; docs/endpoint-test.md'
	@echo '  check    run the tests; the last line is "N passed, N failed"'
	@echo '  check-all  the same, then mutants, and end-to-end and endpoint tests on two other controllers'
	@echo '  check-debug  of these, the end-to-end tests on a kernel with KASAN, lockdep, kmemleak'
	@echo '  check-endpoint-test  of these, the kernel'\''s own test of endpoints: docs/endpoint-test.md'
	@echo '  model    search all interleavings of host drivers and the register engine'
	@echo '  traces   record again what the drivers of real hosts do with the registers:'
	@echo '           tests/model/traces; DEVICE=NAME for one device; docs/model.md'
	@echo '  ring-model  search all that can happen between a ring and its driver'
	@echo '  fuzz     look for inputs that break something: TIME=SECONDS for each target'
	@echo '           (default 60), TARGET=NAME for one of them; docs/fuzzing.md'
	@echo '  soak     many resets of all kinds under load: RESETS=N (default 200), SEED=N,'
	@echo '           SUITE=NAME, MINUTES=N; docs/soak.md'
	@echo '  bench    measure the console: docs/bench.md'
	@echo '  sandbox  make build/sandbox, the Debian tree everything is built and run in'
	@echo '  modules  build the kernel modules for all kernels: build/modules/RELEASE/'
	@echo '  clean    remove what was built, but not the sandbox'
	@echo '  distclean  remove all of build/'
	@echo
	@echo 'MIRROR=URL names the Debian archive, if this machine'\''s apt knows none.'

sandbox:
	@$(VM)/mk-sandbox

modules:
	@$(VM)/mk-all

demo:
	@$(VM)/mk-all trixie-backports
	@$(VM)/enter python3 -m cable.vm.demo

cable:
	@$(VM)/mk-all $(SUITE)
	@EP_MODULES='$(EP_MODULES)' EP_FILES='$(EP_FILES)' EP_SCRIPT='$(EP_SCRIPT)' \
		HOST_MODULES='$(HOST_MODULES)' HOST_FILES='$(HOST_FILES)' \
		HOST_SCRIPT='$(HOST_SCRIPT)' SUITE='$(SUITE)' HOST_SUITE='$(HOST_SUITE)' \
		LIMIT='$(LIMIT)' PROFILE='$(PROFILE)' WINDOWS='$(WINDOWS)' INIT='$(INIT)' \
		CABLE_OPTIONS='$(CABLE_OPTIONS)' $(VM)/join

check:
	@begun=$$(date +%s); $(VM)/mk-all trixie-backports trixie && \
		CHECK_BEGUN=$$begun $(VM)/enter python3 tests/run.py

check-all: export E2E_WHOLE := 1
check-all: check
	@$(VM)/enter python3 tests/run.py mutants e2e-direct-debug
	@for profile in rk3588 j721e; do \
		E2E_PROFILE=$$profile E2E_LOGS=e2e-$$profile \
		$(VM)/enter python3 tests/run.py endpoint-test e2e || exit 1; \
	done

check-debug:
	@$(VM)/mk-all debug
	@$(VM)/enter python3 tests/run.py e2e-debug e2e-direct-debug

check-endpoint-test:
	@$(VM)/mk-all trixie-backports trixie
	@$(VM)/enter python3 tests/run.py endpoint-test

ring-model:
	@$(VM)/mk-sandbox
	@$(VM)/enter make -C tests/model/ring check

model:
	@$(VM)/mk-sandbox
	@$(VM)/enter make -C tests/model check

traces:
	@$(VM)/mk-all trixie-backports
	@$(VM)/enter python3 tests/model/record.py $(DEVICE)

TIME ?= 60

fuzz:
	@$(VM)/mk-sandbox
	@$(VM)/enter make -C tests/fuzz fuzz TIME=$(TIME) $(if $(TARGET),TARGET=$(TARGET))

RESETS ?= 200
SUITE ?= trixie-backports
MINUTES ?= 90

soak:
	@$(VM)/mk-all $(SUITE)
	@$(VM)/enter python3 tests/e2e/soak.py -n $(RESETS) -t $(MINUTES) \
		$(if $(SEED),-s $(SEED)) $(SUITE)

bench:
	@$(VM)/mk-all trixie-backports
	@$(VM)/enter python3 -m cable.vm.bench

clean:
	rm -rf build/bin build/modules build/check build/checkpatch build/images build/log build/fuzz/fuzz_* \
		build/fuzz/*.[do]

distclean:
	rm -rf build

.PHONY: help sandbox modules demo cable check check-all check-debug check-endpoint-test \
	model traces ring-model fuzz soak bench clean distclean
