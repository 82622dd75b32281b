# shellcheck shell=bash
# What the parts of lint share: where things are, which files, which flags.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

make_var()
{
	make -C "$root" --no-print-directory -s "$1"
}

# The C files given, else all of ours.
c_sources()
{
	if [ $# -gt 0 ]; then
		printf '%s\n' "$@" | sed "s#^$root/##"
	else
		find src actions verify tests -name '*.c' | sort
	fi
}

# What a file is compiled with; STEP is what main.c is given.
flags_of()
{
	case $1 in
	tests/doubles/*) printf '%s -Itests/doubles' "$double_flags" ;;
	*) printf '%s -DSTEP=step_x' "$product_flags" ;;
	esac
}

product_flags=$(make_var print-cflags) &&
	double_flags=$(make_var print-double-cflags) || exit 2
