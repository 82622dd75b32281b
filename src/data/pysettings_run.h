/*
 * pysettings_run - running through a Python file; data/pysettings only.
 *
 * What can be told exactly is done as Python does it. Everything else goes
 * through pysettings_effect: a value that may be anything, which remembers
 * what it may be another name for, and statements that may have changed
 * whatever they could reach.
 */
#ifndef DATA_PYSETTINGS_RUN_H
#define DATA_PYSETTINGS_RUN_H

#include "data/pysettings_tree.h"
#include "data/pysettings_value.h"

struct buf;

struct pysettings {
	struct pool *pool, *scratch;	/* for good; for this statement */
	struct pyval *names;	/* a dict: what each name is */
	struct pyval *escaped;	/* may be what unknown code got hold of */
	const char *file, *text;
	const struct pynode *statement;	/* under way, for messages */
	const struct pynode *shown;	/* the statement that why is about */
	const char *why;
	int maybe;		/* within a condition, a loop, ... */
	int coarse;		/* within a loop that can't be gone through */
	int steps;		/* of loops that were gone through */
	size_t visited;		/* by looking for what may have changed */
	bool star;		/* edx-platform's own names are there */
	bool assigned;		/* something was, by this file */
	bool lost;		/* any name was anything, once */
	bool codes, classes;	/* this file has such; of a class, operators
				 * may run code */
};

/* Functions and classes of this file: what they may do when they run. */
struct pycode {
	const char **name;	/* that they use */
	size_t n, room;
	const char **global;	/* that they assign in the file */
	size_t nglobal, room_global;
	const char **assigned;	/* wherever they are */
	size_t nassigned, room_assigned;
	bool anything;		/* exec and the like */
	bool changes;		/* more than names of its own */
	bool is_class;
	bool now;		/* a class's body: not its functions */
	struct pyval *joint;	/* may be whatever it gets hold of */
};

/* What a call is given. */
enum { PYARGS_MAX = 16 };
struct pyargs {
	struct pyval *value[PYARGS_MAX];	/* in order, without names */
	size_t n;
	struct pyval *named;	/* a dict */
	struct pyval *any;	/* may be each of them */
	bool odd;		/* unknown ones too, or too many */
};

/* Run a statement, a block; evaluate an expression. */
void pyrun_statement(struct pysettings *, const struct pynode *);
struct pyval *pyrun_value(struct pysettings *, const struct pynode *);
/* Is it none that Python 3 would refuse? "<file>:<line>:<column>: ..." */
bool pyrun_check(struct pysettings *, const struct pynode *, struct err *)
    MUST_CHECK;
/* What Python has against this node, whatever is below it; NULL: nothing. */
const char *pyrun_syntax(struct pysettings *, const struct pynode *);

/* ---- names and entries (run) ---- */

void pyrun_assign(struct pysettings *, const struct pynode *target,
    struct pyval *);
/* container[key] = value, with all that follows from it. */
void pyrun_set_item(struct pysettings *, struct pyval *container,
    const char *key, struct pyval *);
struct pyval *pyrun_name(struct pysettings *, const char *name);
/* Is it where edx-platform's own settings are? Changing what is in there
 * changes what is here. */
bool pyrun_is_platform(const char *module);
/* To be put into something: what edx-platform has there is not known. */
struct pyval *pyrun_known(struct pysettings *, struct pyval *);

/* ---- expressions (eval) ---- */

/* a + b and the like. */
struct pyval *pyrun_binary(struct pysettings *, const char *op,
    struct pyval *, struct pyval *);
/* of[key] */
struct pyval *pyrun_item(struct pysettings *, struct pyval *of,
    struct pyval *key);
/* The operand was used: if its class is of this file, that ran code. */
void pyrun_use(struct pysettings *, struct pyval *);
/* The place in a list that an index means; false: not known, or none. */
bool pyrun_index(const struct pyval *list, const struct pyval *index,
    size_t *i);
/* All of `from` into a dict; what can't be listed makes the rest unsure. */
void pyrun_take_all(struct pysettings *, struct pyval *into,
    struct pyval *from);

/* ---- loops ---- */

/* What a loop over it goes through, a list; NULL: not known. */
struct pyval *pyrun_items(struct pysettings *, struct pyval *);
struct pyval *pyrun_comprehension(struct pysettings *,
    const struct pynode *);
void pyrun_for(struct pysettings *, const struct pynode *);
void pyrun_while(struct pysettings *, const struct pynode *);
/* A block, or the one of an else clause; NULL: none. */
void pyrun_block(struct pysettings *, const struct pynode *);

/* ---- calls (call, string) ---- */

struct pyval *pyrun_call(struct pysettings *, const struct pynode *);
/* Call what was evaluated, with one argument: a decorator. */
struct pyval *pyrun_apply(struct pysettings *, struct pyval *,
    struct pyval *arg);
/* Would a function or method by this name only read what it is given? */
bool pyrun_only_reads(const char *callee);
/* A method of a text; NULL: not known. */
struct pyval *pyrun_string_method(struct pysettings *, struct pyval *,
    const char *name, const struct pyargs *);
/* text % values; NULL: not known. */
struct pyval *pyrun_percent(struct pysettings *, const struct pyval *,
    const struct pyval *);
/* Append what str() makes of a scalar; false: not known. */
bool pyrun_print(const struct pyval *, struct buf *);
bool pyrun_is_ascii(const char *);
/* Text within its limit as a value; NULL if it is not. Frees the buffer. */
struct pyval *pyrun_take_text(struct pysettings *, struct buf *, bool ok);

/* ---- what is not known (effect) ---- */

struct pyval *pyrun_unreadable(struct pysettings *);
/* May be either. */
struct pyval *pyrun_either(struct pysettings *, struct pyval *,
    struct pyval *);
/* It, and all that it holds, may have been changed, and `into` (or NULL) put
 * somewhere there. own: only its own entries, not what they hold. */
void pyrun_taint(struct pysettings *, struct pyval *, struct pyval *into,
    bool own);
/* Unknown code got this: the result may be anything of it. */
struct pyval *pyrun_give_away(struct pysettings *, struct pyval *);
/* Every name may be anything from here on. */
void pyrun_lose_all(struct pysettings *);
/* Does it hold, or is it, code of this file, or a way to every name? */
bool pyrun_is_wild(struct pysettings *, struct pyval *);
/* Run the code that it may be; what comes out. */
struct pyval *pyrun_run_code(struct pysettings *, struct pyval *,
    struct pyval *args);
/* A function, class or lambda, from what it says. */
struct pyval *pyrun_new_code(struct pysettings *, const struct pynode *);
/* Run a class's body; what it may have got hold of. */
struct pyval *pyrun_class_body(struct pysettings *, const struct pynode *);
/* A loop or the like, run an unknown number of times; once NULL: it may bind
 * any name that it mentions. What its names may be. */
struct pyval *pyrun_blunt(struct pysettings *, const struct pynode *,
    void (*once)(struct pysettings *, const struct pynode *));

/* ---- text ---- */

/* A literal's value; false: not readable as text. */
bool pyrun_string(struct pysettings *, const struct pynode *,
    struct pyval **value);
const char *pyrun_source(struct pysettings *, const struct pynode *);
/* "file:line: statement", its strings left out; of the statement under way. */
const char *pyrun_why(struct pysettings *);

#endif
