/*
 * pysettings - settings are read as Python would have them, or reported.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "data/pysettings.h"
#include "data/yaml.h"
#include "tests/kit/kit.h"

/* What every case begins with. */
static const char env[] =
	"DATABASES:\n"
	"  default:\n"
	"    HOST: db.example.test\n"
	"    PORT: 3306\n"
	"    OPTIONS: {charset: utf8mb4}\n"
	"FEATURES: {FROM_YAML: true}\n"
	"LMS_BASE: courses.example.test\n"
	"CONTACT_EMAIL: a@example.test\n"
	"LIST: [one, two]\n"
	"EMPTY: null\n";

static struct pysettings *
run_after(const char *yaml, const char *code)
{
	struct err e = { 0 };
	struct yaml *y = yaml_parse(yaml, strlen(yaml), "env.yml", &e);
	struct pysettings *ps = pysettings_new();

	ck_assert_msg(y != NULL && pysettings_add_yaml(ps, y, &e), "%s",
	    e.text);
	yaml_close(y);
	ck_assert_msg(pysettings_add_python(ps, code, strlen(code),
	    "production.py", &e), "%s in: %s", e.text, code);
	return ps;
}

static struct pysettings *
run(const char *code)
{
	struct buf all = buf_new(1 << 20);
	struct pysettings *ps;

	buf_puts(&all, "from lms.envs.production import *\n");
	buf_puts(&all, code);
	ps = run_after(env, buf_str(&all));
	buf_free(&all);
	return ps;
}

/* What a function does that was run. */
#define LOSE "global LMS_BASE; LMS_BASE = 'z'"

static const char *const kinds[] = { "absent", "none", "bool", "int",
	"float", "str", "list", "dict", "json", "unreadable" };

/* Each case: code; then what a path is: kind and text. */
static const struct {
	const char *code, *path, *is;
} cases[] = {
	/* the YAML alone */
	{ "", "DATABASES.default.HOST", "str db.example.test" },
	{ "", "DATABASES.default.PORT", "int 3306" },
	{ "", "EMPTY", "none " }, { "", "LIST", "list " },
	{ "", "NOWHERE", "absent " },
	{ "", "DATABASES.default.NOWHERE", "absent " },
	/* literals */
	{ "A = 'x'", "A", "str x" }, { "A = u\"x\"", "A", "str x" },
	{ "A = 'a' \"b\" r'\\n'", "A", "str ab\\n" },
	{ "A = '''a\nb'''", "A", "str a\nb" },
	{ "A = 'a\\x41\\u00e9\\101\\1\\\nb\\q\\/'", "A",
	    "str aA\xc3\xa9" "A\x01" "b\\q\\/" },
	{ "A = 'a\\N{DASH}'", "A", "unreadable " },
	{ "A = f'a\\N{BULLET}'", "A", "unreadable " },
	{ "A = {'k': {'h': 1}}\nA = A['k'] = {'h': None}", "A.k.h", "none " },
	{ "A = b'x'", "A", "unreadable " },
	{ "A = -3", "A", "int -3" }, { "A = 0x1F", "A", "int 31" },
	{ "A = 1_000", "A", "int 1000" }, { "A = 1.5", "A", "float 1.5" },
	{ "A = 7 * 24 * 60 * 60", "A", "int 604800" },
	{ "A = 'x' + 'y'", "A", "str xy" },
	{ "A = ('x'\n  'y')", "A", "str xy" },
	{ "A = None", "A", "none " }, { "A = True", "A", "bool true" },
	{ "A = [1, 2]", "A", "list " }, { "A: str = 'x'", "A", "str x" },
	{ "A = B = 'x'", "A", "str x" }, { "A, B = 1, 2", "B", "int 2" },
	{ "A = f'{LMS_BASE}/x{{'", "A", "str courses.example.test/x{" },
	{ "A = f'{LMS_BASE!r}'", "A", "unreadable " },
	{ "A = {'b': {'c': 'd'},  # note\n}", "A.b.c", "str d" },
	/* names, aliases, copies */
	{ "A = {'h': 1}\nB = A\nA['h'] = 2", "B.h", "int 2" },
	{ "A = {'h': 1}\nB = dict(A, k='v')\nA['h'] = 2", "B.h", "int 1" },
	{ "A = {'h': 1}\nB = {**A, 'k': 2}\nA['h'] = 3", "B.h", "int 1" },
	{ "A = {'h': 1}\nB = {'x': A}\nB['x']['h'] = 5", "A.h", "int 5" },
	{ "A = {'h': 1}\nB = A.copy()\nB['h'] = 5", "A.h", "int 1" },
	{ "A = 'x'\nA = 'y'", "A", "str y" },
	{ "A = {'h': 1}\nA = B = {}\n", "A.h", "absent " },
	{ "A = LMS_BASE", "A", "str courses.example.test" },
	{ "A = LIST[1]", "A", "str two" },
	{ "A = ENV_TOKENS.get('LMS_BASE')", "A",
	    "str courses.example.test" },
	{ "A = ENV_TOKENS.get('X', ENV_TOKENS['CONTACT_EMAIL'])", "A",
	    "str a@example.test" },
	{ "A = ENV_TOKENS.get('X')", "A", "none " },
	{ "A = FEATURES['FROM_YAML']", "A", "bool true" },
	/* changing */
	{ "DATABASES['default']['OPTIONS']['charset'] = 'x'",
	    "DATABASES.default.OPTIONS.charset", "str x" },
	{ "DATABASES['default'].update({'HOST': 'h'})",
	    "DATABASES.default.HOST", "str h" },
	{ "DATABASES['default'].update(HOST='h')",
	    "DATABASES.default.HOST", "str h" },
	{ "DATABASES['default'].setdefault('NAME', 'n')",
	    "DATABASES.default.NAME", "str n" },
	{ "DATABASES['default'].setdefault('HOST', 'n')",
	    "DATABASES.default.HOST", "str db.example.test" },
	{ "DATABASES['read'] = {**DATABASES['default'], 'HOST': 'r'}",
	    "DATABASES.read.PORT", "int 3306" },
	{ "del DATABASES['default']['HOST']", "DATABASES.default.HOST",
	    "absent " },
	{ "DATABASES['default'].pop('HOST')", "DATABASES.default.HOST",
	    "absent " },
	{ "A = 'x'\nA += 'y'", "A", "str xy" },
	{ "A = {'a': 1}\nA |= {'a': 2}", "A.a", "int 2" },
	{ "GRADES['K']['b'] = 'x'", "GRADES.K.b", "str x" },
	{ "GRADES['K']['b'] = 'x'", "GRADES.K.other", "absent " },
	{ "FEATURES.update({'X': True})", "FEATURES.X", "bool true" },
	{ "A = '/a/b'.lstrip('/')", "A", "str a/b" },
	{ "A = ','.join(['a', 'b'])", "A", "str a,b" },
	{ "A = '{}/{}'.format('x', 1)", "A", "str x/1" },
	{ "A = 'h{n}'.format(n=1)", "A", "str h1" },
	{ "import os\nA = os.path.join('/a', 'b')", "A", "str /a/b" },
	{ "import json\nA = json.dumps({'n': 'x'})", "A.n", "str x" },
	{ "if True:\n    A = 1", "A", "int 1" },
	/* Tutor's own constructs */
	{ "update_module_store_settings(MODULESTORE, doc_store_settings={"
	    "'db': 'x', 'replicaSet': 'rs'})\n"
	    "update_module_store_settings(MODULESTORE, doc_store_settings={"
	    "'db': 'y'})", "(stores).DOC_STORE_CONFIG.replicaSet", "str rs" },
	{ "A = {'db': 'x'}\nupdate_module_store_settings(MODULESTORE, "
	    "doc_store_settings=A)\nA['db'] = 'y'",
	    PYSETTINGS_STORES ".DOC_STORE_CONFIG.db", "str x" },
	{ "A = {'db': 'x'}\nupdate_module_store_settings(MODULESTORE, "
	    "doc_store_settings=A)\nfor store in MODULESTORE[\"default\"]"
	    "[\"OPTIONS\"][\"stores\"]:\n   store[\"OPTIONS\"][\"fs_root\"] "
	    "= DATA_DIR", PYSETTINGS_STORES ".DOC_STORE_CONFIG.db", "str x" },
	{ "import os\nfor d in [LOG_DIR]:\n    if not os.path.exists(d):\n"
	    "        os.makedirs(d, exist_ok=True)", "LMS_BASE",
	    "str courses.example.test" },
	{ "try:\n    from a import B\n    import warnings\n    "
	    "warnings.filterwarnings('ignore', category=B)\nexcept "
	    "ImportError:\n    pass", "LMS_BASE",
	    "str courses.example.test" },
	{ "try:\n    from o.features_setting_proxy import FeaturesProxy\n"
	    "    FEATURES = FeaturesProxy(globals())\nexcept ImportError:\n"
	    "    pass\nFEATURES['X'] = 1", "X", "int 1" },
	{ "try:\n    from o.features_setting_proxy import FeaturesProxy\n"
	    "    FEATURES = FeaturesProxy(globals())\nexcept ImportError:\n"
	    "    pass\nX = 1", "FEATURES.X", "int 1" },
	{ "try:\n    from o.features_setting_proxy import FeaturesProxy\n"
	    "    FEATURES = FeaturesProxy(globals())\nexcept ImportError:\n"
	    "    pass", "FEATURES.LMS_BASE", "str courses.example.test" },
	{ "try:\n    from o.features_setting_proxy import FeaturesProxy\n"
	    "    FEATURES = FeaturesProxy(globals())\nexcept ImportError:\n"
	    "    pass", "FROM_YAML", "bool true" },
	{ "class S(B):\n    A = 1\n    def url(self):\n        return 1\n",
	    "A", "absent " },
	{ "A = 1\nclass S(B):\n    A = 2\n", "A", "int 1" },
	{ "{}\n\"doc\"\n...\nA = 1", "A", "int 1" },
	{ "AWS_CONFIG = Config(signature_version='s3v4')\nA = 1", "A",
	    "int 1" },
	{ "LOGGING['handlers'].pop('tracking')", "LMS_BASE",
	    "str courses.example.test" },
	{ "LOCALE_PATHS.append('/x')", "LMS_BASE",
	    "str courses.example.test" },
	/* must be reported, never guessed */
	{ "import os\nA = os.environ['X']", "A", "unreadable " },
	{ "import os\nA = os.getenv('X', 'y')", "A", "unreadable " },
	{ "A = open('/x').read()", "A", "unreadable " },
	{ "def f():\n    return 1\nA = f()", "A", "unreadable " },
	{ "def f():\n    global LMS_BASE\n    LMS_BASE = 2\nf()", "LMS_BASE",
	    "unreadable " },
	{ "if X:\n    LMS_BASE = 'x'", "LMS_BASE", "unreadable " },
	{ "if X:\n    A = 1\nelse:\n    LMS_BASE = 'x'", "LMS_BASE",
	    "unreadable " },
	{ "for x in LIST:\n    LMS_BASE = x", "LMS_BASE", "str two" },
	{ "for x in LIST:\n    LMS_BASE = x\n    break", "LMS_BASE",
	    "unreadable " },
	{ "for x in f():\n    LMS_BASE = x", "LMS_BASE", "unreadable " },
	{ "try:\n    LMS_BASE = 'x'\nexcept E:\n    pass", "LMS_BASE",
	    "unreadable " },
	{ "try:\n    pass\nexcept E:\n    LMS_BASE = 'x'", "LMS_BASE",
	    "unreadable " },
	{ "with open('x') as LMS_BASE:\n    pass", "LMS_BASE",
	    "unreadable " },
	{ "while X:\n    LMS_BASE = 'x'", "LMS_BASE", "unreadable " },
	{ "A = [x for x in LIST]", "A.1", "str two" },
	{ "A = [x for x in f()]", "A", "unreadable " },
	{ "A = 1 if X else 2", "A", "unreadable " },
	{ "A = B or 'x'", "A", "unreadable " },
	{ "A = {**unknown(), 'h': 1}", "A.other", "unreadable " },
	{ "A = {**unknown(), 'h': 1}", "A.h", "int 1" },
	{ "A = {'h': 1, **unknown()}", "A.h", "unreadable " },
	{ "change(DATABASES)", "DATABASES.default.HOST", "unreadable " },
	{ "change(DATABASES['default'])", "DATABASES.default.HOST",
	    "unreadable " },
	{ "A = DATABASES['default'] if X else {}\nA['HOST'] = 'x'",
	    "DATABASES.default.HOST", "unreadable " },
	{ "for d in DATABASES.values():\n    d['HOST'] = 'x'",
	    "DATABASES.default.HOST", "str x" },
	{ "for k in DATABASES:\n    DATABASES[k]['HOST'] = 'x'",
	    "DATABASES.default.HOST", "str x" },
	{ "for k in f():\n    DATABASES[k]['HOST'] = 'x'",
	    "DATABASES.default.HOST", "unreadable " },
	{ "DATABASES['default'].update(unknown())",
	    "DATABASES.default.HOST", "unreadable " },
	{ "DATABASES['default'][KEY] = 1", "DATABASES.default.HOST",
	    "unreadable " },
	{ "globals()['LMS_BASE'] = 1", "LMS_BASE", "unreadable " },
	{ "exec('x')", "LMS_BASE", "unreadable " },
	{ "exec('x')\nLMS_BASE = 'y'", "LMS_BASE", "str y" },
	{ "from somewhere.else_ import *", "LMS_BASE", "unreadable " },
	{ "from somewhere import LMS_BASE", "LMS_BASE", "unreadable " },
	{ "import LMS_BASE", "LMS_BASE", "unreadable " },
	{ "(LMS_BASE := 'x')", "LMS_BASE", "str x" },
	{ "X and (LMS_BASE := 'x')", "LMS_BASE", "unreadable " },
	{ "del LMS_BASE", "LMS_BASE", "unreadable " },
	{ "LMS_BASE, A = f()", "LMS_BASE", "unreadable " },
	{ "LIST += unknown()", "LIST", "unreadable " },
	{ "LIST.extend(unknown())", "LIST", "unreadable " },
	{ "if X:\n    DATABASES['default'].update(HOST='x')",
	    "DATABASES.default.HOST", "unreadable " },
	{ "A = {'h': 1}\nB = [A]\nchange(B)", "A.h", "unreadable " },
	{ "P = Wrap(DATABASES)\nDATABASES['default'] = {'HOST': 'x'}\n"
	    "P.set()", "DATABASES.default.HOST", "unreadable " },
	{ "raise X\nA = 1", "LMS_BASE", "unreadable " },
	{ "def LMS_BASE():\n    pass", "LMS_BASE", "unreadable " },
	{ "match X:\n    case 1:\n        LMS_BASE = 2", "LMS_BASE",
	    "unreadable " },
	{ "@f\nclass LMS_BASE:\n    pass", "LMS_BASE", "unreadable " },
	{ "class S:\n    DATABASES['default']['HOST'] = 'x'",
	    "DATABASES.default.HOST", "unreadable " },
	{ "DATABASES.default = 1", "DATABASES.default.HOST",
	    "unreadable " },
	{ "A = (lambda: 1)()", "A", "unreadable " },
	/* functions of the file that run without being called by name */
	{ "try:\n    import s\nexcept E:\n    def s():\n        " LOSE
	    "\ns()", "LMS_BASE", "unreadable " },
	{ "def f(x):\n    " LOSE "\nlist(map(f, LIST))", "LMS_BASE",
	    "unreadable " },
	{ "(lambda: DATABASES['default'].update(HOST='x'))()",
	    "DATABASES.default.HOST", "unreadable " },
	{ "class S:\n    def f():\n        " LOSE "\nS.f()", "LMS_BASE",
	    "unreadable " },
	{ "def f():\n    " LOSE "\nH = {'f': f}\nH['f']()", "LMS_BASE",
	    "unreadable " },
	{ "def f():\n    " LOSE "\ng = f if X else f\ng()", "LMS_BASE",
	    "unreadable " },
	{ "def f(g):\n    " LOSE "\n@f\ndef g():\n    pass", "LMS_BASE",
	    "unreadable " },
	{ "def f(g):\n    pass\n@f\ndef g():\n    pass", "LMS_BASE",
	    "str courses.example.test" },
	{ "def f(a=DATABASES['default'].update(HOST='x')):\n    pass",
	    "DATABASES.default.HOST", "str x" },
	{ "f = DATABASES['default'].update\nf(HOST='x')",
	    "DATABASES.default.HOST", "unreadable " },
	{ "dict.update(DATABASES['default'], HOST='x')",
	    "DATABASES.default.HOST", "unreadable " },
	{ "__builtins__['exec']('x')", "LMS_BASE", "unreadable " },
	{ "import sys\nsys.modules[__name__].LMS_BASE = 1", "LMS_BASE",
	    "unreadable " },
	{ "[d.update(HOST='x') for d in DATABASES.values()]",
	    "DATABASES.default.HOST", "str x" },
	{ "[d.update(HOST='x') for d in f(DATABASES)]",
	    "DATABASES.default.HOST", "unreadable " },
	{ "A = [LMS_BASE for LMS_BASE in LIST]", "LMS_BASE",
	    "str courses.example.test" },
	{ "match X:\n    case {'a': LMS_BASE}:\n        pass", "LMS_BASE",
	    "unreadable " },
	/* what edx-platform has is not known */
	{ "A = DEFAULT_HOST", "A", "unreadable " },
	{ "DATABASES['default']['HOST'] = DEFAULT_HOST",
	    "DATABASES.default.HOST", "unreadable " },
	{ "A = {'h': DEFAULT_HOST}", "A.h", "unreadable " },
	{ "A = OTHER\nA['h'] = 1", "OTHER.h", "unreadable " },
	{ "A = 1\nfrom lms.envs.common import *", "A", "unreadable " },
	{ "A = f'{LMS_BASE=}'", "A", "unreadable " },
	{ "A = '\xc3\xa9'.strip('\xc3\xa8')", "A", "unreadable " },
	{ "A = -1\nB = -A", "B", "int 1" },
	{ "A = {'db': 'x'}\nupdate_module_store_settings(MODULESTORE, "
	    "doc_store_settings=A)\nMODULESTORE['default']['OPTIONS']"
	    "['stores'][0]['DOC_STORE_CONFIG']['db'] = 'y'",
	    PYSETTINGS_STORES ".DOC_STORE_CONFIG.db", "unreadable " },
};

START_TEST(a_setting_is_what_python_makes_it_or_unreadable)
{
	struct pysettings *ps = run(cases[_i].code);
	struct py_found f = pysettings_find(ps, cases[_i].path);
	char is[200];

	snprintf(is, sizeof is, "%s %s", kinds[f.kind], f.text);
	ck_assert_msg(strcmp(is, cases[_i].is) == 0,
	    "%s is %s (%s), not %s, in: %s", cases[_i].path, is, f.why,
	    cases[_i].is, cases[_i].code);
	pysettings_free(ps);
}
END_TEST

START_TEST(a_report_names_the_line_and_no_secret)
{
	struct pysettings *ps = run("\n\nA = {\n    \"password\": "
	    "load('hunter2'),  # pw is hunter2\n    'x': \"hunter3\"}\n");
	struct py_found f = pysettings_find(ps, "A.password");

	ck_assert_int_eq(f.kind, PY_UNREADABLE);
	ck_assert_str_eq(f.why, "production.py:4: A = { \"password\": "
	    "load(\"...\"), 'x': \"...\"}");
	pysettings_free(ps);
}
END_TEST

static const struct {
	const char *code, *says;
} refused[] = {
	{ "x = 1\ny = (\n", "production.py:" },
	{ "x = 'open\n", "production.py:1" },
	{ "x = 1\nprint \"x\"\n", "production.py:2:1: a statement of" },
	{ "x = 0777\n", "production.py:1:5: a number of" },
	{ "x = 10L\n", "production.py:1" },
	{ "x = `y`\n", "production.py:1:5: a backquote" },
	{ "exec \"x\"\n", "production.py:1" },
	{ "x = 1\ny = \"\xff\"\n", "production.py:2:6: not UTF-8" },
	{ "x = 1\ny = [1, (2]\n", "production.py:2:11: a bracket" },
	{ "x = ""'''a\n\n", "production.py:1:5: a string that" },
	{ "if x:\n\ty = 1\n        z = 2\n", "production.py:3:9: it does" },
	{ "x = 1 <> 2\n", "production.py:1:5: a comparison of" },
	{ "x = ur'a'\n", "production.py:1:5: no such kind" },
	{ "x = '\\x4'\n", "production.py:1:5: \\x wants" },
	{ "try:\n    x = 1\nexcept A, e:\n    pass\n", "production.py:3" },
	{ "f() = 1\n", "production.py:1" },
	{ "x = 1\nbreak\n", "production.py:2:1: it is in no loop" },
};

START_TEST(what_is_not_python_3_is_refused_with_its_place)
{
	struct pysettings *ps = pysettings_new();
	struct err e = { 0 };

	ck_assert(!pysettings_add_python(ps, refused[_i].code,
	    strlen(refused[_i].code), "production.py", &e));
	ck_assert_int_eq(e.kind, ERR_INPUT);
	kit_contains(e.text, refused[_i].says);
	pysettings_free(ps);
}
END_TEST

START_TEST(a_deeply_nested_file_is_refused)
{
	struct pysettings *ps = pysettings_new();
	struct buf code = buf_new(1 << 20);
	struct err e = { 0 };

	buf_puts(&code, "x = ");
	for (int i = 0; i < 10000; i++)
		buf_putc(&code, '[');
	for (int i = 0; i < 10000; i++)
		buf_putc(&code, ']');
	ck_assert(!pysettings_add_python(ps, code.data, code.len, "p.py",
	    &e));
	kit_contains(e.text, "deeply");
	buf_free(&code);
	pysettings_free(ps);
}
END_TEST

START_TEST(a_huge_file_is_refused_where_it_grows_too_large)
{
	struct pysettings *ps = pysettings_new();
	struct buf code = buf_new(5 << 20);
	struct err e = { 0 };

	buf_puts(&code, "x = 1\n");
	while (code.len <= 4 << 20)
		buf_puts(&code, "=======");
	ck_assert(!pysettings_add_python(ps, code.data, code.len, "p.py",
	    &e));
	ck_assert_str_eq(e.text, "p.py:2:4194299: larger than 4 MiB");
	buf_free(&code);
	pysettings_free(ps);
}
END_TEST

START_TEST(a_mark_and_crlf_are_fine)
{
	struct pysettings *ps = run_after("{}",
	    "\xef\xbb\xbf" "A = {\r\n  'b': '''x\r\ny''',\r\n}\r\n");

	ck_assert_str_eq(pysettings_find(ps, "A.b").text, "x\ny");
	pysettings_free(ps);
}
END_TEST

START_TEST(a_long_file_is_read_in_time)
{
	struct buf code = buf_new(4 << 20);
	struct pysettings *ps;

	for (int i = 0; i < 20000; i++)
		buf_printf(&code, "SETTING_%d = {\"a\": \"value\"}\n", i);
	buf_puts(&code, "UNREADABLE = {");
	for (int i = 0; i < 20000; i++)
		buf_printf(&code, "'k%d': unknown(), ", i);
	buf_puts(&code, "}\n");
	ps = run(buf_str(&code));
	ck_assert_str_eq(pysettings_find(ps, "SETTING_19999.a").text,
	    "value");
	buf_free(&code);
	pysettings_free(ps);
}
END_TEST

START_TEST(values_that_grow_with_each_statement_end_in_time)
{
	static const char *const each[] = { "DATABASES.x()\n",
	    "A = f(A)\n", "A[0] = A\n", "A['a'] = A\nA['b'] = A\n",
	    "for d in A.values():\n d['x'] = A\n",
	    "A = {**A, 'a': A}\n", "A += [A]\n", "A.update(a=A, b=B)\n" };
	struct buf code = buf_new(4 << 20);

	buf_puts(&code, "A = {}\nB = []\n");
	for (int i = 0; i < 4000; i++)
		buf_puts(&code, each[_i]);
	buf_puts(&code, "J = json.dumps(A)\n");
	pysettings_free(run(buf_str(&code)));
	buf_free(&code);
}
END_TEST

#define COUNT(list) ((int)(sizeof(list) / sizeof *(list)))

START_TEST(what_is_put_there_counts_until_the_file_says_otherwise)
{
	struct err e = { 0 };
	struct yaml *y = yaml_parse(env, strlen(env), "env.yml", &e);
	struct pysettings *ps = pysettings_new();
	static const char code[] =
		"from lms.envs.production import *\n"
		"COPY = DATABASES['default']['HOST']\n"
		"DATABASES['default']['PORT'] = 1\n";

	ck_assert(y != NULL && pysettings_add_yaml(ps, y, &e));
	yaml_close(y);
	ck_assert(pysettings_put(ps, "DATABASES.default.HOST", "put"));
	ck_assert(pysettings_put(ps, "DATABASES.default.PORT", "2"));
	ck_assert(pysettings_put(ps, "DATABASES.default.USER", "new"));
	ck_assert(!pysettings_put(ps, "DATABASES.other.HOST", "x"));
	ck_assert(!pysettings_put(ps, "LMS_BASE.default.HOST", "x"));
	ck_assert(pysettings_add_python(ps, code, strlen(code), "p.py", &e));
	ck_assert_str_eq(pysettings_find(ps, "COPY").text, "put");
	ck_assert_str_eq(pysettings_find(ps, "DATABASES.default.USER").text,
	    "new");
	ck_assert_str_eq(pysettings_find(ps, "DATABASES.default.PORT").text,
	    "1");
	pysettings_free(ps);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("pysettings");
	TCase *c = tcase_create("pysettings");

	tcase_set_timeout(c, 60);
	tcase_add_test(c,
	    what_is_put_there_counts_until_the_file_says_otherwise);
	tcase_add_loop_test(c,
	    a_setting_is_what_python_makes_it_or_unreadable, 0, COUNT(cases));
	tcase_add_test(c, a_report_names_the_line_and_no_secret);
	tcase_add_loop_test(c,
	    what_is_not_python_3_is_refused_with_its_place, 0,
	    COUNT(refused));
	tcase_add_test(c, a_deeply_nested_file_is_refused);
	tcase_add_test(c,
	    a_huge_file_is_refused_where_it_grows_too_large);
	tcase_add_test(c, a_mark_and_crlf_are_fine);
	tcase_add_test(c, a_long_file_is_read_in_time);
	tcase_add_loop_test(c,
	    values_that_grow_with_each_statement_end_in_time, 0, 8);
	suite_add_tcase(s, c);
	return kit_main(s, NULL);
}
