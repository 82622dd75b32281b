/*
 * forbid - see forbid.h.
 */
#include "tests/kit/forbid.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/kit/kit.h"

_Static_assert(FORBID_SEEN == 128 + SIGSYS, "a number for headers");

bool
forbid_sockets(void)
{
	struct sock_filter rules[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_socket, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = {
		.len = sizeof rules / sizeof rules[0], .filter = rules,
	};

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
	    && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

const char *
forbid_git(void)
{
	const char *folder = kit_folder();

	kit_write(kit_text("%s/git", folder), "#!/bin/sh\n"
	    ": >\"${0%/*}/ran\"\nexit 1\n");
	free(kit_sh("chmod +x '%s/git'", folder));
	return folder;
}

bool
forbid_git_ran(const char *folder)
{
	return unlink(kit_text("%s/ran", folder)) == 0;
}
