# shellcheck shell=bash
# mode-namespace.sh - the world in namespaces of its own (network, mounts,
# processes; for an ordinary user also users). Nothing outside can be reached
# from it, its ports are free, and it ends with its first process.
# Sourced after lib.sh.

if [ "$(id -u)" = 0 ]; then
	UNSHARE=()
	NSENTER=()
else
	UNSHARE=(--map-current-user --keep-caps)
	NSENTER=(-U --preserve-credentials)
fi

# namespace_open: start the first process; why not is said on stderr
namespace_open()
{
	local pid
	printf 'nameserver %s\noptions timeout:1 attempts:2\n' \
		"$SB_RESOLVER_ADDR" >"$S/world/resolv.conf"
	setsid unshare "${UNSHARE[@]}" --net --mount --pid --fork \
		--kill-child --mount-proc "$HERE/hold" \
		>"$S/log/hold.log" 2>&1 </dev/null &
	pid=$!
	remember $pid "$S/world/holder"
	until_ok 5 namespace_decided
	if [ ! -e "$S/world/open" ]; then
		say "no namespace here: $(tail -n 1 "$S/log/hold.log")"
		namespace_close
		return 1
	fi
	remember "$(pgrep -P $pid)" "$S/world/init"
}

namespace_decided()
{
	[ -e "$S/world/open" ] || ! alive "$S/world/holder"
}

# namespace_enter CMD...: run CMD there, in this folder; it ends with us
namespace_enter()
{
	local pid
	read -r pid _ <"$S/world/init"
	# shellcheck disable=SC2016 # expanded by the inner shell
	nsenter "${NSENTER[@]}" -n -m -p -t "$pid" -- \
		setpriv --pdeathsig TERM -- \
		bash -c 'cd "$0" && exec "$@"' "$PWD" "$@"
}

namespace_close()
{
	local pid
	if alive "$S/world/holder"; then
		read -r pid _ <"$S/world/holder"
		kill -KILL "$pid"
	fi
	until_ok 10 namespace_gone
}

namespace_gone()
{
	! alive "$S/world/holder" && ! alive "$S/world/init"
}
