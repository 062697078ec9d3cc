# Runs the parts of scripts/test, counts what passed and failed, and sums up. Sourced, never run.
# shellcheck shell=bash

LOGS="$TARGET/test-logs"
# Bounds a part that hangs.
SUITE_LIMIT_S=1500
PASSED=0
FAILED=0
FAILURES=()
FLAKY=()
SKIPPED=()
PARTS=()  # "SECONDS NAME" each
SUITES=() # the logs that name single tests

# Where a failed test leaves what its nodes logged.
export HANDOFF_TEST_LOGS="$LOGS/nodes"

# How long each test took is said by a test binary only where what is not stable yet is let in; cargo must not see that
# switch, as crates would be built anew for it. Most tests wait more than they compute: hence more at once than cores.
CARGO=(cargo --config 'target."cfg(all())".runner = ["env", "RUSTC_BOOTSTRAP=1"]')
TEST=(test --workspace --locked --no-fail-fast)
export RUST_TEST_THREADS=4

# What the next build could take over from this one is not worth its making where there is no next build.
[ "${CI:-}" != true ] || export CARGO_INCREMENTAL=0

# The compiler with clippy's lints in it: what is checked is what is built, so nothing is compiled a second time for the
# lints. cargo clippy does the same, but can't build. The arguments are as cargo clippy passes them on.
LINTED=(env RUSTC_WORKSPACE_WRAPPER=clippy-driver CLIPPY_ARGS=-D__CLIPPY_HACKERY__warnings__CLIPPY_HACKERY__)

record() {
  if [ "$2" = 0 ]; then PASSED=$((PASSED + 1)); else FAILED=$((FAILED + 1)); FAILURES+=("$1"); fi
}

skipped() { say "== $1"; say "   skipped: $2"; }

log_of() { printf '%s/%s.log' "$LOGS" "${1//[^a-zA-Z0-9]/-}"; }

# runs NAME COMMAND...: runs a part into its log; its status.
runs() {
  local name="$1" began=$SECONDS status
  shift
  say "== $name"
  timeout "$SUITE_LIMIT_S" "$@" >"$(log_of "$name")" 2>&1
  status=$?
  PARTS+=("$((SECONDS - began)) $name")
  return $status
}

# check NAME COMMAND...: one check, one count; its output is shown when it fails.
check() {
  local status
  runs "$@"
  status=$?
  record "$1" $status
  closes "$1" $status "ok" 'cat'
}

# closes NAME STATUS WORDS FILTER: what is shown of a part when it is over.
closes() {
  local log
  log="$(log_of "$1")"
  if [ "$2" = 0 ]; then
    say "   $3 (${PARTS[-1]%% *} s)"
  else
    "$4" "$log" | tail -n 120
    say "   FAILED, see $log"
  fi
}

# What a failed test of a cargo run printed.
printed() {
  awk -v head="---- $1 stdout ----" '
    $0 == head { on = 1; next }
    on && (/^---- .* stdout ----$/ || /^failures:$/) { exit }
    on' "$2"
}

# True when all that a failed test complains of is that it waited in vain: nothing that was promised was seen broken, and
# nothing else panicked. Such a test of real processes may have met a machine that was too busy.
timed_out() {
  printed "$1" "$2" | awk '
    /panicked at / { panics++; getline; if (/^timed out: /) waits++ }
    END { exit !(panics > 0 && panics == waits) }'
}

# The tests that passed in a run of cargo or Node, one a line.
passed_in() { sed -nE 's/^test (.*) \.\.\. ok( <.*>)?$/\1/p; s/^ *ok [0-9]+ - //p' "$1"; }

# again PART TEST COMMAND...: runs a test that only timed out once more, alone. It must be seen to run, and pass.
again() {
  local part="$1" test="$2" log
  log="$(log_of "$part")"
  log="${log%.log}-again.log"
  shift 2
  say "   $test timed out: once more, alone"
  if timeout "$SUITE_LIMIT_S" "$@" >"$log" 2>&1 && passed_in "$log" | grep -Fxq -- "$test"; then
    PASSED=$((PASSED + 1))
    FLAKY+=("$part: $test")
  else
    record "$part: $test" 1
  fi
}

# What a run printed beside the tests that passed.
interesting() {
  awk '/^successes:$/ { on = 1 } /^failures:$|^test result:/ { on = 0 } !on' "$1" | grep -vE '^test .* ok( <.*>)?$|^$|^running '
}

# "NAME: REASON" of each test that passed only because what it needs is not there: it says so itself.
skips_in() {
  awk '/^---- .* stdout ----$/ { name = $2 } name != "" && sub(/^skipped: /, "") { print name ": " $0; name = "" }' "$1"
}

# What each test binary is given: it says how long each test took, and what tests said that passed.
OF_TESTS=(-Z unstable-options --report-time --show-output)

# suite NAME COMMAND... -- ARGUMENT...: a cargo test run; every test in it counts. A run that ends without a result
# counts as a failed one.
suite() {
  local name="$1" log status passed failures=() skips=() test word command=() before=${#FAILURES[@]}
  log="$(log_of "$name")"
  SUITES+=("$log")
  runs "$@" "${OF_TESTS[@]}"
  status=$?
  shift
  for word in "$@"; do
    [ "$word" != -- ] || break
    command+=("$word")
  done
  passed="$(awk '/^test result:/ { n += $4 } END { printf "%d", n }' "$log")"
  mapfile -t skips < <(skips_in "$log")
  for test in "${skips[@]}"; do SKIPPED+=("$name: $test"); done
  passed=$((passed - ${#skips[@]}))
  PASSED=$((PASSED + passed))
  mapfile -t failures < <(sed -nE 's/^test (.*) \.\.\. FAILED( <.*>)?$/\1/p' "$log")
  for test in "${failures[@]}"; do
    if timed_out "$test" "$log"; then
      again "$name" "$test" "${command[@]}" -- --exact "$test"
    else
      record "$name: $test" 1
    fi
  done
  if [ $status != 0 ] && [ ${#failures[@]} = 0 ]; then record "$name ended with status $status" 1; fi
  closes "$name" $((${#FAILURES[@]} - before)) "$passed passed" interesting
}

not_ok() { grep -A 30 '^ *not ok ' "$1"; }

# True when a failed test of a browser run only waited in vain, for a condition of ours or for the page. An error of more
# than one line, as the page's are, begins on the next line.
waited() {
  awk -v test="$1" '
    /^ *not ok / { on = 0; line = $0; sub(/^ *not ok [0-9]+ - /, "", line); if (line == test) on = 1; next }
    /^ *ok / { on = 0 }
    on && /^ *error: / { if (/\|-$/) getline; if (/timed out: |Timeout [0-9]+ms exceeded/) found = 1 }
    END { exit !found }' "$2"
}

# browser_suite NAME COMMAND... --: a run of Node's test runner; every test in it counts.
browser_suite() {
  local name="$1" log status passed failures=() test before=${#FAILURES[@]}
  log="$(log_of "$name")"
  SUITES+=("$log")
  runs "$@"
  status=$?
  shift
  passed="$(sed -n 's/^# pass //p' "$log" | tail -n 1)"
  PASSED=$((PASSED + ${passed:-0}))
  mapfile -t failures < <(sed -nE 's/^ *not ok [0-9]+ - //p' "$log")
  for test in "${failures[@]}"; do
    if waited "$test" "$log"; then
      # Node takes a pattern: letters and spaces stand for themselves, anything else for any one character.
      again "$name" "$test" "$@" --test-name-pattern="^${test//[^a-zA-Z0-9 ]/.}\$"
    else
      record "$name: $test" 1
    fi
  done
  if [ $status != 0 ] && [ ${#failures[@]} = 0 ]; then record "$name ended with status $status" 1; fi
  closes "$name" $((${#FAILURES[@]} - before)) "${passed:-0} passed" not_ok
}

# flat_suite NAME COMMAND...: a run whose reporter is flat TAP with times, as Vitest has it; every test in it counts.
flat_suite() {
  local name="$1" log status passed failures=() test before=${#FAILURES[@]}
  log="$(log_of "$name")"
  runs "$@"
  status=$?
  passed="$(grep -cE '^ok [0-9]+ - ' "$log")"
  PASSED=$((PASSED + passed))
  mapfile -t failures < <(sed -nE 's/^not ok [0-9]+ - (.*) # time=.*$/\1/p' "$log")
  for test in "${failures[@]}"; do record "$name: $test" 1; done
  if [ $status != 0 ] && [ ${#failures[@]} = 0 ]; then record "$name ended with status $status" 1; fi
  closes "$name" $((${#FAILURES[@]} - before)) "$passed passed" not_ok
}

# "SECONDS NAME" of every single test.
times() {
  [ ${#SUITES[@]} -gt 0 ] || return 0
  sed -nE 's/^test (.*) \.\.\. [a-zA-Z]+ <([0-9.]+)s>$/\2 \1/p' "${SUITES[@]}"
  awk '/^ *(not )?ok [0-9]+ - / { name = $0; sub(/^ *(not )?ok [0-9]+ - /, "", name) }
       name != "" && /^ *duration_ms: / { printf "%.3f %s\n", $2 / 1000, name; name = "" }' "${SUITES[@]}"
}

# The closing lines.
summary() {
  local part
  say ""
  say "how long each part took:"
  for part in "${PARTS[@]}"; do printf '%6d s  %s\n' "${part%% *}" "${part#* }"; done
  say "the slowest tests:"
  times | sort -rn | head -n 5 | while read -r part; do printf '%6.0f s  %s\n' "${part%% *}" "${part#* }"; done
  say "logs: $LOGS"
  if [ ${#SKIPPED[@]} -gt 0 ]; then printf 'skipped: %s\n' "${SKIPPED[@]}"; fi
  if [ ${#FLAKY[@]} -gt 0 ]; then printf 'flaky: %s\n' "${FLAKY[@]}"; fi
  if [ ${#FAILURES[@]} -gt 0 ]; then printf 'failed: %s\n' "${FAILURES[@]}"; fi
  say "$PASSED passed, $FAILED failed"
}
