# shellcheck shell=bash
# mariadb.sh - the database server that both sides use: the old instance's data
# with its user who may do everything (which the migration takes away), another
# tenant's database, and the new side's own empty one. TLS with our authority.

D=$S/mariadb
AS=()
[ "$(id -u)" != 0 ] || AS=(--user=root)
SMALL=(
	--innodb-log-file-size=4M --innodb-buffer-pool-size=8M
	--innodb-flush-log-at-trx-commit=0 --innodb-doublewrite=0
)

# install FOLDER: a fresh data folder
install()
{
	mariadb-install-db --no-defaults "${AS[@]}" --datadir="$1" \
		--auth-root-authentication-method=normal --skip-test-db \
		--skip-name-resolve "${SMALL[@]}" >>"$D/install.log" 2>&1
}

# make CACHE FOLDER: a fresh data folder in the cache, unless it is there. One
# at a time: of several mariadb-install-db at once, some failed.
make()
{
	(
		flock 9
		[ ! -d "$2" ] || exit 0
		rm -rf "$1/new"
		install "$1/new" && mv -T "$1/new" "$2"
	) 9>"$1/mariadb.lock"
}

# data: a copy of a fresh data folder, made once per version and kept in the
# cache, where there can be one
data()
{
	local cache fresh version
	version=$(mariadbd --version | tr -cs 'A-Za-z0-9.+\n' -)
	cache=${XDG_CACHE_HOME:-${HOME:-/}/.cache}/transplant
	fresh=$cache/mariadb-${version%-}
	if ! mkdir -p "$cache" 2>/dev/null || [ ! -w "$cache" ]; then
		install "$D/data"
		return
	fi
	[ -d "$fresh" ] || make "$cache" "$fresh" || return
	cp -r "$fresh" "$D/data"
}

config()
{
	cat <<C
[mysqld]
datadir=$D/data
socket=$D/my.sock
pid-file=$D/my.pid
log-error=$S/log/mariadb.err
tmpdir=$D/tmp
bind-address=$SB_MYSQL_HOST
port=$SB_MYSQL_PORT
character-set-server=utf8mb4
skip-name-resolve
skip-log-bin
performance-schema=0
innodb-buffer-pool-size=16M
innodb-log-file-size=4M
innodb-flush-log-at-trx-commit=0
innodb-doublewrite=0
innodb-fast-shutdown=2
key-buffer-size=1M
aria-pagecache-buffer-size=1M
max-connections=64
ssl-ca=$S/ca/ca.crt
ssl-cert=$S/ca/mariadb.crt
ssl-key=$S/ca/mariadb.key
C
}

root()
{
	mariadb --no-defaults --default-character-set=utf8mb4 -uroot \
		-S "$D/my.sock"
}

# login USER PASSWORD: over TCP and verified TLS, as everyone does
login()
{
	MYSQL_PWD=$2 mariadb --no-defaults -u"$1" -h "$SB_MYSQL_HOST" \
		-P "$SB_MYSQL_PORT" --ssl-ca="$S/ca/ca.crt" \
		--ssl-verify-server-cert -e 'SELECT 1'
}

up()
{
	mkdir -p "$D/tmp"
	data || return 1
	leaf mariadb "IP:$SB_MYSQL_HOST" || return 1
	config >"$D/my.cnf"
	spawn mariadb mariadbd --defaults-file="$D/my.cnf" "${AS[@]}"
	until_ok 20 root </dev/null || return 1
	fill <"$HERE/seed/mariadb.sql" | root || return 1
	login "$SB_MYSQL_USER" "$SB_MYSQL_PASSWORD" &&
		login "$SB_MYSQL_ADMIN" "$SB_MYSQL_ADMIN_PASSWORD"
}
