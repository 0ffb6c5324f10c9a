# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# What the tests of this directory share: TAP, and a directory that goes away at the end.

set -uo pipefail

checks=0
failed_checks=0
scratch=$(mktemp --directory)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT TERM

# The tests configure builds of their own: options of the outer run do not apply.
unset DESTDIR MESON_TESTTHREADS NINJA_STATUS PKG_CONFIG_PATH

# check NAME COMMAND...: runs the command. If it fails, prints its output as the diagnosis.
check ()
{
  local name=$1 output status=0
  shift
  checks=$((checks + 1))
  output=$("$@" 2>&1) || status=$?
  if [ $status -eq 0 ]; then
    echo "ok $checks - $name"
  else
    failed_checks=$((failed_checks + 1))
    echo "not ok $checks - $name"
    printf '%s\n' "$*: exit status $status" "$output" | sed 's/^/# /'
  fi
  return $status
}

# check_fails NAME PATTERN COMMAND...: the command must fail, and its output match the pattern.
check_fails ()
{
  check "$1" fails_with "${@:2}"
}

fails_with ()
{
  local pattern=$1 output
  shift
  if output=$("$@" 2>&1); then
    echo 'It did not fail.'
    return 1
  fi
  printf '%s\n' "$output"
  grep --quiet --extended-regexp -- "$pattern" <<<"$output"
}

skip ()
{
  checks=$((checks + 1))
  echo "ok $checks - $1 # SKIP $2"
}

# check_same NAME EXPECTED ACTUAL
check_same ()
{
  check "$1" diff --unified <(printf '%s\n' "$2") <(printf '%s\n' "$3")
}

finish ()
{
  echo "1..$checks"
  [ $failed_checks -eq 0 ]
  exit
}
