#!/usr/bin/env bash
# Find the program of one step and become it.
#
# A release tag carries dist/<os>-<arch>/transplant, one static program with
# all steps, beside its checksum. Any other commit uses build/bin/<step>,
# which `make` built in this checkout. Nothing is downloaded.
set -euo pipefail
step=${1:?usage: run-step.sh STEP}
fail()
{
	echo "::error title=run-step::$1"
	exit 1
}
case $step in
*[!a-z0-9-]*) fail "the step's name has a character that no step has" ;;
esac
root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd -P)
case $(uname -s)-$(uname -m) in
Linux-x86_64) platform=linux-amd64 ;;
Linux-aarch64 | Linux-arm64) platform=linux-arm64 ;;
*) fail "no program for $(uname -s) on $(uname -m): use a Linux runner, x86-64 or arm64" ;;
esac
if [ -d "$root/dist" ]; then
	cd -- "$root/dist/$platform" 2>/dev/null ||
		fail "this release carries no program for $platform"
	grep -E '^[0-9a-f]{64}  transplant$' SHA256SUMS |
		sha256sum --check --strict --status ||
		fail "dist/$platform/transplant is not the one that was released: its checksum differs"
	program=$PWD/transplant
	cd -- "$OLDPWD"
	exec "$program" "$step"
fi
program=${TRANSPLANT_BIN:-$root/build/bin}/$step
[ -x "$program" ] ||
	fail "$step is not built here: use a release tag of this action, or run make first"
exec "$program"
