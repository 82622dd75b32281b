# shellcheck shell=bash
# git.sh - the two repositories over HTTPS, under their own names: the cluster
# repository at github.com and Grove's at gitlab.sandbox.test, each with its
# own token. Smart HTTP by git's own program, behind nginx.

# repository PATH FOLDER: bare, with what lies in FOLDER as its first commit
repository()
{
	local bare=$S/git/$1.git
	git init -q --bare -b "$SB_BRANCH" "$bare" || return 1
	cat >>"$bare/config" <<C
[http]
	receivepack = true
[uploadpack]
	allowFilter = true
	allowAnySHA1InWant = true
[gc]
	auto = 0
C
	GIT_DIR=$bare GIT_WORK_TREE=$2 git add . &&
		GIT_DIR=$bare GIT_WORK_TREE=$2 git -c user.name=Sandbox \
			-c user.email=sandbox@example.test \
			commit -q -m "chore: begin" && rm "$bare/index"
}

# tree NAME: seed/NAME with its values filled in, in $S/seed/NAME
tree()
{
	local file
	(cd "$HERE/seed/$1" && find . -type f) |
		while read -r file; do
			mkdir -p "$S/seed/$1/$(dirname "$file")"
			fill <"$HERE/seed/$1/$file" >"$S/seed/$1/$file" ||
				return 1
		done
}

# Without a namespace the runner sees another DNS than this world, and does not
# know its authorities: the plan says where to look.
network()
{
	[ -n "${SB_DNS_SERVERS:-}" ] || return 0
	cat >>"$S/seed/cluster/migrations/$SB_INSTANCE/plan.yml" <<P

# The world as seen from a machine that is not in it
network:
  dns-servers: $SB_DNS_SERVERS
  ca-file: $SB_CA_FILE
P
}

# The old bucket. Where no S3 server could be built, probing it can't succeed.
buckets()
{
	case $SB_PARTS in
	*s3*)
		if "$HERE/s3/get" place >/dev/null 2>&1; then
			cat >>"$S/seed/cluster/migrations/$SB_INSTANCE/plan.yml" <<P

# The instance's bucket, to be backed up, too
storage:
  endpoint: $SB_S3_ENDPOINT
  region: $SB_S3_REGION
  buckets: $SB_S3_BUCKET
P
			return
		fi
		;;
	esac
	cat >>"$S/seed/cluster/migrations/$SB_INSTANCE/plan.yml" <<P

# This world has no S3 server
probe:
  accept: s3
P
}

seed()
{
	tree cluster && tree grove && network && buckets &&
		cp "$S/seed/grove/$SB_GROVE_PATH" "$S/deployed/old/config.yml" &&
		repository "$SB_GROVE_REPO" "$S/seed/grove" &&
		repository "$SB_REPO" "$S/seed/cluster"
}

# who VARIABLE USER TOKEN: an nginx map from a right login to the user's name
who()
{
	local basic
	basic=$(printf %s "$2:$3" | base64 -w0)
	cat <<C
	map \$http_authorization \$$1 {
		default "";
		"~^(?i:basic) \Q$basic\E\$" $2;
		"~^(?i:bearer|token) \Q$3\E\$" $2;
	}
C
}

# git_server NAME REPOSITORY WHO REALM
git_server()
{
	cat <<C
	server {
		listen $SB_GIT_ADDR:443 ssl http2;
		server_name $1;
		ssl_certificate $S/ca/git.crt;
		ssl_certificate_key $S/ca/git.key;
		location / { return 404 "Not Found\n"; }
		location ~ ^/$2(?:\.git)?(?<what>/info/refs|/git-(?:upload|receive)-pack)\$ {
			if (\$$3 = "") {
				add_header WWW-Authenticate 'Basic realm="$4"' always;
				return 401 "Authentication failed\n";
			}
			include /etc/nginx/fastcgi_params;
			fastcgi_param SCRIPT_FILENAME /usr/lib/git-core/git-http-backend;
			fastcgi_param GIT_PROJECT_ROOT $S/git;
			fastcgi_param GIT_HTTP_EXPORT_ALL "";
			fastcgi_param GIT_PROTOCOL \$http_git_protocol;
			fastcgi_param HTTP_CONTENT_ENCODING \$http_content_encoding;
			fastcgi_param PATH_INFO /$2.git\$what;
			fastcgi_param REMOTE_USER \$$3;
			fastcgi_pass unix:$S/run/fcgi.sock;
		}
	}
C
}

config()
{
	nginx_head git
	who github x-access-token "$SB_GITHUB_TOKEN"
	who grove oauth2 "$SB_GROVE_TOKEN"
	git_server github.com "$SB_REPO" github GitHub
	git_server gitlab.sandbox.test "$SB_GROVE_REPO" grove GitLab
	echo '}'
}

# ls_remote USER TOKEN URL HOST
ls_remote()
{
	local login
	login=$(printf %s "$1:$2" | base64 -w0)
	GIT_TERMINAL_PROMPT=0 GIT_CONFIG_COUNT=3 \
		GIT_CONFIG_KEY_0=http.extraHeader \
		GIT_CONFIG_VALUE_0="Authorization: Basic $login" \
		GIT_CONFIG_KEY_1=http.sslCAInfo \
		GIT_CONFIG_VALUE_1=$S/ca/ca.crt \
		GIT_CONFIG_KEY_2=http.curloptResolve \
		GIT_CONFIG_VALUE_2="$4:443:$SB_GIT_ADDR" \
		git ls-remote --exit-code "$3" "$SB_BRANCH"
}

up()
{
	leaf git DNS:github.com,DNS:gitlab.sandbox.test && seed || return 1
	mkdir -p "$S/ingress/git"
	config >"$S/ingress/git/nginx.conf"
	spawn fcgiwrap fcgiwrap -f -c 4 -s "unix:$S/run/fcgi.sock"
	spawn git nginx -e "$S/log/git.err" -c "$S/ingress/git/nginx.conf"
	until_ok 5 test -S "$S/run/fcgi.sock" &&
		until_ok 5 answers "$SB_GIT_ADDR" 443 &&
		ls_remote x-access-token "$SB_GITHUB_TOKEN" "$SB_REPO_URL" \
			github.com &&
		ls_remote oauth2 "$SB_GROVE_TOKEN" "$SB_GROVE_URL" \
			gitlab.sandbox.test
}
