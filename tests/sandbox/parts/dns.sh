# shellcheck shell=bash
# dns.sh - a DNS company (PowerDNS with its HTTP API), its second server (NSD,
# which learns of a change when it is notified, else up to a minute late) and
# the resolver of this world (unbound, which really caches). The resolver also
# knows the vendors' own names; it never asks anyone outside.

D=$S/dns
SCHEMA=/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql

pdns_config()
{
	cat <<C
launch=gsqlite3
gsqlite3-database=$D/pdns/db
gsqlite3-dnssec=yes
gsqlite3-pragma-synchronous=0
local-address=$SB_PDNS_ADDR
local-port=53
query-local-address=$SB_PDNS_ADDR
socket-dir=$D/pdns
daemon=no
guardian=no
write-pid=no
disable-syslog=yes
security-poll-suffix=
receiver-threads=1
distributor-threads=1
retrieval-threads=1
cache-ttl=0
query-cache-ttl=0
negquery-cache-ttl=0
zone-cache-refresh-interval=0
primary=yes
dnsupdate=yes
allow-dnsupdate-from=
only-notify=
also-notify=$SB_NSD_ADDR:53
allow-axfr-ips=127.0.0.0/8
api=yes
api-key=$SB_PDNS_KEY
webserver=yes
webserver-address=$SB_PDNS_ADDR
webserver-port=8081
webserver-allow-from=127.0.0.0/8
C
}

nsd_config()
{
	cat <<C
server:
    ip-address: $SB_NSD_ADDR
    port: 53
    username: ""
    chroot: ""
    zonesdir: "$D/nsd"
    database: ""
    zonelistfile: "$D/nsd/zone.list"
    xfrdfile: "$D/nsd/xfrd.state"
    xfrdir: "$D/nsd"
    pidfile: ""
    logfile: "$S/log/nsd.err"
    server-count: 1
    hide-version: yes
    xfrd-reload-timeout: 0
remote-control:
    control-enable: no
zone:
    name: $SB_ZONE
    zonefile: zone
    allow-notify: 127.0.0.0/8 NOKEY
    request-xfr: AXFR $SB_PDNS_ADDR NOKEY
    outgoing-interface: $SB_NSD_ADDR
C
}

unbound_config()
{
	cat <<C
server:
    interface: $SB_RESOLVER_ADDR
    access-control: 127.0.0.0/8 allow
    username: ""
    chroot: ""
    directory: "$D/unbound"
    pidfile: ""
    logfile: "$S/log/unbound.err"
    use-syslog: no
    num-threads: 1
    so-reuseport: no
    outgoing-interface: $SB_RESOLVER_ADDR
    do-not-query-localhost: no
    do-ip6: no
    module-config: "iterator"
    qname-minimisation: no
    msg-cache-size: 1m
    rrset-cache-size: 2m
    infra-host-ttl: 1
    cache-max-negative-ttl: 3
    prefetch: no
    serve-expired: no
    root-hints: ""
    local-zone: "." static
    local-zone: "$SB_ZONE." transparent
    local-data: "api.github.com. 5 IN A $SB_GITHUB_ADDR"
    local-data: "api.digitalocean.com. 5 IN A $SB_DIGITALOCEAN_ADDR"
    local-data: "cloud.mongodb.com. 5 IN A $SB_ATLAS_ADDR"
    local-data: "checkip.amazonaws.com. 5 IN A $SB_CHECKIP_ADDR"
    local-data: "github.com. 5 IN A $SB_GIT_ADDR"
    local-data: "gitlab.sandbox.test. 5 IN A $SB_GIT_ADDR"
    local-data: "kube-old.sandbox.test. 5 IN A $SB_KUBE_OLD_ADDR"
    local-data: "kube-new.sandbox.test. 5 IN A $SB_KUBE_NEW_ADDR"
    local-data: "s3.sandbox.test. 5 IN A $SB_S3_ADDR"
    local-data: "argocd.sandbox.test. 5 IN A $SB_ARGOCD_ADDR"
    local-data: "acme.sandbox.test. 5 IN A $SB_PEBBLE_ADDR"
remote-control:
    control-enable: yes
    control-interface: $D/unbound/ctl
    control-use-cert: no
stub-zone:
    name: "$SB_ZONE"
    stub-addr: $SB_PDNS_ADDR
    stub-addr: $SB_NSD_ADDR
forward-zone: # for aliases that lead outside: nobody listens there
    name: "."
    forward-addr: $SB_RESOLVER_ADDR@1
C
}

api()
{
	curl -fsS -H "X-API-Key: $SB_PDNS_KEY" \
		"$SB_PDNS_API/api/v1/servers/localhost$1" "${@:2}"
}

# zone: seed/zone (name, type, TTL, content) as the API wants it
zone()
{
	fill <"$HERE/seed/zone" | grep -v '^#' |
		jq -Rn --arg zone "$SB_ZONE." '
		[inputs | split(" ") | {name: .[0], type: .[1],
			ttl: (.[2] | tonumber), content: .[3:] | join(" ")}]
		| group_by([.name, .type])
		| map({name: .[0].name, type: .[0].type, ttl: .[0].ttl,
			records: map({content: .content, disabled: false})})
		| {name: $zone, kind: "Master", soa_edit_api: "INCREASE",
			nameservers: [], rrsets: .}'
}

# says ADDR NAME ANSWER
says()
{
	[ "$(dig +short +time=1 +tries=1 "@$1" "$2" A | tail -n 1)" = "$3" ]
}

up()
{
	mkdir -p "$D"/{pdns,nsd,unbound}
	unbound_config >"$D/unbound/conf"
	spawn unbound unbound -d -c "$D/unbound/conf"
	sqlite3 "$D/pdns/db" <"$SCHEMA"
	pdns_config >"$D/pdns/pdns.conf"
	spawn pdns pdns_server --config-dir="$D/pdns"
	zone >"$D/zone.json" && until_ok 10 api "" &&
		api /zones -d "@$D/zone.json" -o "$D/zone.reply" || return 1
	nsd_config >"$D/nsd/conf"
	spawn nsd nsd -d -c "$D/nsd/conf"
	for server in "$SB_PDNS_ADDR" "$SB_NSD_ADDR" "$SB_RESOLVER_ADDR"; do
		until_ok 10 says "$server" "$SB_MFE_HOST" "$SB_OLD_ADDR" ||
			return 1
	done
}
