# shellcheck shell=bash
# pebble.sh - the certificate authority of the new cluster, by ACME. Its root
# is new at each start and joins the bundle that programs trust. It looks at
# the authoritative server, as Let's Encrypt does in effect.

D=$S/pebble

up()
{
	mkdir -p "$D"
	leaf pebble "IP:$SB_PEBBLE_ADDR,DNS:acme.sandbox.test" || return 1
	cat >"$D/config.json" <<C
{ "pebble": {
	"listenAddress": "$SB_PEBBLE_ADDR:14000",
	"managementListenAddress": "$SB_PEBBLE_ADDR:15000",
	"certificate": "$S/ca/pebble.crt", "privateKey": "$S/ca/pebble.key",
	"httpPort": 80, "tlsPort": 443,
	"ocspResponderURL": "", "externalAccountBindingRequired": false
} }
C
	spawn pebble env PEBBLE_VA_NOSLEEP=1 PEBBLE_WFE_NONCEREJECT=0 \
		PEBBLE_AUTHZREUSE=0 pebble -config "$D/config.json" \
		-dnsserver "$SB_PDNS_ADDR:53"
	until_ok 10 curl -fsS --cacert "$S/ca/ca.crt" -o "$S/ca/acme.crt" \
		"https://$SB_PEBBLE_ADDR:15000/roots/0" || return 1
	cat "$S/ca/acme.crt" >>"$S/ca/bundle.crt"
	curl -fsS --cacert "$S/ca/ca.crt" "$SB_ACME_DIR"
}
