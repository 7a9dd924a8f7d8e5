# SPDX-License-Identifier: BSD-2-Clause
HOSTILE_SRCS := tests/driver/exercise.c tests/driver/hostile.c tests/driver/attacker.c

$(eval $(call c_test,driver_core_test,tests/driver/core_test.c tests/driver/attacker.c,rvl_driver,-lcmocka $(DRIVER_LIBS)))
$(eval $(call c_test,driver_queue_test,tests/driver/queue_test.c tests/driver/attacker.c,rvl_driver,-lcmocka $(DRIVER_LIBS)))
$(eval $(call c_test,driver_fuzz_test,tests/driver/fuzz_test.c $(HOSTILE_SRCS),rvl_driver,$(DRIVER_LIBS)))
$(eval $(call c_test,driver_vfio_user_test,tests/driver/vfio_user_test.c,rvl_driver rvl_sim_io,-lcmocka -ljansson $(DRIVER_LIBS)))
$(eval $(call c_test,driver_ravelsim_test,tests/driver/ravelsim_test.c tests/driver/simulator.c,rvl_driver,-lcmocka $(DRIVER_LIBS)))
$(B)/tests/driver_ravelsim_test: $(B)/bin/ravelsim

# The core compiled in ways of its own. These suites bring their sanitizers themselves, so they are
# the same with SAN=1 and without.
DRIVER_OWN_FLAGS := $(CPPFLAGS) -std=gnu17 -O1 $(DEBUG) $(WARN) -fno-omit-frame-pointer
DRIVER_HEADERS   := $(wildcard driver/core/*.h tests/driver/*.h)

# Called before each read of the core: tests/driver/fetch.h. Not optimized, as a compiler may read
# again what the source reads twice, and mostly does not.
FETCH_CORE := $(patsubst driver/core/%.c,$(B)/fetch/%.o,$(DRIVER_CORE))
$(FETCH_CORE): $(B)/fetch/%.o: driver/core/%.c $(DRIVER_HEADERS)
	@mkdir -p $(@D)
	$(CC) $(DRIVER_OWN_FLAGS) -O0 -fsanitize=thread -DFETCH_CORE -include tests/driver/fetch.h -c -o $@ $<

TESTS += $(B)/tests/driver_fetch_test
$(B)/tests/driver_fetch_test: tests/driver/fuzz_test.c tests/driver/fetch.c $(HOSTILE_SRCS) $(FETCH_CORE) $(DRIVER_HEADERS)
	@mkdir -p $(@D)
	$(CC) $(DRIVER_OWN_FLAGS) -fsanitize=address,undefined -fno-sanitize-recover=all -DFETCH \
	  -o $@ $(filter %.c %.o,$^) -lpthread

# Under ThreadSanitizer, but for the device: it is hardware.
RACE_SRCS   := tests/driver/race_test.c $(DRIVER_CORE)
RACE_DEVICE := $(patsubst tests/driver/%.c,$(B)/race/%.o,tests/driver/hostile.c tests/driver/attacker.c)
$(RACE_DEVICE): $(B)/race/%.o: tests/driver/%.c $(DRIVER_HEADERS)
	@mkdir -p $(@D)
	$(CC) $(DRIVER_OWN_FLAGS) -c -o $@ $<

TESTS += $(B)/tests/driver_race_test
$(B)/tests/driver_race_test: $(RACE_SRCS) $(RACE_DEVICE) $(DRIVER_HEADERS)
	@mkdir -p $(@D)
	$(CC) $(DRIVER_OWN_FLAGS) -fsanitize=thread -o $@ $(filter %.c %.o,$^) -lpthread

LONG_TESTS += $(addprefix $(B)/tests/driver_,fuzz_test fetch_test race_test)

# `make fuzz FUZZ_SECONDS=N`: guided by coverage, with what was found kept in build/fuzz from one time
# to the next, beside seeds that no run had before. An input that breaks something is kept there too.
FUZZ_SECONDS ?= 3600
FUZZ         := $(BUILD)/fuzz
FUZZ_FLAGS   := $(DRIVER_OWN_FLAGS) -fno-sanitize-recover=all

$(FUZZ)/driver: tests/driver/fuzz_target.c $(HOSTILE_SRCS) $(DRIVER_CORE) $(DRIVER_HEADERS)
	@mkdir -p $(@D)
	$(CC) $(FUZZ_FLAGS) -fsanitize=fuzzer,address,undefined -o $@ $(filter %.c,$^) -lpthread

FUZZ_FETCH_CORE := $(patsubst driver/core/%.c,$(FUZZ)/fetch/%.o,$(DRIVER_CORE))
$(FUZZ_FETCH_CORE): $(FUZZ)/fetch/%.o: driver/core/%.c $(DRIVER_HEADERS)
	@mkdir -p $(@D)
	$(CC) $(DRIVER_OWN_FLAGS) -O0 -fsanitize=thread,fuzzer-no-link -DFETCH_CORE \
	  -include tests/driver/fetch.h -c -o $@ $<

$(FUZZ)/driver_fetch: tests/driver/fuzz_target.c tests/driver/fetch.c $(HOSTILE_SRCS) $(FUZZ_FETCH_CORE) $(DRIVER_HEADERS)
	@mkdir -p $(@D)
	$(CC) $(FUZZ_FLAGS) -fsanitize=fuzzer,address,undefined -DFETCH -o $@ $(filter %.c %.o,$^) -lpthread

# $(call fuzz_guided,NAME)
fuzz_guided = mkdir -p $(FUZZ)/$(1).corpus; $(FUZZ)/$(1) -max_total_time=$(FUZZ_SECONDS) -max_len=8192 -len_control=10 \
  -timeout=60 -print_final_stats=1 -artifact_prefix=$(FUZZ)/$(1)- $(FUZZ)/$(1).corpus >$(FUZZ)/$(1).log 2>&1 \
  || { tail -n 40 $(FUZZ)/$(1).log; echo "fuzz: $(1) failed: $(FUZZ)/$(1).log"; exit 1; }
# $(call fuzz_seeds,TEST)
fuzz_seeds = $(B)/tests/$(1) seed=$$seed seconds=$(FUZZ_SECONDS) >$(FUZZ)/$(1).log 2>&1 \
  || { tail -n 40 $(FUZZ)/$(1).log; echo "fuzz: $(1) failed: $(FUZZ)/$(1).log"; exit 1; }

.PHONY: fuzz fuzz-run
fuzz: deps
	@$(MAKE) --no-print-directory -s $(JOBS) fuzz-run

fuzz-run: $(FUZZ)/driver $(FUZZ)/driver_fetch $(FUZZ)/esp $(FUZZ)/eap $(FUZZ)/radius $(FUZZ)/trust $(B)/tests/driver_fetch_test $(B)/tests/driver_race_test
	@echo 'fuzzing for $(FUZZ_SECONDS) s; logs, corpora and what fails are in $(FUZZ)'
	@seed=$$(date +%s)000000; pids=(); \
	  ($(call fuzz_guided,driver)) & pids+=($$!); \
	  ($(call fuzz_guided,driver_fetch)) & pids+=($$!); \
	  ($(call fuzz_guided,esp)) & pids+=($$!); \
	  ($(call fuzz_guided,eap)) & pids+=($$!); \
	  ($(call fuzz_guided,radius)) & pids+=($$!); \
	  ($(call fuzz_guided,trust)) & pids+=($$!); \
	  ($(call fuzz_seeds,driver_fetch_test)) & pids+=($$!); \
	  ($(call fuzz_seeds,driver_race_test)) & pids+=($$!); \
	  bad=0; for p in "$${pids[@]}"; do wait $$p || bad=1; done; \
	  for t in driver driver_fetch esp eap; do grep -h 'DONE\|stat::number_of_executed_units' $(FUZZ)/$$t.log || :; done; \
	  grep -h 'devices from seed' $(FUZZ)/*.log || :; exit $$bad
