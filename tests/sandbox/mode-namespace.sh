# shellcheck shell=bash
# mode-namespace.sh - the world in namespaces of its own (network, mounts,
# processes, and users where that takes it). Nothing outside can be reached
# from it, its ports are free, and it ends with its first process.
# Sourced after lib.sh.

# Where Ubuntu says that programs without a profile get no rights this way
APPARMOR=/proc/sys/kernel/apparmor_restrict_unprivileged_userns

# namespace_open: start the first process, with rights of our own if we have
# them, else with those that a namespace for users gives; why not is said
namespace_open()
{
	local why
	printf 'nameserver %s\noptions timeout:1 attempts:2\n' \
		"$SB_RESOLVER_ADDR" >"$S/world/resolv.conf"
	{ [ "$(id -u)" = 0 ] && namespace_hold; } ||
		namespace_hold --map-current-user --keep-caps && return
	why=$(tail -n 1 "$S/log/hold.log")
	if grep -qsx 1 "$APPARMOR"; then
		why+=" (sysctl kernel.apparmor_restrict_unprivileged_userns=0)"
	fi
	say "no namespace: $why"
	return 1
}

# namespace_hold OPTION...: the first process, made by unshare
namespace_hold()
{
	local pid
	setsid unshare "$@" --net --mount --pid --fork --kill-child \
		--mount-proc "$HERE/hold" >"$S/log/hold.log" 2>&1 </dev/null &
	pid=$!
	disown # its end is no news
	remember $pid "$S/world/holder"
	until_ok 5 namespace_decided
	if [ -e "$S/world/open" ]; then
		remember "$(pgrep -P $pid)" "$S/world/init"
		return
	fi
	namespace_close
	return 1
}

namespace_decided()
{
	[ -e "$S/world/open" ] || ! alive "$S/world/holder"
}

# namespace_enter CMD...: become CMD there, in this folder; it ends with us
namespace_enter()
{
	local pid users=()
	! namespace_inside || exec "$@"
	read -r pid _ <"$S/world/init"
	[ /proc/self/ns/user -ef "/proc/$pid/ns/user" ] ||
		users=(-U --preserve-credentials)
	# shellcheck disable=SC2016 # expanded by the inner shell
	exec nsenter "${users[@]}" -n -m -p -t "$pid" -- \
		setpriv --pdeathsig TERM -- \
		bash -c 'cd "$0" && exec "$@"' "$PWD" "$@"
}

# namespace_inside: we are in it already, where its holder can't be seen
namespace_inside()
{
	[ /etc/resolv.conf -ef "$S/world/resolv.conf" ]
}

# namespace_close: from outside
namespace_close()
{
	local pid
	! namespace_inside || return 1
	if alive "$S/world/holder"; then
		read -r pid _ <"$S/world/holder"
		kill -KILL "$pid"
	fi
	until_ok 10 namespace_gone
}

namespace_gone()
{
	! namespace_inside && ! alive "$S/world/holder" &&
		! alive "$S/world/init"
}
