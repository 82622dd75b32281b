# shellcheck shell=bash
# lib.sh - what all parts of the sandbox share. Sourced; S is the state folder.

say()
{
	echo "sandbox: $*" >&2
}

# born PID: when a living process began, in the kernel's ticks; a number that
# a later process with the same id does not share. A zombie is not alive, nor
# what waits without memory for zombies that nobody fetches (the first process
# of a namespace does, where that of the container is no init).
born()
{
	local stat
	{ read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
	read -ra stat <<<"${stat##*) }"
	[ "${stat[0]}" != Z ] && [ "${stat[20]}" != 0 ] && echo "${stat[19]}"
}

# alive FILE: the process remembered in FILE is still that process
alive()
{
	local pid at
	{ read -r pid at <"$1"; } 2>/dev/null && [ -n "$at" ] &&
		[ "$(born "$pid")" = "$at" ]
}

# remember PID FILE: for alive; the process must not have been waited for
remember()
{
	echo "$1 $(born "$1")" >"$2"
}

# spawn NAME CMD...: a daemon, leader of a session of its own, so that
# whatever it starts can be found and ended with it. It is remembered before
# it leaves our process group, so that none is forgotten if we are killed.
spawn()
{
	local name=$1
	shift
	{
		remember $BASHPID "$S/run/$name.pid"
		exec setsid "$@"
	} >>"$S/log/$name.log" 2>&1 </dev/null &
	until alive "$S/run/$name.pid" || [ -z "$(born $!)" ]; do
		sleep 0.01
	done
}

# until_ok SECONDS CMD...: try CMD every 20 ms until it succeeds
until_ok()
{
	local tries=$(($1 * 50))
	shift
	until "$@" >/dev/null 2>&1; do
		((tries-- > 0)) || return 1
		sleep 0.02
	done
}

# answers ADDR PORT: something accepts there
answers()
{
	(: <"/dev/tcp/$1/$2") 2>/dev/null
}

LEFT_OUT=3 # status of a part that can't be started: its program is not built

# built DOUBLE: there is one
built()
{
	[ -x "$SB_DOUBLES/$1" ] && return
	echo "$SB_DOUBLES/$1 is not built"
	return "$LEFT_OUT"
}

# serves HOST ADDR PORT: HTTPS, with a certificate for HOST
serves()
{
	curl -sS -o /dev/null --cacert "$S/ca/ca.crt" \
		--connect-to "::$2:$3" "https://$1:$3/"
}

# fill: copy stdin to stdout with each ${SB_NAME} replaced by its value; the
# later lines of a value are indented like the line that it stands in
fill()
{
	awk '{
		match($0, /^ */)
		pad = "\n" substr($0, 1, RLENGTH)
		out = ""
		while (match($0, /\$\{SB_[A-Z0-9_]+\}/)) {
			name = substr($0, RSTART + 2, RLENGTH - 3)
			if (!(name in ENVIRON)) {
				print "no " name > "/dev/stderr"
				exit 1
			}
			value = ENVIRON[name]
			gsub(/\n/, pad, value)
			out = out substr($0, 1, RSTART - 1) value
			$0 = substr($0, RSTART + RLENGTH)
		}
		print out $0
	}'
}
