# shellcheck shell=bash
# world.sh - the doubles of GitHub's API, DigitalOcean's, Argo CD and both
# Kubernetes APIs: one program, tests/doubles. It works on the repositories
# that git.sh makes. In a full world it is the first two alone.

# clusters: the doubles of what kube.sh and argocd.sh have for real
clusters()
{
	serves argocd.sandbox.test "$SB_ARGOCD_ADDR" 443 &&
		serves kube-old.sandbox.test "$SB_KUBE_OLD_ADDR" 6443 &&
		serves kube-new.sandbox.test "$SB_KUBE_NEW_ADDR" 6443
}

# real: what the double has in a full world instead
real()
{
	SB_APPLY=$HERE/full/apply
	SB_TUTOR=$("$HERE/../real/get" 20) && export SB_APPLY SB_TUTOR
}

# leaves: their certificates
leaves()
{
	leaf argocd DNS:argocd.sandbox.test &&
		leaf kube-old DNS:kube-old.sandbox.test &&
		leaf kube-new DNS:kube-new.sandbox.test
}

up()
{
	built world || return
	leaf github DNS:api.github.com &&
		leaf digitalocean DNS:api.digitalocean.com &&
		leaf atlas DNS:cloud.mongodb.com &&
		leaf checkip DNS:checkip.amazonaws.com &&
		client kube-client \
			"system:serviceaccount:$SB_INSTANCE:transplant" &&
		{ [ -n "$SB_FULL" ] || leaves; } &&
		until_ok 20 test -e "$S/git/$SB_REPO.git/refs/heads/$SB_BRANCH" ||
		return 1
	[ -z "$SB_FULL" ] || real || return 1
	spawn world "$SB_DOUBLES/world"
	until_ok 20 answers "$SB_WORLD_ADDR" "$SB_WORLD_PORT" &&
		serves api.github.com "$SB_GITHUB_ADDR" 443 &&
		serves api.digitalocean.com "$SB_DIGITALOCEAN_ADDR" 443 &&
		serves cloud.mongodb.com "$SB_ATLAS_ADDR" 443 &&
		serves checkip.amazonaws.com "$SB_CHECKIP_ADDR" 443 &&
		{ [ -n "$SB_FULL" ] || clusters; }
}
