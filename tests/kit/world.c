/*
 * world - see world.h.
 */
#include "tests/kit/world.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/kit/kit.h"

static char *at_first;		/* head of the branch before the test */

static char *
trimmed(char *s)
{
	s[strcspn(s, "\n")] = '\0';
	return s;
}

static char *
bare(void)
{
	char *path = NULL;

	ck_assert(asprintf(&path, "%s/git/%s.git", kit_env("SB_STATE"),
	    kit_env("SB_REPO")) > 0);
	return path;
}

char *
world_head(void)
{
	char *dir = bare();
	char *sha = trimmed(kit_sh("git -C '%s' rev-parse refs/heads/%s", dir,
	    kit_env("SB_BRANCH")));

	free(dir);
	return sha;
}

static void
post(const char *path, const char *body)
{
	free(kit_sh("curl -sS --noproxy '*' -m 20 -f -X POST -H "
	    "'Content-Type: application/json' --data-binary '%s' '%s%s'",
	    body, kit_env("SB_WORLD_URL"), path));
}

static void
put_branch(const char *sha)
{
	char *dir = bare();

	free(kit_sh("git -C '%s' update-ref refs/heads/%s %s", dir,
	    kit_env("SB_BRANCH"), sha));
	free(dir);
}

bool
world_is_full(void)
{
	const char *full = getenv("SB_FULL");

	return full != NULL && full[0] != '\0';
}

bool
world_argocd_version(const char *version)
{
	const char *real = getenv("SB_ARGOCD_VERSION");

	if (world_is_full())
		return real != NULL
		    && strncmp(version, real, strlen(real)) == 0;
	world_set("argocd.version", version);
	return true;
}

void
world_set(const char *knob, const char *value)
{
	char *body = NULL;

	ck_assert(asprintf(&body, "{\"%s\":\"%s\"}", knob, value) > 0);
	post("/set", body);
	free(body);
}

void
world_begin(void)
{
	char *dir = bare();
	char *root = trimmed(kit_sh("git -C '%s' rev-list --max-parents=0 %s"
	    " | tail -1", dir, kit_env("SB_BRANCH")));

	free(at_first);
	at_first = world_head();
	put_branch(root);
	post("/reset", "");
	if (world_is_full())
		free(kit_sh("tests/sandbox/full/reset 2>&1"));
	world_set("run.queue", "0.1");
	world_set("run.seconds", "0.3");
	world_set("github.lag", "0.2");
	world_set("rollout.seconds", "0.5");
	free(root);
	free(dir);
}

void
world_end(void)
{
	post("/reset", "");
	put_branch(at_first);
}

/* What the Application's history holds. */
static long
count_syncs(void)
{
	char *app = world_argocd("", ""), *at = strstr(app, "\"history\":[");
	long n = 0;

	while (at != NULL && (at = strstr(at + 1, "\"deployedAt\"")) != NULL)
		n++;
	free(app);
	return n;
}

long
world_count(const char *counter)
{
	char *s;
	long n;

	if (world_is_full() && strcmp(counter, "syncs") == 0)
		return count_syncs();
	s = kit_sh("curl -sS --noproxy '*' -m 20 -f '%s/counters'"
	    " | jq -r '.\"%s\" // 0'", kit_env("SB_WORLD_URL"), counter);
	n = strtol(s, NULL, 10);
	free(s);
	return n;
}

char *
world_clone(void)
{
	char *dir = kit_folder(), *from = bare();

	free(kit_sh("git clone -q --branch %s '%s' '%s' 2>&1 && git -C '%s'"
	    " remote set-url origin '%s'", kit_env("SB_BRANCH"), from, dir,
	    dir, kit_env("SB_REPO_URL")));
	free(from);
	return dir;
}

char *
world_change(const char *message, const char *fmt, ...)
{
	char *dir = world_clone(), *to = bare(), *command = NULL;
	va_list ap;

	va_start(ap, fmt);
	ck_assert(vasprintf(&command, fmt, ap) > 0);
	va_end(ap);
	free(kit_sh("cd '%s' && { %s; } && git add -A && git -c"
	    " user.name='A Person' -c user.email=person@example.test commit"
	    " -q -m '%s' && git push -q '%s' HEAD:refs/heads/%s 2>&1", dir,
	    command, message, to, kit_env("SB_BRANCH")));
	free(command);
	free(to);
	free(dir);
	return world_head();
}

char *
world_file(const char *path)
{
	char *dir = bare();
	char *text = kit_sh("git -C '%s' show '%s:%s'", dir,
	    kit_env("SB_BRANCH"), path);

	free(dir);
	return text;
}

static char *
ask_github(const char *arguments, const char *path)
{
	return kit_sh("curl -sS -m 10 -f --cacert '%s' --connect-to ::%s: -H"
	    " 'Authorization: Bearer %s' -H 'User-Agent: person' %s"
	    " '%s/repos/%s/actions/%s'", kit_env("SB_CA_BUNDLE"),
	    kit_env("SB_GITHUB_ADDR"), kit_env("SB_GITHUB_TOKEN"), arguments,
	    kit_env("SB_GITHUB_API"), kit_env("SB_REPO"), path);
}

void
world_dispatch(const char *workflow)
{
	free(ask_github(kit_text("-d '{\"ref\":\"%s\",\"inputs\":"
	    "{\"INSTANCE_NAME\":\"%s\"}}'", kit_env("SB_BRANCH"),
	    kit_env("SB_INSTANCE")),
	    kit_text("workflows/%s/dispatches", workflow)));
}

void
world_run(const char *workflow)
{
	struct timespec tick = { .tv_nsec = 100 * 1000 * 1000 };
	const char *path = kit_text("workflows/%s/runs?per_page=1",
	    workflow);
	bool done = false;

	world_set("github.lag", "0");
	world_dispatch(workflow);
	for (int i = 0; i < 300 && !done; i++) {
		char *runs = ask_github("", path);

		done = strstr(runs, "\"completed\"") != NULL;
		ck_assert_msg(!done || strstr(runs, "\"success\"") != NULL,
		    "%s", runs);
		free(runs);
		nanosleep(&tick, NULL);
	}
	ck_assert_msg(done, "%s does not end", workflow);
	world_set("github.lag", "0.2");
}

/* Until no Pod of the new side serves what was there before. */
static void
await_rollout(void)
{
	free(kit_sh("for d in lms cms lms-worker cms-worker; do "
	    "for i in $(seq 300); do "
	    "curl -fsSk -H 'Authorization: Bearer %s' "
	    "https://%s:6443/apis/apps/v1/namespaces/acme/deployments/$d | "
	    "jq -e '(.spec.replicas // 1) as $n | .status | "
	    ".observedGeneration != null and .replicas == $n and "
	    ".updatedReplicas == $n and .availableReplicas == $n' "
	    ">/dev/null && continue 2; sleep 0.1; done; "
	    "echo $d is not rolled out; exit 1; done",
	    kit_env("SB_KUBE_NEW_TOKEN"), kit_env("SB_KUBE_NEW_ADDR")));
}

void
world_deploy(void)
{
	char *head;

	world_run("generate-env.yml");
	head = world_head();
	head[strcspn(head, "\n")] = '\0';
	free(kit_sh("for i in $(seq 200); do curl -fsS %s/deployed | "
	    "jq -e '.revision == \"%s\"' && exit; sleep 0.1; done; exit 1",
	    kit_env("SB_WORLD_URL"), head));
	free(head);
	await_rollout();
}

char *
world_argocd(const char *arguments, const char *verb)
{
	return kit_sh("curl -sS -m 10 -f --cacert '%s' --connect-to ::%s: -H"
	    " 'Authorization: Bearer %s' -H 'Content-Type: application/json'"
	    " %s '%s/api/v1/applications/%s-production%s%cproject=default'",
	    kit_env("SB_CA_BUNDLE"), kit_env("SB_ARGOCD_ADDR"),
	    kit_env("SB_ARGOCD_TOKEN"), arguments, kit_env("SB_ARGOCD"),
	    kit_env("SB_INSTANCE"), verb, strchr(verb, '?') != NULL ? '&'
	    : '?');
}

/* Unchecked: a patch is refused before the first build. */
void
world_automate(const char *automated)
{
	char *app = world_argocd("", ""), *dir = kit_folder();

	kit_write(kit_text("%s/app", dir), app);
	free(kit_sh("cd '%s' && jq '.spec | .syncPolicy.automated = %s' app"
	    " >spec", dir, automated));
	free(world_argocd(kit_text("-X PUT --data-binary '@%s/spec'", dir),
	    "/spec?validate=false"));
	free(kit_sh("rm -r '%s'", dir));
	free(dir);
	free(app);
}

/* NAME=value in memory that stays. */
static const char *
var(const char *name, const char *value)
{
	char *s = NULL;

	ck_assert(asprintf(&s, "%s=%s", name, value) > 0);
	return s;
}

static void
add_missing(const char **vars, const char *entry)
{
	size_t n = strcspn(entry, "=") + 1;

	for (size_t i = 0; vars[i] != NULL; i++)
		if (strncmp(vars[i], entry, n) == 0)
			return;
	kit_add(vars, WORLD_VARS, entry);
}

const char **
world_vars(const char *workspace, ...)
{
	static const char *vars[WORLD_VARS];
	const char *dns = getenv("SB_DNS_SERVERS"), *ca = getenv("SB_CA_FILE");
	va_list ap;
	const char *s;

	memset(vars, 0, sizeof vars);
	va_start(ap, workspace);
	while ((s = va_arg(ap, const char *)) != NULL)
		kit_add(vars, WORLD_VARS, s);
	va_end(ap);
	add_missing(vars, var("instance-name", kit_env("SB_INSTANCE")));
	add_missing(vars, var("workspace", workspace));
	add_missing(vars, "dry-run=false");
	add_missing(vars, var("branch", kit_env("SB_BRANCH")));
	add_missing(vars, var("repository", kit_env("SB_REPO")));
	add_missing(vars, var("repository-token", kit_env("SB_GITHUB_TOKEN")));
	add_missing(vars, var("github-token", kit_env("SB_GITHUB_TOKEN")));
	add_missing(vars, var("argocd-token", kit_env("SB_ARGOCD_TOKEN")));
	if (dns != NULL && dns[0] != '\0')
		add_missing(vars, var("dns-servers", dns));
	if (ca != NULL && ca[0] != '\0')
		add_missing(vars, var("ca-file", ca));
	return vars;
}

/* ---- proxy ---- */

static int
free_port(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t n = sizeof a;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert(bind(fd, (struct sockaddr *)&a, sizeof a) == 0);
	ck_assert(getsockname(fd, (struct sockaddr *)&a, &n) == 0);
	close(fd);
	return ntohs(a.sin_port);
}

/* A certificate for 127.0.0.1 from the sandbox's authority. */
static void
mint(const char *dir)
{
	const char *s = kit_env("SB_STATE");

	free(kit_sh("cd '%s' && printf 'subjectAltName=IP:127.0.0.1\\n' >ext"
	    " && openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256"
	    " -nodes -keyout key -out req -subj /CN=proxy 2>&1 && openssl"
	    " x509 -req -in req -CA '%s/ca/ca.crt' -CAkey '%s/ca/ca.key'"
	    " -set_serial 0x$(openssl rand -hex 8) -days 2 -extfile ext"
	    " -out crt 2>&1", dir, s, s));
}

/* dir: where its certificate is; NULL: plain TCP. */
static void
run_proxy(const struct world_proxy *p, const char *dir, const char *to,
    const char *name)
{
	const char *doubles = getenv("SB_DOUBLES");
	char program[4096], at[64], control[64], up[128], crt[4096],
	    key[4096], ca[4096];

	snprintf(program, sizeof program, "%s/faultproxy",
	    doubles != NULL ? doubles : "build/doubles");
	snprintf(at, sizeof at, "127.0.0.1:%d", p->port);
	snprintf(control, sizeof control, "127.0.0.1:%d", p->control);
	snprintf(up, sizeof up, "%s%s", to,
	    strchr(to, ':') == NULL ? ":443" : "");
	snprintf(crt, sizeof crt, "%s/crt", dir != NULL ? dir : "");
	snprintf(key, sizeof key, "%s/key", dir != NULL ? dir : "");
	snprintf(ca, sizeof ca, "%s/ca/ca.crt", kit_env("SB_STATE"));
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (dir == NULL)
		execl(program, program, at, up, "--control", control, "--tcp",
		    (char *)NULL);
	else
		execl(program, program, at, up, "--control", control, "--tls",
		    crt, key, ca, "--name", name, (char *)NULL);
	_exit(127);
}

static char *
control(struct world_proxy *p, const char *how, const char *path)
{
	return kit_sh("curl -sS --noproxy '*' -m 10 -f %s"
	    " 'http://127.0.0.1:%d%s'", how, p->control, path);
}

/* Until both its ports answer. */
static void
await_port(int port)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	struct timespec tick = { .tv_nsec = 20 * 1000 * 1000 };
	bool up = false;

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	a.sin_port = htons((uint16_t)port);
	for (int i = 0; i < 500 && !up; i++) {
		int fd = socket(AF_INET, SOCK_STREAM, 0);

		up = connect(fd, (struct sockaddr *)&a, sizeof a) == 0;
		close(fd);
		nanosleep(&tick, NULL);
	}
	ck_assert_msg(up, "the fault proxy does not start");
}

void
world_proxy_clear(struct world_proxy *p)
{
	free(control(p, "-X POST", "/clear"));
}

/* Only its control port is asked: what comes to the other is passed on. */
struct world_proxy
world_proxy_start_tcp(const char *to)
{
	struct world_proxy p = {
		.port = free_port(), .control = free_port(),
	};

	p.pid = fork();
	ck_assert(p.pid >= 0);
	if (p.pid == 0)
		run_proxy(&p, NULL, to, NULL);
	await_port(p.control);
	world_proxy_clear(&p);
	return p;
}

struct world_proxy
world_proxy_start(const char *address, const char *name)
{
	struct world_proxy p = {
		.port = free_port(), .control = free_port(),
	};
	char *dir = kit_folder();

	mint(dir);
	ck_assert(asprintf(&p.ca, "%s/ca/bundle.crt",
	    kit_env("SB_STATE")) > 0);
	snprintf(p.url, sizeof p.url, "https://127.0.0.1:%d", p.port);
	p.pid = fork();
	ck_assert(p.pid >= 0);
	if (p.pid == 0)
		run_proxy(&p, dir, address, name);
	await_port(p.control);
	await_port(p.port);
	world_proxy_clear(&p);
	free(dir);
	return p;
}

void
world_proxy_stop(struct world_proxy *p)
{
	kill(p->pid, SIGKILL);
	waitpid(p->pid, NULL, 0);
	free(p->ca);
}

void
world_proxy_fault(struct world_proxy *p, const char *json)
{
	char *how = NULL;

	ck_assert(asprintf(&how, "-X POST --data-binary '%s'", json) > 0);
	free(control(p, how, "/fault"));
	free(how);
}

char *
world_proxy_log(struct world_proxy *p)
{
	return control(p, "", "/log");
}
