#!/usr/bin/env bash
#
# build.sh - build the libraries that the distribution has no usable static
# archive of, from the distribution's own sources.
#
#	build.sh [--newest] [release|asan|cov]
#
# curl, MariaDB Connector/C, mongo-c-driver (with libbson) and cJSON come
# from the distribution's source packages, so its security fixes are in; the
# grammar of Python comes from npm, pinned by its hash. Each is configured
# with only what we use. All modes link the same archives; the mode is taken
# so that a Makefile may pass its own.
#
# The last line on stdout is the prefix, which holds include/, lib/, flags.mk
# (for the Makefile), versions (what was built) and stamp (written last).
# Progress goes to stderr. What was built once is found again in a moment and
# without the network; --newest asks the mirror for newer sources first, as
# a release should.
#
# The system's package sources and state stay as they are: apt is given a
# list and a state of our own. Everything lies below
# ${XDG_CACHE_HOME:-~/.cache}/transplant; nothing needs root.

set -euo pipefail
umask 022
unset CC CXX CFLAGS CPPFLAGS CXXFLAGS LDFLAGS MAKEFLAGS MFLAGS MAKELEVEL \
	CDPATH GIT_DIR GIT_WORK_TREE SOURCE_DATE_EPOCH
export LC_ALL=C

# The grammar whose parser the libtree-sitter of all our distributions takes.
GRAMMAR=tree-sitter-python@0.21.0
GRAMMAR_SHA512=IUKx7JcTVbByUx1iHGFS/QsIjx7pqwTMHL9bl/NGyhyyydbfNrpruo2C7W6V4KZrbkkCOlX8QVrCoGOFW5qecg==

# The archives are small rather than fast to debug: the linker drops each
# function that a program does not call.
CFLAGS_ALL='-O2 -g0 -DNDEBUG -ffunction-sections -fdata-sections'
CFLAGS_ALL+=' -fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2'

# What a build is linked with: another version of these is another build.
LINKED='libc6-dev libssl-dev zlib1g-dev libc-ares-dev libyaml-dev
	libtree-sitter-dev libexpat1-dev libzstd-dev'

# Where the distribution lies; only the checks of this script change it.
SYSTEM=${TRANSPLANT_SYSTEM_ROOT:-}

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${XDG_CACHE_HOME:-${HOME:?HOME is not set}/.cache}/transplant
libs=$cache/libs
sources=$cache/sources
logs=$cache/log
jobs=$(nproc)

say()
{
	printf 'libs: %s\n' "$*" >&2
}

die()
{
	say "$*"
	exit 1
}

# What a build depends on and what can be known without the network.
fingerprint()
{
	# shellcheck disable=SC1091
	. "$SYSTEM/etc/os-release"
	printf '%s %s\n' "$ID" "${VERSION_ID:-none}"
	gcc -dumpmachine
	gcc --version | head -n 1
	# shellcheck disable=SC2086
	dpkg-query -W -f '${Package} ${Version}\n' $LINKED 2>/dev/null || true
	cat "${BASH_SOURCE[0]}"
}

# Print the prefix of a finished build that fits this fingerprint, and note
# that it is in use.
find_finished()
{
	local key

	[ -r "$libs/latest-$1" ] && read -r key <"$libs/latest-$1" \
	    && [ -e "$libs/$key/stamp" ] \
	    && touch "$libs/$key/stamp" "$libs/latest-$1" \
	    && echo "$libs/$key"
}

# What a build needs and is not installed is said before it fails on it.
check_packages()
{
	local missing

	missing=$("$here/packages.sh" missing build | paste -s -d ' ')
	[ -z "$missing" ] || die "not installed: $missing;" \
	    "run $here/packages.sh install build"
}

# Turn the system's package lists into lists of sources, in folder $1. Only
# the distribution's own suites and components, as far as names tell: what
# others offer is not what we want.
write_source_lists()
{
	local codename file

	# shellcheck disable=SC1091
	codename=$(. "$SYSTEM/etc/os-release" && echo "$VERSION_CODENAME")
	mkdir -p "$1"
	for file in "$SYSTEM"/etc/apt/sources.list \
	    "$SYSTEM"/etc/apt/sources.list.d/*.list; do
		[ ! -r "$file" ] || oneline_sources "$codename" <"$file"
	done | sort -u >"$1/ours.list"
	for file in "$SYSTEM"/etc/apt/sources.list.d/*.sources; do
		[ ! -r "$file" ] || deb822_sources "$codename" <"$file"
	done >"$1/ours.sources"
	[ -s "$1/ours.list" ] || [ -s "$1/ours.sources" ] \
	    || die "no package source for $codename in /etc/apt"
}

# deb [options] URI suite component... -> the same with deb-src.
oneline_sources()
{
	awk -v codename="$1" '
	$1 == "deb" || $1 == "deb-src" {
		line = $0
		options = ""
		sub(/#.*/, "", line)
		sub(/^[ \t]*deb(-src)?[ \t]+/, "", line)
		if (match(line, /^\[[^]]*\][ \t]*/)) {
			options = substr(line, 1, RLENGTH)
			line = substr(line, RLENGTH + 1)
		}
		split(line, word)
		suite = word[2]
		sub(/[-\/](updates|security)\/?$/, "", suite)
		if (suite == codename && word[1] !~ /^cdrom:/ \
		    && line ~ /[ \t](main|universe)([ \t]|$)/)
			print "deb-src", options line
	}'
}

# The same for stanzas; a stanza keeps the suites that are the
# distribution's, and its keys.
deb822_sources()
{
	awk -v codename="$1" '
	function flush() {
		if (suites != "" && ours && !off)
			printf "Types: deb-src\nSuites:%s\n%s\n", suites, rest
		suites = rest = field = ""
		ours = off = 0
	}
	/^[ \t]*$/ { flush(); next }
	/^#/ { next }
	/^[^ \t:]+:/ {
		field = tolower($0)
		sub(/:.*/, "", field)
	}
	field == "enabled" { if (tolower($0) ~ /:[ \t]*(no|false)/) off = 1; next }
	field == "types" { next }
	field == "suites" {
		for (i = 1; i <= NF; i++) {
			suite = $i
			sub(/[-\/](updates|security)\/?$/, "", suite)
			if (suite == codename)
				suites = suites " " $i
		}
		next
	}
	field == "components" && /[ \t](main|universe)([ \t]|$)/ { ours = 1 }
	{ rest = rest $0 "\n" }
	END { flush() }'
}

# A configuration for apt in folder $1: state of our own, the machine's
# proxies and keys, and none of its hooks.
write_apt_conf()
{
	mkdir -p "$1/lists/partial" "$1/cache/archives/partial"
	cat >"$1/apt.conf" <<-EOT
	Dir::Etc::sourcelist "/dev/null";
	Dir::Etc::sourceparts "$1/etc";
	Dir::State::lists "$1/lists";
	Dir::Cache "$1/cache";
	Dir::Cache::pkgcache "";
	Dir::Cache::srcpkgcache "";
	Acquire::Languages "none";
	Acquire::Retries "3";
	#clear APT::Update::Pre-Invoke;
	#clear APT::Update::Post-Invoke;
	#clear APT::Update::Post-Invoke-Success;
	EOT
	# The state may lie where apt's own user cannot go.
	[ "$(id -u)" -ne 0 ] || echo 'APT::Sandbox::User "root";' \
	    >>"$1/apt.conf"
}

# Fetch the lists of sources into folder $1.
update_lists()
{
	write_source_lists "$1/etc"
	write_apt_conf "$1"
	apt-get -c "$1/apt.conf" -q update >"$logs/apt.log" 2>&1 \
	    || say "apt-get update complained; see $logs/apt.log"
}

# Print the listed versions of the first source package that exists, newest
# first, as "package version" lines. Without a list (no network) what was
# fetched before is all there is.
list_versions()
{
	local package version found

	for package in "$@"; do
		found=$(listed "$package")
		[ -n "$found" ] || found=$(kept "$package")
		[ -n "$found" ] || continue
		while [ -n "$found" ]; do
			version=$(newest "$found")
			echo "$package $version"
			found=$(grep -vxF "$version" <<<"$found" || true)
		done
		return
	done
	die "the package sources list no source package $1;" \
	    "see $logs/apt.log"
}

listed()
{
	apt-cache -c "$work/apt/apt.conf" showsrc --only-source "$1" \
	    2>/dev/null | sed -n 's/^Version: //p' | sort -u || true
}

kept()
{
	find "$sources" -name "$1_*.tar.gz" -printf '%f\n' \
	    | sed 's/^[^_]*_//; s/\.tar\.gz$//; s/%/:/'
}

newest()
{
	local best='' version

	for version in $1; do
		if [ -z "$best" ] || dpkg --compare-versions "$version" gt \
		    "$best"; then
			best=$version
		fi
	done
	echo "$best"
}

# Unpack the newest source of library $1 that can be had into folder $1, with
# the distribution's patches. An older one serves if the mirror lacks the
# newest. $2 unpacks what was fetched.
fetch_source()
{
	local package version kept

	while read -r package version; do
		kept=$sources/${package}_${version//:/%}.tar.gz
		if [ -s "$kept" ] && tar -xzf "$kept"; then
			echo "$package $version" >version
			return
		fi
		mkdir -p fetched
		echo "fetching $package $version"
		if (cd fetched && apt-get -c "$work/apt/apt.conf" -q source \
		    --only-source --download-only "$package=$version"); then
			"$2" "$1"
			rm -rf fetched
			keep_source "$1" "$package" "$kept"
			echo "$package $version" >version
			return
		fi
		rm -rf fetched
		echo "the mirror lacks $package $version: trying the next"
	done <"$work/$1.versions"
	echo "no listed version of $1 could be fetched"
	return 1
}

# So that the next build need not fetch, which for one is 115 MB.
keep_source()
{
	rm -f "$sources/$2"_*.tar.gz
	tar -czf "$3.new.$$" "$1"
	mv "$3.new.$$" "$3"
}

# apt has checked what it fetched against the signed list.
unpack_whole()
{
	dpkg-source --no-check -x fetched/*.dsc "$1"
}

# The client library is one folder of a server of 900 MB.
unpack_mariadb()
{
	local patch

	mkdir "$1"
	tar -C "$1" --strip-components=1 --wildcards \
	    -xf fetched/*.orig.tar.?z '*/libmariadb/*'
	tar -C fetched -xf fetched/*.debian.tar.?z
	while read -r patch _; do
		case $patch in
		''|'#'*)
			continue ;;
		esac
		grep -q '^+++ [^/]*/libmariadb/' \
		    "fetched/debian/patches/$patch" || continue
		echo "applying $patch"
		GIT_CEILING_DIRECTORIES=$PWD git -C "$1" apply \
		    --include='libmariadb/*' \
		    "$PWD/fetched/debian/patches/$patch"
	done <fetched/debian/patches/series
}

# Configure source folder $1 in ./build with the options that follow.
configure()
{
	local source=$1

	shift
	cmake -S "$source" -B build -G 'Unix Makefiles' \
	    -DCMAKE_C_COMPILER=gcc -DCMAKE_BUILD_TYPE=Release \
	    -DCMAKE_C_FLAGS_RELEASE="$CFLAGS_ALL -ffile-prefix-map=$PWD=." \
	    -DCMAKE_POSITION_INDEPENDENT_CODE=ON \
	    -DBUILD_SHARED_LIBS=OFF "$@"
}

upstream_version()
{
	sed 's/^[^ ]* //; s/^[0-9]*://; s/[-+~][^-]*$//; s/[+~].*//' version
}

# HTTP_ONLY leaves out every other protocol. Digest logins stay: Atlas wants
# them. With a default CAPATH libcurl would parse the roots again for each
# connection, so there is none, and the bundle's place is the distribution's.
build_curl()
{
	fetch_source curl unpack_whole
	configure curl -DHTTP_ONLY=ON -DENABLE_WEBSOCKETS=ON \
	    -DCURL_USE_OPENSSL=ON -DENABLE_ARES=ON -DCURL_ZLIB=ON \
	    -DCURL_CA_PATH=none \
	    -DCURL_CA_BUNDLE=/etc/ssl/certs/ca-certificates.crt \
	    -DBUILD_CURL_EXE=OFF -DBUILD_STATIC_LIBS=ON -DBUILD_TESTING=OFF \
	    -DBUILD_EXAMPLES=OFF -DBUILD_LIBCURL_DOCS=OFF \
	    -DBUILD_MISC_DOCS=OFF -DENABLE_MANUAL=OFF \
	    -DENABLE_CURL_MANUAL=OFF -DPICKY_COMPILER=OFF \
	    -DCURL_USE_LIBPSL=OFF -DCURL_USE_LIBSSH2=OFF \
	    -DCURL_USE_LIBSSH=OFF -DCURL_USE_GSSAPI=OFF -DUSE_LIBIDN2=OFF \
	    -DUSE_NGHTTP2=OFF -DCURL_BROTLI=OFF -DCURL_ZSTD=OFF \
	    -DCURL_DISABLE_ALTSVC=ON -DCURL_DISABLE_HSTS=ON \
	    -DCURL_DISABLE_DOH=ON -DCURL_DISABLE_NETRC=ON \
	    -DCURL_DISABLE_NTLM=ON -DCURL_DISABLE_KERBEROS_AUTH=ON \
	    -DCURL_DISABLE_NEGOTIATE_AUTH=ON -DCURL_DISABLE_SRP=ON \
	    -DCURL_DISABLE_AWS=ON -DCURL_DISABLE_IPFS=ON
	make -C build -j "$jobs"
	install -D -m 644 -t "$prefix/lib" "$(find build/lib -name libcurl.a)"
	install -D -m 644 -t "$prefix/include/curl" curl/include/curl/*.h
	grep -q 'curl_ws_recv' curl/include/curl/*.h || say \
	    "curl $(upstream_version) has no WebSocket functions yet"
}

# A static program cannot load a login method as a plugin, so those that
# servers ask for are built in.
build_mariadb()
{
	local header

	fetch_source mariadb unpack_mariadb
	configure mariadb/libmariadb -DWITH_SSL=OPENSSL \
	    -DWITH_EXTERNAL_ZLIB=ON -DWITH_CURL=OFF -DWITH_UNIT_TESTS=OFF \
	    -DCLIENT_PLUGIN_CACHING_SHA2_PASSWORD=STATIC \
	    -DCLIENT_PLUGIN_SHA256_PASSWORD=STATIC \
	    -DCLIENT_PLUGIN_MYSQL_CLEAR_PASSWORD=STATIC \
	    -DCLIENT_PLUGIN_CLIENT_ED25519=STATIC \
	    -DCLIENT_PLUGIN_DIALOG=OFF -DCLIENT_PLUGIN_REMOTE_IO=OFF \
	    -DCLIENT_PLUGIN_ZSTD=OFF -DCLIENT_PLUGIN_PARSEC=OFF \
	    -DCLIENT_PLUGIN_AUTH_GSSAPI_CLIENT=OFF
	make -C build -j "$jobs" mariadbclient
	install -D -m 644 -t "$prefix/lib" \
	    build/libmariadb/libmariadbclient.a
	for header in mysql mariadb_com mariadb_ctype mariadb_dyncol \
	    mariadb_rpl mariadb_stmt mariadb_version ma_list ma_pvio \
	    errmsg mysqld_error ma_tls; do
		install -D -m 644 -t "$prefix/include/mysql" \
		    "$(find build/include mariadb/libmariadb/include \
		    -maxdepth 1 -name $header.h | head -n 1)"
	done
	for header in mariadb mysql; do
		install -D -m 644 -t "$prefix/include/mysql/$header" \
		    mariadb/libmariadb/include/$header/*.h
	done
}

# Some distributions take the bundled copy of utf8proc out of the source.
build_mongoc()
{
	local bundled=ON

	fetch_source mongoc unpack_whole
	if grep -q USE_BUNDLED_UTF8PROC mongoc/CMakeLists.txt \
	    mongoc/src/libmongoc/CMakeLists.txt \
	    && ! compgen -G 'mongoc/src/utf8proc-*/utf8proc.c'; then
		bundled=OFF
		pkg-config --static --libs libutf8proc >needs
	fi
	configure mongoc -DBUILD_VERSION="$(upstream_version)" \
	    -DUSE_BUNDLED_UTF8PROC=$bundled \
	    -DENABLE_STATIC=ON -DENABLE_SHARED=OFF -DENABLE_SSL=OPENSSL \
	    -DENABLE_SRV=ON -DENABLE_SASL=OFF -DENABLE_SNAPPY=OFF \
	    -DENABLE_ZLIB=OFF -DENABLE_ZSTD=OFF -DENABLE_ICU=OFF \
	    -DENABLE_MONGODB_AWS_AUTH=OFF \
	    -DENABLE_CLIENT_SIDE_ENCRYPTION=OFF -DENABLE_TESTS=OFF \
	    -DENABLE_EXAMPLES=OFF -DENABLE_UNINSTALL=OFF \
	    -DENABLE_MAN_PAGES=OFF -DENABLE_HTML_DOCS=OFF \
	    -DENABLE_SHM_COUNTERS=OFF \
	    -DENABLE_AUTOMATIC_INIT_AND_CLEANUP=OFF
	make -C build -j "$jobs" mongoc_static
	install_mongo_part mongoc
	install_mongo_part bson
}

# The archive and the public headers, generated ones too, of part $1.
install_mongo_part()
{
	local dir=src/lib$1/src/$1 header

	install -D -m 644 "$(find build -name "lib$1-static-1.0.a")" \
	    "$prefix/lib/lib$1-static-1.0.a"
	for header in mongoc/"$dir"/*.h build/"$dir"/*.h; do
		case $header in
		*-private.h)
			;;
		*)
			install -D -m 644 -t "$prefix/include/$1" "$header" ;;
		esac
	done
}

build_cjson()
{
	fetch_source cjson unpack_whole
	# shellcheck disable=SC2086
	gcc -std=c99 $CFLAGS_ALL -fPIC \
	    "-ffile-prefix-map=$PWD=." -c cjson/cJSON.c -o cJSON.o
	mkdir -p "$prefix/lib"
	ar rcD "$prefix/lib/libcjson.a" cJSON.o
	install -D -m 644 -t "$prefix/include/cjson" cjson/cJSON.h
}

# The grammar's C files of the package, which must be the one that we know.
build_grammar()
{
	local part

	fetch_grammar
	tar -xzf grammar.tgz package/src
	for part in parser scanner; do
		# shellcheck disable=SC2086
		gcc -std=c11 $CFLAGS_ALL -fPIC \
		    "-ffile-prefix-map=$PWD=." -Ipackage/src \
		    -c package/src/$part.c -o $part.o
	done
	mkdir -p "$prefix/lib" "$prefix/include/tree_sitter"
	ar rcD "$prefix/lib/libtree-sitter-python.a" parser.o scanner.o
	cat >"$prefix/include/tree_sitter/python.h" <<-'EOT'
	/* The grammar of Python, for ts_parser_set_language(). */
	#ifndef TREE_SITTER_PYTHON_H
	#define TREE_SITTER_PYTHON_H

	#include <tree_sitter/api.h>

	const TSLanguage *tree_sitter_python(void);

	#endif
	EOT
	echo "${GRAMMAR/@/ }" >version
}

# npm's own settings say where the registry is and how to reach it.
fetch_grammar()
{
	local kept=$sources/${GRAMMAR/@/_}.tgz

	if ! grammar_is_ours "$kept"; then
		npm pack --cache "$PWD/npm" --loglevel=error --ignore-scripts \
		    --no-update-notifier "$GRAMMAR"
		grammar_is_ours "${GRAMMAR/@/-}.tgz" || {
			echo "$GRAMMAR does not have the hash we know"
			return 1
		}
		mv "${GRAMMAR/@/-}.tgz" "$kept.new.$$"
		mv "$kept.new.$$" "$kept"
	fi
	cp "$kept" grammar.tgz
}

grammar_is_ours()
{
	[ -s "$1" ] && [ "$(openssl dgst -sha512 -binary "$1" \
	    | openssl base64 -A)" = "$GRAMMAR_SHA512" ]
}

# Build library $1 in a folder and a process group of its own, everything it
# prints in its log. It holds the lock too: if we are killed, the next run
# waits for what is left of us.
start()
{
	mkdir "$work/$1"
	set -m
	(
		exec >"$logs/$1.log" 2>&1 </dev/null
		cd "$work/$1"
		SECONDS=0
		"build_$1"
		printf 'libs: %-8s %-24s %3d s\n' "$1" \
		    "$(cut -d ' ' -f 2 version)" "$SECONDS" >&3
	) 3>&2 &
	pids[$1]=$!
	set +m
}

# Wait for library $1; if it failed, show why.
finish()
{
	local rc=0

	wait "${pids[$1]}" || rc=$?
	unset "pids[$1]"
	[ "$rc" -eq 0 ] && return
	say "$1 failed (status $rc); the end of $logs/$1.log:"
	tail -n 30 "$logs/$1.log" >&2
	say "the whole log: $logs/$1.log"
	return 1
}

# Lines for the Makefile. Each X_LIBS is enough for gcc -static with code
# that uses only X, and may be repeated after another.
write_flags()
{
	local tls mongo_needs=''

	tls=$(pkg-config --static --libs libssl libcrypto)
	[ ! -r "$work/mongoc/needs" ] || mongo_needs=$(<"$work/mongoc/needs")
	cat <<-EOT
	# Made by src/libs/build.sh: how to compile and link with its prefix.
	LIBS_PREFIX = $1
	LIBS_CFLAGS = -isystem $1/include -isystem $1/include/mysql \\
	    -DMONGOC_STATIC -DBSON_STATIC
	CRYPTO_LIBS = $(pkg-config --static --libs libcrypto)
	TLS_LIBS = $tls
	ZLIB_LIBS = $(pkg-config --static --libs zlib)
	ARES_LIBS = $(pkg-config --static --libs libcares)
	YAML_LIBS = $(pkg-config --static --libs yaml-0.1)
	EXPAT_LIBS = $(pkg-config --static --libs expat)
	ZSTD_LIBS = $(pkg-config --static --libs libzstd)
	CJSON_LIBS = $1/lib/libcjson.a
	CURL_LIBS = $1/lib/libcurl.a \$(ARES_LIBS) \$(TLS_LIBS) \$(ZLIB_LIBS)
	MYSQL_LIBS = $1/lib/libmariadbclient.a \$(TLS_LIBS) \$(ZLIB_LIBS) \\
	    -lm -ldl -pthread
	MONGO_LIBS = $1/lib/libmongoc-static-1.0.a \\
	    $1/lib/libbson-static-1.0.a $mongo_needs \$(TLS_LIBS) \\
	    -lresolv -lm -pthread
	TREE_SITTER_LIBS = $1/lib/libtree-sitter-python.a \\
	    $(pkg-config --static --libs tree-sitter)
	CHECK_LIBS = -lcheck_pic -lsubunit -lrt -lm -pthread
	EOT
}

# Leave nothing behind: neither a process nor a half-made folder.
clean_up()
{
	local pid

	for pid in "${pids[@]}"; do
		kill -- "-$pid" 2>/dev/null || true
	done
	wait
	rm -rf "$work"
}

# Build everything in a folder of our own, then move it to its place at once.
build()
{
	local print=$1 name key failed=0

	check_packages
	work=$(mktemp -d "$libs/tmp.XXXXXX")
	trap clean_up EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	prefix=$work/prefix
	update_lists "$work/apt"
	list_versions curl >"$work/curl.versions"
	list_versions mariadb mariadb-10.6 >"$work/mariadb.versions"
	list_versions mongo-c-driver >"$work/mongoc.versions"
	list_versions cjson >"$work/cjson.versions"
	key=$(cat <(echo "$print") "$work"/*.versions | sha256sum \
	    | cut -c 1-16)
	if [ ! -e "$libs/$key/stamp" ]; then
		say "building with $jobs jobs"
		for name in mariadb mongoc curl grammar cjson; do
			start "$name"
		done
		for name in cjson grammar curl mongoc mariadb; do
			finish "$name" || failed=1
		done
		[ "$failed" -eq 0 ] || exit 1
		write_flags "$libs/$key" >"$prefix/flags.mk"
		cat "$work"/*/version >"$prefix/versions"
		touch "$prefix/stamp"
		rm -rf "${libs:?}/$key"
		mv -T "$prefix" "$libs/$key"
	fi
	echo "$key" >"$work/latest"
	mv "$work/latest" "$libs/latest-$print"
	forget_unused
}

# A prefix that nobody asked for in two months is of an older checkout.
forget_unused()
{
	local stamp

	find "$libs" -mindepth 2 -maxdepth 2 -name stamp -mtime +60 \
	    | while read -r stamp; do
		rm -rf "${stamp%/stamp}"
	done
	find "$libs" -maxdepth 1 -name 'latest-*' -mtime +60 -delete
}

main()
{
	local newest=0 print

	while [ $# -gt 0 ]; do
		case $1 in
		--newest)
			newest=1 ;;
		release|asan|cov)
			;;
		*)
			sed -n '3,/^$/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
			exit 2 ;;
		esac
		shift
	done
	case $cache in
	*[[:space:]]*)
		die "make cannot use a path with blanks: $cache" ;;
	esac
	command -v gcc >/dev/null || check_packages
	print=$(fingerprint | sha256sum | cut -c 1-16)
	if [ "$newest" -eq 1 ] || ! find_finished "$print" >/dev/null; then
		mkdir -p "$libs" "$sources" "$logs"
		exec 9>"$libs/lock"
		flock -n 9 || { say "another build is running: waiting for it"
		    flock 9; }
		# What a killed run left behind; we hold the lock.
		rm -rf "$libs"/tmp.*
		if [ "$newest" -eq 1 ] \
		    || ! find_finished "$print" >/dev/null; then
			build "$print"
		fi
	fi
	find_finished "$print"
}

declare -A pids=()
main "$@"
