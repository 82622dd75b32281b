# shellcheck shell=bash
# ingress.sh - the way in to each cluster. The old one serves the final names
# with a certificate of long standing; the new one is written, and given its
# certificates, by ingress-controller as hosts are deployed.

old()
{
	local hosts="$SB_LMS_HOST $SB_CMS_HOST $SB_MFE_HOST $SB_PREVIEW_HOST"
	leaf old "DNS:${hosts// /,DNS:}" && fake old-fake || return 1
	mkdir -p "$S/ingress/old"
	{
		nginx_head old
		nginx_default "$SB_OLD_ADDR" "$S/ca/old-fake"
		nginx_proxy "$SB_OLD_ADDR" "$S/ca/old" \
			"$SB_OLD_LMS_ADDR:$SB_LMS_PORT" "$hosts"
		echo '}'
	} >"$S/ingress/old/nginx.conf"
	spawn ingress-old nginx -e "$S/log/ingress-old.err" \
		-c "$S/ingress/old/nginx.conf"
}

up()
{
	old || return 1
	spawn ingress-controller "$HERE/ingress-controller"
	until_ok 10 answers "$SB_OLD_ADDR" 443 &&
		until_ok 10 answers "$SB_NEW_ADDR" 443
}
