# shellcheck shell=bash
# credentials.sh - every secret of one world, made anew, so that a test that
# finds one in a log knows where it came from. Sourced after lib.sh.

# Plain ones: 24 random hexadecimal characters each.
PASSWORDS=(
	SB_GITHUB_TOKEN SB_GROVE_TOKEN SB_PDNS_KEY
	SB_KUBE_OLD_TOKEN SB_KUBE_NEW_TOKEN SB_KUBE_CONTRACT_TOKEN
	SB_ARGOCD_PASSWORD
	SB_DIGITALOCEAN_TOKEN
	SB_ATLAS_CLIENT_SECRET SB_ATLAS_PRIVATE_KEY
	SB_MYSQL_ADMIN_PASSWORD SB_MYSQL_PASSWORD SB_MYSQL_OTHER_PASSWORD
	SB_NEW_MYSQL_PASSWORD
	SB_MONGO_ADMIN_PASSWORD SB_MONGO_PASSWORD SB_NEW_MONGO_PASSWORD
	SB_S3_KEY_ID SB_S3_SECRET
	SB_OPENEDX_SECRET_KEY SB_CMS_OAUTH2_SECRET SB_SMTP_PASSWORD
	SB_SAML_SECRET
)

b64url()
{
	base64 -w0 | tr '+/' '-_' | tr -d '='
}

# jwt ID: as Argo CD makes them for an account's API key (nobody checks the
# signature: the server's double knows the whole token)
jwt()
{
	local claims='"iss":"argocd","sub":"ci:apiKey"'
	claims+=",\"iat\":$EPOCHSECONDS,\"nbf\":$EPOCHSECONDS"
	claims+=",\"jti\":\"$1\""
	printf '%s.%s.%s' \
		"$(printf '{"alg":"HS256","typ":"JWT"}' | b64url)" \
		"$(printf '{%s}' "$claims" | b64url)" \
		"$(head -c 32 /dev/urandom | b64url)"
}

# credentials: set and export all of them, list them in $S/secrets
credentials()
{
	local name random
	random=$(openssl rand -hex $((12 * (${#PASSWORDS[@]} + 1)))) || return 1
	for name in "${PASSWORDS[@]}"; do
		printf -v "$name" %s "${random:0:24}"
		random=${random:24}
		export "${name?}"
	done
	SB_GITHUB_TOKEN=ghs_$SB_GITHUB_TOKEN
	SB_DIGITALOCEAN_TOKEN=dop_v1_$SB_DIGITALOCEAN_TOKEN
	SB_GROVE_TOKEN=glpat-$SB_GROVE_TOKEN
	SB_S3_KEY_ID=AKIA${SB_S3_KEY_ID:0:16}
	SB_S3_KEY_ID=${SB_S3_KEY_ID^^}
	SB_ARGOCD_TOKEN=$(jwt "$random")
	SB_JWT_RSA_PRIVATE_KEY=$(openssl genrsa -traditional 2048 2>/dev/null)
	export SB_ARGOCD_TOKEN SB_JWT_RSA_PRIVATE_KEY
	{
		for name in "${PASSWORDS[@]}"; do
			echo "${!name}"
		done
		echo "$SB_ARGOCD_TOKEN"
		sed -n 2p <<<"$SB_JWT_RSA_PRIVATE_KEY"
	} >"$S/secrets"
}
