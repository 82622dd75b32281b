# shellcheck shell=bash
# world.sh - the doubles of GitHub's API, Argo CD and both Kubernetes APIs: one
# program, tests/doubles. It works on the repositories that git.sh makes.

up()
{
	[ -x "$SB_DOUBLES/world" ] || {
		echo "$SB_DOUBLES/world is not built"
		return "$LEFT_OUT"
	}
	leaf github DNS:api.github.com &&
		leaf argocd DNS:argocd.sandbox.test &&
		leaf kube-old DNS:kube-old.sandbox.test &&
		leaf kube-new DNS:kube-new.sandbox.test &&
		until_ok 10 test -e "$S/git/$SB_REPO.git/refs/heads/$SB_BRANCH" ||
		return 1
	spawn world "$SB_DOUBLES/world"
	until_ok 5 answers "$SB_WORLD_ADDR" "$SB_WORLD_PORT" &&
		until_ok 5 answers "$SB_GITHUB_ADDR" 443 &&
		until_ok 5 answers "$SB_ARGOCD_ADDR" 443 &&
		until_ok 5 answers "$SB_KUBE_OLD_ADDR" "$SB_KUBE_PORT" &&
		until_ok 5 answers "$SB_KUBE_NEW_ADDR" "$SB_KUBE_PORT"
}
