# shellcheck shell=bash
# ca.sh - the sandbox's own certificate authority, and leaves as they are
# needed. Sourced after lib.sh.

# req EXTENSIONS NAME SUBJECT SAN ARG...: new key and certificate
req()
{
	local ext=$1 name=$2 subject=$3
	SAN=$4 openssl req -config "$HERE/ca.cnf" -x509 -extensions "$ext" \
		-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 \
		-subj "$subject" -keyout "$S/ca/$name.key" \
		-out "$S/ca/$name.crt" "${@:5}" 2>>"$S/log/ca.log"
}

# ca_make: the authority; and the bundle, to which pebble's root comes later
ca_make()
{
	req ca ca "/CN=Sandbox CA" DNS:unused &&
		cat /etc/ssl/certs/ca-certificates.crt "$S/ca/ca.crt" \
			>"$S/ca/bundle.crt"
}

# leaf NAME SAN[,SAN]...: $S/ca/NAME.crt and .key, SAN like DNS:a or IP:b
leaf()
{
	req leaf "$1" "/CN=$1" "$2" -CA "$S/ca/ca.crt" -CAkey "$S/ca/ca.key"
}

# client NAME CN: the certificate with which a client logs in to Kubernetes
client()
{
	req leaf "$1" "/CN=$2" DNS:unused -CA "$S/ca/ca.crt" \
		-CAkey "$S/ca/ca.key"
}

# fake NAME: the certificate of an ingress that has none for a host yet
fake()
{
	req leaf "$1" \
		"/O=Acme Co/CN=Kubernetes Ingress Controller Fake Certificate" \
		DNS:ingress.local
}
