# shellcheck shell=bash
# lib.sh - what the parts of a full world share. Sourced after ../lib.sh.

# full_place: sets BIN, the folder of the real programs; 1 if they are not all
# there
full_place()
{
	BIN=$("$HERE/full/get" place)
}

# kc SIDE ARG...: kubectl as the administrator of the old or new cluster
kc()
{
	HOME=$S/kube "$BIN/kubectl" --kubeconfig "$S/kube/$1/admin.conf" \
		"${@:2}"
}

# kubeconfig URL TOKEN: to stdout
kubeconfig()
{
	cat <<Y
apiVersion: v1
kind: Config
clusters:
  - {name: here, cluster: {server: "$1", certificate-authority: $S/ca/ca.crt}}
users:
  - {name: me, user: {token: "$2"}}
contexts:
  - {name: here, context: {cluster: here, user: me}}
current-context: here
Y
}

# tell NAME VALUE: a variable that programs in this world are told from now on
tell()
{
	(
		flock 9
		printf 'export %s=%q\n' "$1" "$2" >>"$S/env"
	) 9>>"$S/world/env.lock"
}

# tell_secret NAME VALUE: the same, and one of those that no log may hold
tell_secret()
{
	tell "$1" "$2"
	echo "$2" >>"$S/secrets"
}

# manifests TITLE: the YAML of README.md below the heading TITLE
manifests()
{
	awk -v title="$1" '
		/^#+ / { here = $0 ~ "^#+ " title "$" }
		/^```/ { yaml = here && /^```yaml$/; if (yaml) print "---"
			next }
		yaml' "$HERE/../../README.md"
}
