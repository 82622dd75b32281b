#!/usr/bin/env bash
#
# check.sh - prove that a prefix of build.sh serves: link a program with each
# of its libraries, run it, and print its size.
#
#	check.sh PREFIX [COMPILER...]
#
# Each program is linked statically (and stripped) and, as debug builds do,
# dynamically with the address sanitizer, by the compilers given (gcc). The
# static ones run in a root folder that holds nothing but them. The curl one
# fetches a page over verified TLS from a server of ours on loopback, and must
# refuse it when the roots are others.

set -euo pipefail
export LC_ALL=C

if [ $# -eq 0 ] || [ ! -r "$1/flags.mk" ]; then
	sed -n '3,/^$/s/^# \{0,1\}//p' "$0" >&2
	exit 2
fi
flags=$1/flags.mk
shift
[ $# -gt 0 ] || set -- gcc
tmp=$(mktemp -d)
server=''

clean_up()
{
	[ -z "$server" ] || kill "$server" 2>/dev/null || true
	rm -rf "$tmp"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# The value of variable $1 of flags.mk.
flag()
{
	# shellcheck disable=SC2016
	printf 'include %s\nprint:\n\t@echo $(%s)\n' "$flags" "$1" \
	    | make -s -f - print
}

fail()
{
	printf 'not ok: %s\n' "$*" >&2
	exit 1
}

# The programs. Each ends with 0 when its library does what we need of it.
write_sources()
{
	mkdir -p "$tmp/src"
	cat >"$tmp/src/curl.c" <<-'EOT'
	#include <curl/curl.h>
	#include <stdio.h>
	#include <string.h>

	/* WebSocket came with 7.86. */
	#define HAS_WS (LIBCURL_VERSION_NUM >= 0x075600)

	/* http, https, ws and wss, and nothing else. */
	static int
	speaks_only_http(const curl_version_info_data *v)
	{
		int n = 0;

		for (; v->protocols[n] != NULL; n++)
			if (strncmp(v->protocols[n], "http", 4) != 0
			    && strncmp(v->protocols[n], "ws", 2) != 0)
				return 0;
		return n == (HAS_WS ? 4 : 2);
	}

	int
	main(int argc, char **argv)
	{
		const curl_version_info_data *v =
		    curl_version_info(CURLVERSION_NOW);
		CURL *c = NULL;
		CURLcode rc = CURLE_FAILED_INIT;

		if (!speaks_only_http(v) || v->ares == NULL
		    || v->libz_version == NULL || v->capath != NULL
		    || v->cainfo == NULL || v->ssl_version == NULL
		    || strncmp(v->ssl_version, "OpenSSL/", 8) != 0)
			return 10;
		if (curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK)
			c = curl_easy_init();
		if (c == NULL)
			return 11;
		if (argc < 3) {
			rc = CURLE_OK;
	#if HAS_WS
			if (curl_ws_meta(c) != NULL)
				rc = CURLE_FAILED_INIT;
	#endif
		} else {
			curl_easy_setopt(c, CURLOPT_URL, argv[1]);
			curl_easy_setopt(c, CURLOPT_CAINFO, argv[2]);
			curl_easy_setopt(c, CURLOPT_TIMEOUT, 5L);
			curl_easy_setopt(c, CURLOPT_NOPROXY, "*");
			rc = curl_easy_perform(c);
			fprintf(stderr, "curl: %s\n", curl_easy_strerror(rc));
		}
		curl_easy_cleanup(c);
		curl_global_cleanup();
		return rc == CURLE_OK ? 0
		    : rc == CURLE_PEER_FAILED_VERIFICATION ? 60 : 1;
	}
	EOT
	cat >"$tmp/src/mysql.c" <<-'EOT'
	#include <mysql.h>
	#include <stdio.h>

	/* From client_plugin.h, which includes what is not installed. */
	enum { AUTHENTICATION = 2 };
	struct st_mysql_client_plugin *mysql_client_find_plugin(MYSQL *,
	    const char *, int);

	/* The logins that servers ask for are built in, and nobody is home. */
	int
	main(void)
	{
		static const char *const logins[] = {
			"mysql_native_password", "caching_sha2_password",
			"sha256_password", "mysql_clear_password",
			"client_ed25519",
		};
		MYSQL *m = mysql_init(NULL);
		unsigned int timeout = 2;
		int bad = m == NULL;

		for (size_t i = 0; i < sizeof(logins) / sizeof(*logins); i++)
			if (mysql_client_find_plugin(m, logins[i],
			    AUTHENTICATION) == NULL) {
				fprintf(stderr, "no %s\n", logins[i]);
				bad = 1;
			}
		mysql_options(m, MYSQL_OPT_CONNECT_TIMEOUT, &timeout);
		if (mysql_real_connect(m, "127.42.1.9", "u", "p", NULL, 9,
		    NULL, 0) != NULL || mysql_errno(m) < 2000)
			bad = 1;
		fprintf(stderr, "mysql: %s\n", mysql_error(m));
		mysql_close(m);
		mysql_library_end();
		return bad;
	}
	EOT
	cat >"$tmp/src/mongo.c" <<-'EOT'
	#include <mongoc/mongoc.h>
	#include <stdio.h>

	/* TLS and SCRAM are in; a ping of nobody fails in time. */
	int
	main(void)
	{
		mongoc_client_t *c;
		bson_t *ping;
		bson_error_t e = { 0 };
		int bad;

		mongoc_init();
		c = mongoc_client_new("mongodb://u:p@127.42.1.9:9/?tls=true"
		    "&authMechanism=SCRAM-SHA-256"
		    "&serverSelectionTimeoutMS=200");
		ping = BCON_NEW("ping", BCON_INT32(1));
		bad = c == NULL || mongoc_client_command_simple(c, "admin",
		    ping, NULL, NULL, &e)
		    || e.domain != MONGOC_ERROR_SERVER_SELECTION;
		fprintf(stderr, "mongo: %s\n", e.message);
		bson_destroy(ping);
		mongoc_client_destroy(c);
		mongoc_cleanup();
	#if !defined(MONGOC_ENABLE_SSL_OPENSSL) || !MONGOC_ENABLE_SSL_OPENSSL
		bad = 1;
	#endif
		return bad;
	}
	EOT
	cat >"$tmp/src/cjson.c" <<-'EOT'
	#include <cjson/cJSON.h>

	int
	main(void)
	{
		cJSON *j = cJSON_Parse("{\"a\":[1,2]}");
		int n = cJSON_GetArraySize(cJSON_GetObjectItem(j, "a"));

		cJSON_Delete(j);
		return n != 2;
	}
	EOT
	cat >"$tmp/src/yaml.c" <<-'EOT'
	#include <yaml.h>

	int
	main(void)
	{
		static const unsigned char text[] = "a: [1, 2]\n";
		yaml_parser_t p;
		yaml_document_t d;
		int ok;

		if (!yaml_parser_initialize(&p))
			return 1;
		yaml_parser_set_input_string(&p, text, sizeof(text) - 1);
		ok = yaml_parser_load(&p, &d);
		if (ok)
			yaml_document_delete(&d);
		yaml_parser_delete(&p);
		return !ok;
	}
	EOT
	cat >"$tmp/src/ares.c" <<-'EOT'
	#include <ares.h>
	#include <stddef.h>

	int
	main(void)
	{
		ares_channel c;
		int rc = ares_library_init(ARES_LIB_INIT_ALL);

		if (rc == ARES_SUCCESS)
			rc = ares_init_options(&c, NULL, 0);
		if (rc != ARES_SUCCESS)
			return 1;
		rc = ares_set_servers_ports_csv(c, "127.42.1.9:5353");
		ares_destroy(c);
		ares_library_cleanup();
		return rc != ARES_SUCCESS;
	}
	EOT
	cat >"$tmp/src/tls.c" <<-'EOT'
	#include <openssl/ssl.h>

	int
	main(void)
	{
		SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
		SSL *ssl = ctx == NULL ? NULL : SSL_new(ctx);
		int bad = ssl == NULL;

		SSL_free(ssl);
		SSL_CTX_free(ctx);
		return bad;
	}
	EOT
	cat >"$tmp/src/crypto.c" <<-'EOT'
	#include <openssl/evp.h>

	int
	main(void)
	{
		unsigned char sum[EVP_MAX_MD_SIZE];
		unsigned int n = 0;

		return !EVP_Digest("a", 1, sum, &n, EVP_sha256(), NULL)
		    || n != 32 || sum[0] != 0xca;
	}
	EOT
	cat >"$tmp/src/zlib.c" <<-'EOT'
	#include <zlib.h>

	int
	main(void)
	{
		return crc32(0, (const unsigned char *)"a", 1) != 0xe8b7be43;
	}
	EOT
	cat >"$tmp/src/tree_sitter.c" <<-'EOT'
	#include <string.h>
	#include <tree_sitter/api.h>
	#include <tree_sitter/python.h>

	int
	main(void)
	{
		static const char text[] =
		    "if a:\n    B = {'k': f\"{x}\"}  # c\n";
		TSParser *p = ts_parser_new();
		TSTree *t = NULL;
		int bad = 1;

		if (ts_parser_set_language(p, tree_sitter_python()))
			t = ts_parser_parse_string(p, NULL, text,
			    sizeof(text) - 1);
		if (t != NULL) {
			TSNode root = ts_tree_root_node(t);

			bad = ts_node_has_error(root)
			    || strcmp(ts_node_type(root), "module") != 0
			    || strcmp(ts_node_type(ts_node_named_child(root,
			    0)), "if_statement") != 0;
			ts_tree_delete(t);
		}
		ts_parser_delete(p);
		return bad;
	}
	EOT
	cat >"$tmp/src/expat.c" <<-'EOT'
	#include <expat.h>

	int
	main(void)
	{
		XML_Parser p = XML_ParserCreate(NULL);
		int bad = XML_Parse(p, "<a>b</a>", 8, 1) != XML_STATUS_OK;

		XML_ParserFree(p);
		return bad;
	}
	EOT
	cat >"$tmp/src/zstd.c" <<-'EOT'
	#include <zstd.h>

	int
	main(void)
	{
		char out[128];
		size_t n = ZSTD_compress(out, sizeof(out), "aaaa", 4, 1);

		return ZSTD_isError(n) || ZSTD_getFrameContentSize(out, n) != 4;
	}
	EOT
	cat >"$tmp/src/check.c" <<-'EOT'
	#include <check.h>

	START_TEST(one_is_one)
	{
		ck_assert_int_eq(1, 1);
	}
	END_TEST

	int
	main(void)
	{
		Suite *s = suite_create("s");
		TCase *t = tcase_create("t");
		SRunner *r = srunner_create(s);
		int failed;

		tcase_add_test(t, one_is_one);
		suite_add_tcase(s, t);
		srunner_set_fork_status(r, CK_NOFORK);
		srunner_run_all(r, CK_SILENT);
		failed = srunner_ntests_failed(r)
		    + (srunner_ntests_run(r) != 1);
		srunner_free(r);
		return failed;
	}
	EOT
	cat >"$tmp/src/all.c" <<-'EOT'
	#include <cjson/cJSON.h>
	#include <curl/curl.h>
	#include <mongoc/mongoc.h>
	#include <mysql.h>
	#include <tree_sitter/python.h>

	/* All clients in one program, as the release's is. */
	int
	main(void)
	{
		int bad = curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK
		    || mysql_library_init(0, NULL, NULL) != 0;
		MYSQL *m = mysql_init(NULL);
		mongoc_client_t *c;
		cJSON *j = cJSON_CreateObject();
		CURL *e = curl_easy_init();

		mongoc_init();
		c = mongoc_client_new("mongodb://127.42.1.9:9/");
		bad = bad || m == NULL || c == NULL || j == NULL || e == NULL
		    || tree_sitter_python() == NULL;
		if (mysql_real_connect(m, "127.42.1.9", "u", "p", NULL, 9,
		    NULL, 0) != NULL
		    || curl_easy_perform(e) == CURLE_OK)
			bad = 1;
		curl_easy_cleanup(e);
		cJSON_Delete(j);
		mongoc_client_destroy(c);
		mongoc_cleanup();
		mysql_close(m);
		mysql_library_end();
		curl_global_cleanup();
		return bad;
	}
	EOT
}

# What program $1 is linked with.
libs_of()
{
	local name

	case $1 in
	all)
		for name in CURL MYSQL MONGO CJSON TREE_SITTER; do
			flag "${name}_LIBS"
		done | tr '\n' ' ' ;;
	*)
		flag "$(tr '[:lower:]' '[:upper:]' <<<"$1")_LIBS" ;;
	esac
}

# Has compiler $1 the sanitizers' run-time library? Debian's clang has it in
# a package of its own.
sanitizes()
{
	echo 'int main(void) { return 0; }' | "$1" -fsanitize=address,undefined \
	    -x c -o "$tmp/sanitized" - 2>/dev/null
}

# Link program $2 with compiler $1, both ways. The linker's warnings about
# getaddrinfo and dlopen in a static program are known and left out.
link_both()
{
	local cc=$1 name=$2 compile link

	mkdir -p "$tmp/$cc/static" "$tmp/$cc/asan"
	read -ra compile <<<"-std=c17 -D_GNU_SOURCE -Wall -Wextra -Werror \
	    -Wshadow -Wstrict-prototypes -Wundef $(flag LIBS_CFLAGS)"
	read -ra link <<<"$(libs_of "$name")"
	"$cc" "${compile[@]}" -O2 -ffunction-sections -fdata-sections -static \
	    -s -Wl,--gc-sections -o "$tmp/$cc/static/$name" \
	    "$tmp/src/$name.c" "${link[@]}" 2>"$tmp/ld.log" || {
		cat "$tmp/ld.log" >&2
		fail "$cc cannot link $name statically"
	}
	sanitizes "$cc" || return 0
	"$cc" "${compile[@]}" -g -O1 -fsanitize=address,undefined \
	    -o "$tmp/$cc/asan/$name" "$tmp/src/$name.c" "${link[@]}" \
	    || fail "$cc cannot link $name with the sanitizers"
}

# Run static program $1 in a root that holds it, roots and name servers.
in_empty_root()
{
	local root=$tmp/root program=$1

	shift
	mkdir -p "$root/etc" "$root/tmp"
	cp /etc/resolv.conf "$root/etc/" 2>/dev/null || true
	cp "$tmp"/tls/*.crt "$root/"
	cp "$program" "$root/program"
	if [ "$(id -u)" -eq 0 ]; then
		chroot "$root" /program "$@"
	elif unshare --map-root-user true 2>/dev/null; then
		unshare --map-root-user chroot "$root" /program "$@"
	else
		(cd "$root" && env -i ./program "$@")
	fi
}

# A TLS server for 127.42.1.1 whose root is ca.crt and not other.crt.
start_server()
{
	local name

	mkdir "$tmp/tls"
	for name in ca other; do
		openssl req -x509 -newkey ec -pkeyopt \
		    ec_paramgen_curve:prime256v1 -nodes -days 2 \
		    -subj "/CN=check $name" -keyout "$tmp/tls/$name.key" \
		    -out "$tmp/tls/$name.crt" 2>/dev/null
	done
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \
	    -subj /CN=server -keyout "$tmp/tls/server.key" \
	    -out "$tmp/tls/server.csr" 2>/dev/null
	openssl x509 -req -in "$tmp/tls/server.csr" -CA "$tmp/tls/ca.crt" \
	    -CAkey "$tmp/tls/ca.key" -set_serial 0x11 -days 2 \
	    -extfile <(echo subjectAltName=IP:127.42.1.1) \
	    -out "$tmp/tls/server.pem" 2>/dev/null
	openssl s_server -accept 127.42.1.1:0 -cert "$tmp/tls/server.pem" \
	    -key "$tmp/tls/server.key" -www >"$tmp/server.log" 2>&1 \
	    </dev/null &
	server=$!
	for _ in $(seq 50); do
		port=$(sed -n 's/^ACCEPT .*:\([0-9]*\)$/\1/p' \
		    "$tmp/server.log")
		[ -z "$port" ] || return 0
		sleep 0.1
	done
	fail "openssl s_server did not start: $(cat "$tmp/server.log")"
}

# Run program $2 of compiler $1 both ways.
run_both()
{
	local static=$tmp/$1/static/$2 out=$tmp/out

	file -L "$static" | grep -q 'statically linked' \
	    || fail "$2 is not statically linked"
	in_empty_root "$static" >"$out" 2>&1 \
	    || fail "static $2 ended with $?: $(cat "$out")"
	[ ! -e "$tmp/$1/asan/$2" ] || "$tmp/$1/asan/$2" >"$out" 2>&1 \
	    || fail "sanitized $2 ended with $?: $(cat "$out")"
	printf 'ok: %-5s %-12s %8d bytes\n' "$1" "$2" \
	    "$(stat -c %s "$static")"
}

# TLS is verified: the page comes with the right root, and only with it.
check_tls()
{
	local url=https://127.42.1.1:$port/ rc=0 out=$tmp/page

	in_empty_root "$tmp/$1/static/curl" "$url" /ca.crt >"$out" 2>&1 \
	    || fail "no page over TLS: $(cat "$out")"
	grep -qi '<html>' "$out" || fail "not the page: $(cat "$out")"
	in_empty_root "$tmp/$1/static/curl" "$url" /other.crt >"$out" 2>&1 \
	    || rc=$?
	[ "$rc" -eq 60 ] || fail "a wrong root gave $rc: $(cat "$out")"
	echo "ok: $1   curl verifies TLS in an empty root"
}

main()
{
	local cc name programs=()

	write_sources
	start_server
	for name in "$tmp"/src/*.c; do
		name=${name##*/}
		programs+=("${name%.c}")
	done
	for cc in "$@"; do
		for name in "${programs[@]}"; do
			link_both "$cc" "$name"
			run_both "$cc" "$name"
		done
		check_tls "$cc"
		sanitizes "$cc" || echo "skip: $cc has no sanitizers here"
	done
}

main "$@"
