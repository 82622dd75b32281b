/*
 * action - a step's tables as people and GitHub read them: --help, action.yml.
 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "step/frame.h"

/* A YAML string in single quotes. */
static void
print_quoted(const char *s)
{
	putchar('\'');
	for (; *s != '\0'; s++) {
		if (*s == '\'')
			putchar('\'');
		putchar(*s);
	}
	putchar('\'');
}

/* The plan and the runner's variables can only win over an empty input. */
static bool
has_late_default(const struct input *in)
{
	return in->plan != NULL || in->optional
	    || (in->dflt != NULL && *in->dflt == '$');
}

static void
put_words(const struct input *in, char *out, size_t size)
{
	size_t n = 0;

	out[0] = '\0';
	if (in->num != NULL)
		n += (size_t)snprintf(out + n, size - n, "; from %ld to %ld",
		    in->min, in->max);
	for (size_t i = 0; in->oneof != NULL && in->oneof[i] != NULL
	    && n < size; i++)
		n += (size_t)snprintf(out + n, size - n, "%s%s", i == 0
		    ? "; one of " : ", ", in->oneof[i]);
	if (in->plan != NULL && n < size)
		n += (size_t)snprintf(out + n, size - n, "; in the plan: %s",
		    in->plan);
	if (has_late_default(in) && in->dflt != NULL && n < size)
		snprintf(out + n, size - n, "; default %s", in->dflt);
}

static void
print_input(const struct input *in, void *arg)
{
	char words[1024], text[2048];
	bool required = in->dflt == NULL && !in->optional && in->plan == NULL;

	(void)arg;
	put_words(in, words, sizeof words);
	snprintf(text, sizeof text, "%s%s", in->help, words);
	printf("  %s:\n    description: ", in->name);
	print_quoted(text);
	printf("\n    required: %s\n", required ? "true" : "false");
	if (!required) {
		printf("    default: ");
		print_quoted(has_late_default(in) ? "" : in->dflt);
		printf("\n");
	}
}

static void
print_mapping(const struct input *in, void *arg)
{
	char name[128];

	(void)arg;
	frame_env_name(in->name, name, sizeof name);
	printf("        %s: ${{ inputs.%s }}\n", name, in->name);
}

static void
print_output(const char *name, const char *help)
{
	printf("  %s:\n    description: ", name);
	print_quoted(help);
	printf("\n    value: ${{ steps.run.outputs.%s }}\n", name);
}

static const char status_help[] = "done, unchanged, would-change, failed, "
    "wrong-input or needs-hand";

void
step_print_action(const struct step *s)
{
	printf("# Written by `make actions` from the tables in %s.c.\n"
	    "name: ", s->name);
	print_quoted(s->name);
	printf("\ndescription: ");
	print_quoted(s->about);
	printf("\nauthor: Transplant\nbranding:\n  icon: %s\n"
	    "  color: green\ninputs:\n", s->icon);
	frame_each_input(s, print_input, NULL);
	printf("outputs:\n");
	print_output("status", status_help);
	for (const struct output *o = s->outputs; o->name != NULL; o++)
		print_output(o->name, o->help);
	printf("runs:\n  using: composite\n  steps:\n    - id: run\n"
	    "      shell: bash\n      env:\n");
	frame_each_input(s, print_mapping, NULL);
	printf("      run: '\"$GITHUB_ACTION_PATH/../_lib/run-step.sh\" %s'\n",
	    s->name);
}

static void
print_help_row(const struct input *in, void *arg)
{
	char name[128], words[1024];

	(void)arg;
	frame_env_name(in->name, name, sizeof name);
	put_words(in, words, sizeof words);
	printf("  %s\n      %s%s%s%s\n", name, in->help, words,
	    in->secret ? "; secret" : "",
	    in->dflt != NULL || in->optional ? "" : "; required");
	if (in->dflt != NULL && !has_late_default(in))
		printf("      default %s\n", in->dflt);
}

void
frame_print_help(const struct step *s)
{
	printf("%s - %s\n\nInputs are environment variables:\n", s->name,
	    s->about);
	frame_each_input(s, print_help_row, NULL);
	printf("\nOutputs, written to the file that GITHUB_OUTPUT names:\n"
	    "  status\n      %s\n", status_help);
	for (const struct output *o = s->outputs; o->name != NULL; o++)
		printf("  %s\n      %s\n", o->name, o->help);
	printf("\nExit status: 0 done or nothing to do, 1 failed, 2 wrong "
	    "inputs.\n");
}
