#!/usr/bin/env bash
#
# packages.sh - which distribution packages each purpose needs, and install
# those that are missing.
#
#	packages.sh PURPOSE...           print the packages, one a line
#	packages.sh missing PURPOSE...   print those that are not installed
#	packages.sh install PURPOSE...   install those
#
# Purposes: build test lint bench fuzz full. Works on Debian 12 and 13 and Ubuntu
# 22.04 and 24.04. When nothing is missing, install does nothing and is done in a
# moment. Otherwise it needs root, or sudo. No server is started on the way:
# while it installs, policy-rc.d says no, unless the machine has a policy of
# its own, which is left alone. Nor will one start with the machine.

set -euo pipefail
export LC_ALL=C

say()
{
	printf 'packages: %s\n' "$*" >&2
}

# A word is a package, or several of which one is enough (a|b), or a package
# that is not needed where a program of its is there by other means (a=prog).
need_build()
{
	echo 'gcc libc6-dev make cmake pkg-config|pkgconf dpkg-dev git file
	ca-certificates openssl libssl-dev zlib1g-dev libc-ares-dev
	libyaml-dev libtree-sitter-dev libexpat1-dev libzstd-dev
	libldns-dev xz-utils npm=npm'
	# Newer sources of mongo-c-driver come without their copy of it.
	grep -Eqs '^VERSION_CODENAME=(bookworm|jammy)$' /etc/os-release \
	    || echo libutf8proc-dev
}

# The servers of the sandbox, what its doubles are built with, what looks at
# the result from outside, and what act and the validators come with.
need_test()
{
	echo 'check libsubunit-dev libmicrohttpd-dev libbson-dev libmongoc-dev
	libmariadb-dev libcjson-dev
	mariadb-server-core|mariadb-server-core-10.6
	mariadb-client|mariadb-client-10.6
	pdns-server pdns-backend-sqlite3 nsd unbound knot bind9-dnsutils
	nginx-light|nginx pebble acme-tiny fcgiwrap sqlite3 jq curl zstd
	iproute2 procps util-linux
	python3 python3-yaml python3-jinja2 python3-pip
	python3-mysqldb python3-pymongo python3-boto3 python3-jsonschema'
}

need_lint()
{
	echo 'shellcheck clang clang-tidy cppcheck
	python3 python3-yaml python3-pip npm=npm'
}

need_bench()
{
	echo 'hyperfine time prometheus-blackbox-exporter
	monitoring-plugins-basic monitoring-plugins-standard liburiparser1'
}

# The compiler that has libFuzzer, and its runtime: of the clang that is
# there, else of the one that the distribution would install.
need_fuzz()
{
	local major runtime=rt

	major=$(clang -dumpversion 2>/dev/null | cut -d . -f 1 || true)
	[ -n "$major" ] || case $(codename) in
	trixie) major=19 ;;
	noble) major=18 ;;
	*) major=14 ;;
	esac
	[ "$(codename)" != jammy ] || runtime=common
	echo "clang libclang-$runtime-$major-dev"
}

codename()
{
	sed -n 's/^VERSION_CODENAME=//p' /etc/os-release
}

# What the real Argo CD keeps its cache in, see tests/sandbox/full; and what
# tells another suite's PostgreSQL where its libraries are, see tests/mongodb.
need_full()
{
	echo 'redis-server git python3 python3-pip patchelf'
}

# The words of the purposes given, each once.
words()
{
	local purpose

	for purpose in "$@"; do
		case $purpose in
		build|test|lint|bench|fuzz|full)
			"need_$purpose" ;;
		*)
			usage ;;
		esac
	done | tr -s ' \t' '\n' | awk '!seen[$0]++'
}

usage()
{
	sed -n '3,/^$/s/^#[ ]\{0,1\}//p' "$0" >&2
	exit 2
}

# Read words; print "word installed-package", the latter empty if none is.
look_up()
{
	local all word have name program found

	all=$(cat)
	# shellcheck disable=SC2016
	have=" $(tr '|' '\n' <<<"$all" | sed 's/=.*//' | xargs dpkg-query -W \
	    -f '${db:Status-Status} ${Package}\n' 2>/dev/null \
	    | sed -n 's/^installed //p' | tr '\n' ' ' || true) "
	for word in $all; do
		found=''
		program=${word#*=}
		if [ "$program" != "$word" ] && command -v "$program" \
		    >/dev/null; then
			found=$program
		fi
		for name in ${word//|/ }; do
			name=${name%=*}
			[ -n "$found" ] || case $have in
			*" $name "*)
				found=$name ;;
			esac
		done
		echo "$word $found"
	done
}

# Read what look_up prints; print the words that nothing satisfies.
unsatisfied()
{
	awk 'NF == 1 { print $1 }'
}

# Read words; print a package for each: the first that can be had. Those that
# none can be had of go to descriptor 3.
choose()
{
	local all word known name first

	all=$(cat)
	# One call for all: without a cache of its own apt takes a second.
	known=" $(tr '|' '\n' <<<"$all" | sed 's/=.*//' \
	    | xargs apt-cache madison 2>/dev/null | awk '{ print $1 }' \
	    | sort -u | tr '\n' ' ') "
	for word in $all; do
		first=''
		for name in ${word//|/ }; do
			name=${name%=*}
			[ -n "$first" ] || case $known in
			*" $name "*)
				first=$name ;;
			esac
		done
		if [ -n "$first" ]; then
			echo "$first"
		else
			echo "${word%%[|=]*}" >&3
		fi
	done
}

# The package that stands for a word: the installed one, else the first.
names()
{
	awk '{
		word = $1
		sub(/[|=].*/, "", word)
		print ((NF == 2 && $1 !~ /=/) ? $2 : word)
	}'
}

# Say no to every start of a service for as long as this process lives, but
# leave a policy alone that is not ours.
forbid_services()
{
	local policy=/usr/sbin/policy-rc.d mark='transplant packages.sh'

	# A run that was killed could not remove its own; we hold the lock.
	if grep -qs "$mark" "$policy"; then
		rm -f "$policy"
	fi
	if (set -C && printf '#!/bin/sh\n# Temporary: %s\nexit 101\n' \
	    "$mark" >"$policy") 2>/dev/null; then
		trap 'rm -f /usr/sbin/policy-rc.d' EXIT
		trap 'exit 130' INT
		trap 'exit 143' TERM HUP
		chmod 755 "$policy"
	fi
}

# The servers of the sandbox that start with the machine.
enabled_servers()
{
	find /etc/systemd/system -type l -path '*.wants/*' -printf '%f\n' \
	    2>/dev/null | sort -u | grep -E \
	    '^(mariadb|pdns|nsd|unbound|nginx|fcgiwrap|pebble|redis)[-.]' \
	    || true
}

# Run a command of apt's; if it fails, show the end of what it said.
quietly()
{
	local log rc=0

	log=$(mktemp)
	DEBIAN_FRONTEND=noninteractive "$@" >"$log" 2>&1 </dev/null 8<&- \
	    || rc=$?
	[ "$rc" -eq 0 ] || tail -n 30 "$log" >&2
	rm -f "$log"
	return "$rc"
}

install_as_root()
{
	local words before unit want=() unknown=()

	# Two at once would remove each other's policy.
	exec 8</var/lib/dpkg
	flock 8
	words=$(words "$@" | look_up | unsatisfied)
	[ -n "$words" ] || return 0
	quietly apt-get -q update \
	    || say "apt-get update complained; going on"
	mapfile -t want < <(choose <<<"$words" 3>/dev/null)
	mapfile -t unknown < <(choose <<<"$words" 3>&1 >/dev/null)
	[ ${#unknown[@]} -eq 0 ] \
	    || say "not in this distribution: ${unknown[*]}"
	[ ${#want[@]} -gt 0 ] || return 1
	say "installing ${want[*]}"
	before=$(enabled_servers)
	forbid_services
	quietly apt-get -q -y -o DPkg::Lock::Timeout=300 \
	    -o Dpkg::Use-Pty=0 install --no-install-recommends "${want[@]}"
	for unit in $(comm -13 <(echo "$before") <(enabled_servers)); do
		quietly systemctl disable "$unit" || true
	done
	say "installed in $SECONDS s"
	[ ${#unknown[@]} -eq 0 ]
}

# Can sudo ask, or need it not?
sudo_works()
{
	command -v sudo >/dev/null || return 1
	sudo -n true 2>/dev/null || { [ -t 0 ] && [ -t 2 ]; }
}

install_missing()
{
	local missing

	missing=$(words "$@" | look_up | unsatisfied)
	[ -n "$missing" ] || return 0
	if [ "$(id -u)" -eq 0 ]; then
		install_as_root "$@"
	elif sudo_works; then
		sudo --preserve-env=http_proxy,https_proxy,no_proxy \
		    bash "$0" install "$@"
	else
		say 'not root, and sudo cannot be used. As root:'
		say "apt-get install --no-install-recommends" \
		    "$(choose <<<"$missing" 3>&1 | paste -s -d ' ')"
		return 1
	fi
}

main()
{
	local verb=${1:-}

	case $verb in
	install|missing)
		shift ;;
	*)
		verb=print ;;
	esac
	[ $# -gt 0 ] || usage
	words "$@" >/dev/null
	case $verb in
	install)
		install_missing "$@" ;;
	missing)
		words "$@" | look_up | unsatisfied | names ;;
	print)
		words "$@" | look_up | names ;;
	esac
}

main "$@"
