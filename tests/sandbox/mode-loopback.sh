# shellcheck shell=bash
# mode-loopback.sh - the same world on the machine's own loopback, for machines
# that allow no namespaces. Programs have to be told the resolver and the
# certificates (SB_DNS_SERVERS, SB_CA_FILE and what sandbox's env_loopback
# sets). Sourced after lib.sh.

# loopback_open: nothing to start; why it can't work is said on stderr
loopback_open()
{
	local first taken
	first=$(</proc/sys/net/ipv4/ip_unprivileged_port_start)
	if [ "$first" -gt 53 ] && ! may_bind; then
		say "no loopback: ports 53, 80 and 443 need root with" \
			"CAP_NET_BIND_SERVICE, or sysctl" \
			"net.ipv4.ip_unprivileged_port_start=53"
		return 1
	fi
	taken=$(taken)
	if [ -n "$taken" ]; then
		say "no loopback: taken already: $taken"
		return 1
	fi
}

# may_bind: this process has CAP_NET_BIND_SERVICE (10)
may_bind()
{
	local caps
	caps=$(awk '/^CapEff/ { print $2 }' /proc/self/status)
	((0x$caps >> 10 & 1))
}

# taken: what listens on our addresses, or on our ports of all addresses
taken()
{
	ss -Hlntu | awk -v net="$SB_NET." '{
		n = split($5, a, ":")
		if (index($5, net) == 1 ||
		    ($5 ~ /^(\*|0\.0\.0\.0|\[::\])/ && a[n] ~ /^(53|80|443|3306|6443|8000|8081|14000|27017)$/))
			print $1 ":" $5
	}' | sort -u | paste -sd' '
}

# loopback_enter CMD...: become CMD
loopback_enter()
{
	exec "$@"
}

# loopback_close: end all daemons, politely at first
loopback_close()
{
	local file pid
	for file in "$S"/run/*.pid; do
		alive "$file" || continue
		read -r pid _ <"$file"
		kill "$pid"
	done
	until_ok 3 loopback_gone
	for file in "$S"/run/*.pid; do # children that outlive their parent
		read -r pid _ <"$file"
		# its number still means its session: gone, ours, or a
		# zombie that a first process which does not reap leaves
		if [ -z "$(born "$pid")" ] || alive "$file"; then
			until_ok 3 session_gone "$pid"
		fi
	done
	until_ok 3 loopback_gone
}

# session_gone PID: kill what is left of its session; true once nothing is.
# Asked again and again, since one that is killed may just have forked.
session_gone()
{
	local left gone=0
	for left in $(pgrep -s "$1"); do
		[ -n "$(born "$left")" ] || continue # a zombie
		kill -KILL "$left" 2>/dev/null
		gone=1
	done
	return $gone
}

loopback_gone()
{
	local file
	for file in "$S"/run/*.pid; do
		! alive "$file" || return 1
	done
}
