# shellcheck shell=bash
# argocd.sh - the real Argo CD on the real new cluster (kube.sh): its API
# server behind nginx at its own name, repository server, controller, Redis.
# SB_ARGOCD_VERSION says which one, 2.14 or 3.2. It reads the cluster repository
# over HTTPS as it would GitHub's, and builds with kustomize. What it has synced
# last, `follow` hands to the simulated LMS and to the new ingress.

# shellcheck source=../full/lib.sh
. "${HERE:?}/full/lib.sh"

D=$S/argocd
API=http://127.0.0.1:8085 # it asks itself there
export GOGC=50

# role NAME ARG...: one of the programs that Argo CD is
role()
{
	spawn "$1" env HOME="$D" TMPDIR="$D/tmp" PATH="$D/bin:$PATH" \
		KUBECONFIG="$D/conf" ARGOCD_FAKE_IN_CLUSTER=true \
		ARGOCD_TLS_DATA_PATH="$D/tls" ARGOCD_SSH_DATA_PATH="$D/ssh" \
		ARGOCD_GNUPGHOME="$D/gpg/keys" \
		ARGOCD_GPG_DATA_PATH="$D/gpg/source" ARGOCD_GPG_ENABLED=false \
		ARGOCD_PLUGINSOCKFILEPATH="$D/plugin" \
		ARGOCD_ASK_PASS_SOCK="$D/askpass.sock" \
		ARGOCD_CONTROLLER_REPLICAS=1 ARGOCD_CONTROLLER_SHARD=0 \
		ARGOCD_RECONCILIATION_TIMEOUT=4s ARGOCD_RECONCILIATION_JITTER=0s \
		ARGOCD_SYNC_WAVE_DELAY=0 \
		ARGOCD_BINARY_NAME="$1" "$D/bin/argocd" \
		--redis "$SB_ARGOCD_ADDR:6379" --loglevel warn "${@:2}"
}

# hash: the password as Argo CD keeps it (bcrypt)
hash()
{
	SALT=$(openssl rand -hex 11) perl -e \
		'print crypt($ENV{SB_ARGOCD_PASSWORD}, "\$2b\$04\$$ENV{SALT}")'
}

# settings: what an administrator would have applied
settings()
{
	local now hash part='labels: {app.kubernetes.io/part-of: argocd}'
	now=$(date -u +%FT%TZ)
	hash=$(hash) || return 1
	cat <<Y
apiVersion: v1
kind: ConfigMap
metadata: {name: argocd-cm, $part}
data:
  accounts.$SB_ARGOCD_USER: apiKey, login
  application.resourceTrackingMethod: annotation
---
apiVersion: v1
kind: ConfigMap
metadata: {name: argocd-rbac-cm, $part}
data:
  policy.csv: |
    p, role:contract, applications, get, */*, allow
    p, role:contract, applications, sync, */*, allow
    p, role:contract, applications, update, */*, allow
    p, role:contract, applications, override, */*, allow
    p, role:contract, applications, action/*, */*, allow
    g, $SB_ARGOCD_USER, role:contract
---
apiVersion: v1
kind: Secret
metadata: {name: argocd-secret, $part}
stringData:
  server.secretkey: $(openssl rand -hex 32)
  admin.password: $hash
  admin.passwordMtime: "$now"
  accounts.$SB_ARGOCD_USER.password: $hash
  accounts.$SB_ARGOCD_USER.passwordMtime: "$now"
---
apiVersion: v1
kind: Secret
metadata:
  name: cluster-repository
  labels: {argocd.argoproj.io/secret-type: repository}
stringData:
  type: git
  url: $SB_REPO_URL
  username: x-access-token
  password: $SB_GITHUB_TOKEN
Y
	local name
	for name in cmd-params gpg-keys tls-certs ssh-known-hosts; do
		cat <<Y
---
apiVersion: v1
kind: ConfigMap
metadata: {name: argocd-$name-cm, $part}
Y
	done
}

# front: nginx with the server's name and certificate
front()
{
	nginx_head argocd
	cat <<C
	server {
		listen $SB_ARGOCD_ADDR:443 ssl http2;
		server_name argocd.sandbox.test;
		ssl_certificate $S/ca/argocd.crt;
		ssl_certificate_key $S/ca/argocd.key;
		location / {
			proxy_pass $API;
			proxy_http_version 1.1;
			proxy_set_header Host \$host;
			proxy_buffering off;
			proxy_read_timeout 180s;
		}
	}
}
C
}

# ask TOKEN PATH ARG...: its API
ask()
{
	curl -fsS -H 'Content-Type: application/json' \
		-H "Authorization: Bearer $1" "$API/api/v1$2" "${@:3}"
}

# session USER: a token of its password
session()
{
	jq -n '{username: $ARGS.positional[0], password: env.SB_ARGOCD_PASSWORD}' \
		--args "$1" | ask '' /session -d @- | jq -er .token
}

# manifests_of_contract: what a contract suite's application deploys first
manifests_of_contract()
{
	mkdir -p "$1/env"
	cat >"$1/env/kustomization.yml" <<Y
resources: [web.yml]
Y
	cat >"$1/env/web.yml" <<Y
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: example.test/web:1}]}
Y
}

# synced NAME: this application has been, so Argo CD works
synced()
{
	[ "$(kc new -n argocd get applications.argoproj.io "$1" \
		-o 'jsonpath={.status.sync.status}')" = Synced ]
}

# contract NAME: an application for a contract suite, and the bare repository
# that it comes from, to which the suite may push
contract()
{
	local repo=$S/git/contract/$1.git
	git init -q --bare -b main "$repo" &&
		GIT_DIR=$repo GIT_WORK_TREE=$D/contract git add . &&
		GIT_DIR=$repo GIT_WORK_TREE=$D/contract git \
			-c user.name=Sandbox -c user.email=sandbox@example.test \
			commit -q -m Begin && rm "$repo/index" || return 1
	kc new apply -f - >/dev/null <<Y
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: $1, namespace: argocd}
spec:
  project: default
  source: {repoURL: "file://$repo", path: env, targetRevision: main}
  destination: {server: https://kubernetes.default.svc, namespace: $1}
  syncPolicy:
    automated: {prune: true}
    syncOptions: [CreateNamespace=true]
Y
}

# contracts: one for each suite
contracts()
{
	manifests_of_contract "$D/contract"
	contract contract && contract client &&
		until_ok 60 synced contract && until_ok 60 synced client &&
		tell CONTRACT_ARGOCD_REPOS "$S/git/contract"
}

# tokens: one of the project's role, as README.md has it, and the contract
# suite's, an account that may more
tokens()
{
	local admin own all project=/projects/default/roles/transplant/token
	admin=$(session admin) &&
		own=$(ask "$admin" $project -d \
			'{"project": "default", "role": "transplant"}' |
			jq -er .token) &&
		all=$(ask "$admin" "/account/$SB_ARGOCD_USER/token" -d \
			"{\"name\": \"$SB_ARGOCD_USER\"}" |
			jq -er .token) || return 1
	tell_secret SB_ARGOCD_TOKEN "$own"
	tell CONTRACT_ARGOCD_URL "$SB_ARGOCD"
	tell_secret CONTRACT_ARGOCD_TOKEN "$all"
	tell CONTRACT_ARGOCD_CA "$S/ca/ca.crt"
	tell CONTRACT_ARGOCD_ADDRESS "$SB_ARGOCD_ADDR"
}

# folders: and the programs that Argo CD calls by name
folders()
{
	mkdir -p "$D"/{bin,tls,ssh,gpg/source,gpg/keys,plugin,tmp}
	chmod 700 "$D/gpg/keys"
	: >"$D/ssh/ssh_known_hosts"
	ln -s "$BIN/argocd-$SB_ARGOCD_VERSION" "$D/bin/argocd"
	ln -s "$BIN/kustomize" "$D/bin/kustomize"
	sed 's/user: me}/user: me, namespace: argocd}/' \
		"$S/kube/new/admin.conf" >"$D/conf"
}

# kinds: of Argo CD's own. An ApplicationSet's schema is a megabyte, which the
# API server keeps many times over; there are none here, so it gets an open one.
kinds()
{
	local kind
	for kind in application appproject; do
		cat "$BIN/argocd-$SB_ARGOCD_VERSION-crds/$kind-crd.yaml"
		echo ---
	done
	cat <<'Y'
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: applicationsets.argoproj.io}
spec:
  group: argoproj.io
  scope: Namespaced
  names:
    kind: ApplicationSet
    listKind: ApplicationSetList
    plural: applicationsets
    singular: applicationset
  versions:
  - name: v1alpha1
    served: true
    storage: true
    subresources: {status: {}}
    schema:
      openAPIV3Schema:
        type: object
        x-kubernetes-preserve-unknown-fields: true
Y
}

# install: what the cluster must hold before Argo CD starts
install()
{
	kc new create namespace argocd >/dev/null &&
		kinds | kc new apply --server-side -f - >/dev/null &&
		settings >"$D/settings.yml" &&
		kc new -n argocd apply -f "$D/settings.yml" >/dev/null &&
		until_ok 30 kc new -n argocd get \
			appprojects.argoproj.io,applications.argoproj.io &&
		manifests 'Rights in Argo CD' | kc new apply -f - >/dev/null
}

# present: the Applications of the instances that are in the repository
present()
{
	local file
	for file in "$S"/seed/cluster/instances/*/application.yml; do
		"$HERE/full/apply" "$file" || return 1
	done
}

up()
{
	local repo=(--repo-server "$SB_ARGOCD_ADDR:8081" --repo-server-plaintext)
	local here=(--kubeconfig "$D/conf" --namespace argocd)
	full_place || return 1
	mkdir -p "$D"
	spawn redis redis-server --bind "$SB_ARGOCD_ADDR" --port 6379 --save '' \
		--appendonly no --daemonize no --dir "$D"
	leaf argocd DNS:argocd.sandbox.test &&
		until_ok 120 test -e "$S/kube/new/up" &&
		folders && install || return 1
	role argocd-repo-server --address "$SB_ARGOCD_ADDR" --port 8081 \
		--metrics-address "$SB_ARGOCD_ADDR" --disable-tls
	role argocd-application-controller "${repo[@]}" "${here[@]}"
	role argocd-server "${repo[@]}" "${here[@]}" --insecure \
		--address 127.0.0.1 --port 8085 \
		--metrics-address "$SB_ARGOCD_ADDR"
	front >"$D/nginx.conf"
	mkdir -p "$S/ingress/argocd"
	spawn argocd-front nginx -e "$S/log/argocd-front.err" -c "$D/nginx.conf"
	spawn follow "$HERE/full/follow"
	until_ok 90 curl -fsS "$API/api/version" && until_ok 30 tokens &&
		until_ok 10 serves argocd.sandbox.test "$SB_ARGOCD_ADDR" 443 &&
		present && contracts
}
