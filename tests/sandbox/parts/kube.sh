# shellcheck shell=bash
# kube.sh - two real Kubernetes clusters, the old side's and the new one's:
# each an API server with its controllers and a scheduler, whose one node is
# played by kwok (pods get ready at once; exec runs here, logs are read from a
# file). One etcd keeps both. In each, the project's service account has what
# README.md tells users to give it, and nothing else.

# shellcheck source=../full/lib.sh
. "$HERE/full/lib.sh"

ETCD=http://$SB_KUBE_OLD_ADDR:2379
CONTROLLERS=deployment-controller,replicaset-controller,statefulset-controller
CONTROLLERS+=,job-controller,cronjob-controller,serviceaccount-controller
CONTROLLERS+=,serviceaccount-token-controller,namespace-controller
CONTROLLERS+=,garbage-collector-controller,endpointslice-controller
CONTROLLERS+=,persistentvolume-binder-controller
CONTROLLERS+=,root-ca-certificate-publisher-controller
# What an earlier configuration had
STALE='s/^(MYSQL_HOST|MONGODB_HOST): .*/\1: old-2025.sandbox.test/
s/^(OPENEDX_MYSQL_(DATABASE|USERNAME|PASSWORD)): .*/\1: stale2025/
s/^(MONGODB_(DATABASE|USERNAME|PASSWORD)): .*/\1: stale2025/
s/^(FORUM_MONGODB_DATABASE|OPENEDX_SECRET_KEY): .*/\1: stale2025/
s/^(S3_STORAGE_BUCKET|S3_FILE_UPLOAD_BUCKET): .*/\1: stale-2025/'
export GOGC=50 # they are many: half the memory for some more work

etcd()
{
	local peer=http://$SB_KUBE_OLD_ADDR:2380
	spawn etcd "$BIN/etcd" --data-dir "$S/kube/etcd" --unsafe-no-fsync \
		--log-level warn --logger zap \
		--listen-client-urls "$ETCD" --advertise-client-urls "$ETCD" \
		--listen-peer-urls "$peer" --initial-advertise-peer-urls \
		"$peer" --initial-cluster "default=$peer"
	until_ok 20 curl -fsS "$ETCD/health"
}

# server SIDE ADDR: the API, with an administrator in D/admin.conf
server()
{
	local admin d=$S/kube/$1 url=https://$2:$SB_KUBE_PORT
	admin=$(openssl rand -hex 16)
	echo "$admin" >>"$S/secrets"
	echo "$admin,admin,1,\"system:masters\"" >"$d/tokens"
	openssl genrsa -out "$d/accounts.key" 2048 2>/dev/null
	kubeconfig "$url" "$admin" >"$d/admin.conf"
	# no GOMEMLIMIT: what lives comes near it, and then it collects garbage
	# all the time
	GOGC=30 spawn "kube-$1" "$BIN/kube-apiserver" --etcd-servers="$ETCD" \
		--etcd-prefix="/$1" --bind-address="$2" \
		--advertise-address="$2" --secure-port="$SB_KUBE_PORT" \
		--tls-cert-file="$S/ca/kube-$1.crt" \
		--tls-private-key-file="$S/ca/kube-$1.key" \
		--client-ca-file="$S/ca/ca.crt" --cert-dir="$d" \
		--service-account-key-file="$d/accounts.key" \
		--service-account-signing-key-file="$d/accounts.key" \
		--service-account-issuer=https://kubernetes.default.svc \
		--service-cluster-ip-range=10.96.0.0/16 \
		--authorization-mode=RBAC --token-auth-file="$d/tokens" \
		--disable-admission-plugins=ServiceAccount,TaintNodesByCondition \
		--enable-priority-and-fairness=false --profiling=false \
		--endpoint-reconciler-type=none --v=0
	until_ok 90 answers "$2" "$SB_KUBE_PORT" &&
		until_ok 60 curl -fsS --cacert "$S/ca/ca.crt" \
			-H "Authorization: Bearer $admin" "$url/readyz"
}

# players SIDE KUBELET INGRESS: what makes a cluster of an API; the last two are
# the node's address and the ingress's
players()
{
	local d=$S/kube/$1 as=--kubeconfig=$S/kube/$1/admin.conf
	spawn "controllers-$1" "$BIN/kube-controller-manager" "$as" \
		--service-account-private-key-file="$d/accounts.key" \
		--root-ca-file="$S/ca/ca.crt" --leader-elect=false \
		--secure-port=0 --controllers="$CONTROLLERS" --v=0
	spawn "scheduler-$1" "$BIN/kube-scheduler" "$as" \
		--leader-elect=false --secure-port=0 --v=0
	kwok_config "$1" "$3" >"$d/kwok.yaml"
	spawn "kwok-$1" env PATH=/usr/bin:/bin \
		SSL_CERT_FILE="$S/ca/bundle.crt" \
		AWS_CA_BUNDLE="$S/ca/bundle.crt" "$BIN/kwok" --config "$d/kwok.yaml" "$as" \
		--manage-all-nodes=true --node-ip "$2" --node-port 10250 \
		--server-address "$2:10250" \
		--tls-cert-file "$S/ca/kube-$1.crt" \
		--tls-private-key-file "$S/ca/kube-$1.key" --v=ERROR
}

# kwok_config SIDE INGRESS: how pods live, what exec and logs do
kwok_config()
{
	local file
	sed "s/ADDRESS/$2/" "$HERE/full/stages.yml"
	for file in "$BIN"/kwok-node/*.yaml "$BIN"/kwok-pod/*.yaml; do
		cat "$file"
		echo ---
	done
	cat <<Y
kind: ClusterExec
apiVersion: kwok.x-k8s.io/v1alpha1
metadata: {name: all}
spec: {execs: [{local: {workDir: $S/kube/exec/$1}}]}
---
kind: ClusterLogs
apiVersion: kwok.x-k8s.io/v1alpha1
metadata: {name: all}
spec: {logs: [{logsFile: $S/kube/pods.log, follow: true}]}
Y
}

# pods_log: what every container has said, as a kubelet keeps it
pods_log()
{
	local n now
	for n in 5 4 3 2 1; do
		now=$(date -u -d "-$n minutes" +%FT%T.%NZ)
		echo "$now stdout F [info] request $n answered with 200"
	done
}

# ground SIDE: a node, room for claims, the instance's namespace, and who may
# do what in it
ground()
{
	cat <<Y
apiVersion: v1
kind: Node
metadata: {name: node-0, labels: {kubernetes.io/hostname: node-0}}
status:
  allocatable: {cpu: "64", memory: 512Gi, pods: "500"}
  capacity: {cpu: "64", memory: 512Gi, pods: "500"}
---
apiVersion: v1
kind: Namespace
metadata: {name: $SB_INSTANCE}
Y
	local n
	for n in 1 2 3 4 5 6; do
		cat <<Y
---
apiVersion: v1
kind: PersistentVolume
metadata: {name: disk-$n}
spec:
  capacity: {storage: 100Gi}
  accessModes: [ReadWriteOnce]
  hostPath: {path: /nowhere/$n}
Y
	done
	manifests "Rights in the $1 cluster"
	sed "s/NAMESPACE/$SB_INSTANCE/" "$HERE/full/contract.yml"
}

# token SIDE SECRET: of a service account, once the cluster has made it
token()
{
	kc "$1" -n "$SB_INSTANCE" get secret "$2" \
		-o 'jsonpath={.data.token}' | base64 -d
}

has_token()
{
	[ -n "$(token "$@")" ]
}

# cluster SIDE ADDR KUBELET INGRESS
cluster()
{
	local d=$S/kube/$1
	mkdir -p "$d"
	server "$1" "$2" &&
		kc "$1" apply -f "$HERE/full/issuer.yml" >/dev/null &&
		until_ok 20 kc "$1" get --raw \
			/openapi/v3/apis/cert-manager.io/v1 &&
		players "$1" "$3" "$4" || return 1
	ground "$1" >"$d/ground.yml" &&
		kc "$1" apply -f "$d/ground.yml" >/dev/null &&
		kc "$1" wait --for=condition=Ready --timeout=60s node/node-0 &&
		until_ok 30 has_token "$1" transplant-token &&
		until_ok 30 has_token "$1" contract-token || return 1
	tell_secret "SB_KUBE_${1^^}_TOKEN" "$(token "$1" transplant-token)"
	[ "$1" != old ] || contract
	: >"$d/up"
}

# contract: how the contract suite reaches the old cluster, with its own rights
contract()
{
	tell CONTRACT_KUBE_URL "$SB_KUBE_OLD"
	tell_secret CONTRACT_KUBE_TOKEN "$(token old contract-token)"
	tell CONTRACT_KUBE_CA "$S/ca/ca.crt"
	client kube-contract "system:serviceaccount:$SB_INSTANCE:contract" &&
		tell CONTRACT_KUBE_CLIENT "$S/ca/kube-contract"
	tell CONTRACT_KUBE_ADDRESS "$SB_KUBE_OLD_ADDR"
	tell CONTRACT_KUBE_NAMESPACE "$SB_INSTANCE"
}

# generation running|stale: a Tutor environment of the old instance, in
# $S/kube/GENERATION; the stale one is of an earlier configuration
generation()
{
	local folder=$S/kube/$1
	mkdir -p "$folder"
	case $1 in
	running) cat "$S/deployed/old/config.yml" ;;
	stale) sed -E "$STALE" "$S/deployed/old/config.yml" ;;
	esac >"$folder/config.yml"
	SB_TUTOR=$TUTOR "$HERE/full/tutor/save" "$folder" &&
		python3 "$HERE/../doubles/render.py" steer "$folder/env" "$1"
}

# inside SIDE ENV: what commands in that side's pods find: the files of the
# rendered folder, as they are mounted, and a manage.py that runs them
inside()
{
	local files=$2/apps/openedx at=$S/kube/exec/$1 side
	mkdir -p "$at"
	ln -sf "$HERE/../doubles/fixtures/pod/manage.py" "$at/"
	ln -sfn "$files/config" "$at/config"
	for side in lms cms; do
		ln -sfn "$files/settings/$side" "$at/settings-$side"
	done
}

# apply GENERATION: as Grove did. What an apply made earlier stays, but jobs
# can't be changed.
apply()
{
	local env=$S/kube/$1/env
	kc old -n "$SB_INSTANCE" delete jobs --all --ignore-not-found &&
		kc old apply -k "$env" \
			-l app.kubernetes.io/component=namespace &&
		kc old apply -k "$env"
}

# cronjobs: which Tutor does not have, but Grove's old instances did
cronjobs()
{
	python3 "$HERE/../doubles/render.py" old |
		jq '{apiVersion: "v1", kind: "List",
			items: map(select(.kind == "CronJob")
				| del(.metadata.creationTimestamp))}' |
		kc old apply -f -
}

# tenant: the old instance, with what an earlier configuration left behind
tenant()
{
	until_ok 60 test -s "$S/deployed/old/config.yml" &&
		generation stale && generation running &&
		"$HERE/full/databases" "$S/kube/running/env" \
			"$S/deployed/old" &&
		until_ok 60 test -e "$S/kube/old/up" &&
		apply stale && apply running && cronjobs &&
		kc old -n "$SB_INSTANCE" rollout status deployment \
			--timeout=120s
}

up()
{
	local new old
	mkdir -p "$S/kube"
	full_place && TUTOR=$("$HERE/../real/get" 20) || return 1
	inside new "$S/deployed/new/current/env"
	pods_log >"$S/kube/pods.log"
	leaf kube-new "DNS:kube-new.sandbox.test,IP:$SB_KUBE_NEW_ADDR" &&
		etcd || return 1
	cluster new "$SB_KUBE_NEW_ADDR" "$SB_KUBE_NEW_NODE" "$SB_NEW_ADDR" &
	new=$!
	case $SB_KUBE_SIDES in
	*old*)
		inside old "$S/kube/running/env"
		leaf kube-old \
			"DNS:kube-old.sandbox.test,IP:$SB_KUBE_OLD_ADDR" ||
			return 1
		cluster old "$SB_KUBE_OLD_ADDR" "$SB_KUBE_OLD_NODE" \
			"$SB_OLD_ADDR" &
		old=$!
		tenant && wait $old || return 1
		;;
	esac
	wait $new
}
