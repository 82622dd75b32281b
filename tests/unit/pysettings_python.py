#!/usr/bin/env python3
"""pysettings_python - settings made up at random, and what Python makes of
them.

usage: pysettings_python.py SEED COUNT

Prints one JSON object a line: "code", a production.py, and "facts", a list of
[path, kind, text]. kind is str, int, float, bool, none, list, dict, json,
missing, platform (what edx-platform had there by itself) or other (which no
path can name). A statement that raises is taken out, as no instance runs with
it.
"""
import copy
import json
import os
import random
import resource
import sys
import types

YAML = {
    "DATABASES": {"default": {"HOST": "db.example.test", "PORT": 3306,
                              "OPTIONS": {"charset": "utf8mb4"}}},
    "FEATURES": {"FROM_YAML": True},
    "LMS_BASE": "courses.example.test",
    "LIST": ["one", "two"],
    "NESTED": [{"h": "n1"}, {"h": "n2"}],
    "EMPTY": None,
}


class Platform(str):
    """Something that edx-platform has by itself."""


def platform_names():
    return {
        "OTHER": {"h": Platform("p1"), "k": {"h": Platform("p2")}},
        "PLIST": [Platform("p3")],
        "PTEXT": Platform("p4"),
    }


class Box:
    """An object of a class that the file knows nothing of."""

    def __init__(self, *kept):
        self.kept = list(kept)

    def poke(self, *_):
        for one in self.kept:
            change(one)

    get = poke

    def __iter__(self):
        self.poke()
        return iter(["it"])

    def __add__(self, _):
        self.poke()
        return "sum"

    def __enter__(self):
        self.poke()
        return self.kept[0] if self.kept else {}

    def __exit__(self, *_):
        return True


def change(*args, **more):
    for one in list(args) + list(more.values()):
        if isinstance(one, dict):
            for inner in list(one.values()):
                if isinstance(inner, (dict, list)):
                    change(inner)
            one["h"] = "changed"
            one.pop("gone", None)
        elif isinstance(one, list):
            for inner in one:
                if isinstance(inner, (dict, list)):
                    change(inner)
            one.append("changed")
        elif callable(one):
            one()


def unknown_module(rng):
    """somewhere: functions whose source the file does not have."""
    kept = []
    module = types.ModuleType("somewhere")

    def keep(*args, **more):
        kept.extend(list(args) + list(more.values()))

    def poke(*_, **__):
        change(*kept)

    def same(one=None, *_):
        return one

    def fetch(*_):
        return rng.choice(kept) if kept else {"h": "fetched"}

    def swap(one, other=None, *_):
        if isinstance(one, dict) and other is not None:
            one["k"] = other

    for f in (keep, poke, same, fetch, swap, change):
        setattr(module, f.__name__, f)
    module.Box = Box
    module.YES, module.NO = True, False
    module.TEXT = "from somewhere"
    return module


class Maker:
    """Statements, by chance; blocks of them."""

    def __init__(self, rng):
        self.rng = rng
        self.depth = 0
        self.functions = 0

    def one(self, *choices):
        choice = self.rng.choice(choices)
        return choice() if callable(choice) else choice

    def dict_name(self):
        return self.one("A", "A", "B", "C", "DATABASES",
                        "DATABASES['default']", "OTHER", "NESTED[0]",
                        "FEATURES", "ENV_TOKENS['DATABASES']")

    def list_name(self):
        return self.one("L", "L", "M", "LIST", "PLIST", "NESTED")

    def key(self):
        return self.one("'h'", "'k'", "'gone'", "'HOST'", "'default'",
                        "'FROM_YAML'", "'x y'", "1", "KEY", "S", "K")

    def place(self):
        d = self.dict_name()
        return self.one(f"{d}[{self.key()}]", f"{d}['k'][{self.key()}]",
                        f"{self.list_name()}[{self.one('0', '-1', 'N')}]",
                        f"NESTED[{self.one('0', '1', '-1')}]['h']")

    def text(self):
        if self.deep():
            return "'t%d'" % self.rng.randrange(99)
        return self.nest(self.one, (
            "'x'", "\"y\"", "u'z'", r"r'\n\x41'", r"'\x41\101\d\/\u00e9'",
            "'a' 'b'", "'''c\nd'''", "LMS_BASE", "S", "S", "TEXT", "PTEXT",
            lambda: f"{self.text()} + {self.text()}",
            lambda: "f'{%s}/{N}{{'" % self.one("S", "LMS_BASE", "TEXT", "N"),
            lambda: f"'%s-%s' % ({self.text()}, {self.number()})",
            lambda: f"'%s!' % {self.one('S', 'N', 'EMPTY', 'True')}",
            lambda: f"'{{}}/{{}}'.format({self.text()}, {self.number()})",
            lambda: f"'{{a}}'.format(a={self.text()})",
            lambda: f"({self.text()}).{self.one('strip', 'upper', 'lower')}()",
            lambda: f"({self.text()}).lstrip('/x')",
            lambda: f"({self.text()}).replace('x', 'yy')",
            lambda: f"','.join({self.list()})",
            lambda: f"','.join(x for x in {self.list()})",
            lambda: f"({self.text()})[{self.one('1:', ':-1', ':', '0:2')}]",
            lambda: f"str({self.one('N', 'S', 'None', '1.50', 'True')})",
            lambda: f"os.path.join('/a', {self.text()})",
            lambda: f"{self.place()}",
            lambda: f"{self.dict_name()}.get({self.key()}, {self.text()})",
            lambda: f"{self.dict_name()}.pop({self.key()}, {self.text()})",
            lambda: f"({self.text()} if {self.test()} else {self.text()})",
            lambda: f"({self.text()} or {self.text()})",
            lambda: "os.environ.get('HOME')", lambda: "fetch()",
            lambda: f"same({self.text()})",
            lambda: f"({self.text()}).split('x')[0]",
            lambda: f"(S := {self.text()})",
        ))

    def number(self):
        return self.one("1", "0x1F", "0o17", "0b11", "1_000", "-7", "N",
                        "len(L)", "7 * 24 * 60", "N + 1", "3 - N", "1.5",
                        "1e5", "1.50", "7 // 2", "7 % 4", "len(S)",
                        "int('12')", "2 ** 3", "True", "N * 2", "1e-7",
                        "123456789012345678901", "9223372036854775807 + 1")

    def scalar(self):
        return self.one(self.text, self.number, "None", "True", "False",
                        self.test)

    def value(self):
        return self.one(self.scalar, self.scalar, self.dict, self.list)

    def deep(self):
        return self.depth > 3

    def nest(self, f, choices):
        self.depth += 1
        made = f(*choices)
        self.depth -= 1
        return made

    def dict(self):
        if self.deep():
            return "{'h': 1}"
        return self.nest(self.one, (
            self.dict_name, self.dict_name,
            lambda: f"{{'h': {self.scalar()}, 'gone': 2}}",
            lambda: f"{{'h': {self.scalar()}, 'k': {self.dict()}}}",
            lambda: f"{{{self.key()}: {self.value()},\n  # note\n}}",
            lambda: f"{{**{self.dict()}, 'h': {self.scalar()}}}",
            lambda: f"{{'h': {self.scalar()}, **{self.dict()}}}",
            lambda: f"dict({self.dict()}, h={self.scalar()})",
            lambda: f"dict(**{self.dict()})", lambda: "dict(h='d')",
            lambda: f"({self.dict()}).copy()",
            lambda: f"copy.copy({self.dict()})",
            lambda: f"copy.deepcopy({self.dict()})",
            lambda: f"({self.dict()} | {self.dict()})",
            lambda: f"{self.dict_name()}['k']",
            lambda: f"{self.dict_name()}.setdefault('k', {{}})",
            lambda: f"({self.dict()} if {self.test()} else {self.dict()})",
            lambda: f"({self.dict()} or {{}})",
            lambda: f"({self.dict()} and {self.dict()})",
            lambda: f"json.loads(json.dumps({self.dict()}))",
            lambda: "json.loads('{\"h\": [1, true, null, \"x\"]}')",
            lambda: f"{{a: b for a, b in {self.dict()}.items()}}",
            lambda: f"same({self.dict()})", "fetch()",
            lambda: f"f({self.dict()})", lambda: f"(A := {self.dict()})",
            lambda: f"{self.list_name()}[0]",
            lambda: f"[{self.dict()}, {self.dict()}][N]",
        ))

    def list(self):
        if self.deep():
            return "['l']"
        return self.nest(self.one, (
            self.list_name, self.list_name,
            lambda: f"[{self.scalar()}, {self.value()}]",
            lambda: f"({self.scalar()}, {self.value()})",
            lambda: f"({self.list()} + {self.list()})",
            lambda: f"[*{self.list()}, {self.scalar()}]",
            lambda: f"list({self.list()})", lambda: f"tuple({self.list()})",
            lambda: f"list({self.dict_name()}.values())",
            lambda: f"list({self.dict_name()})",
            lambda: f"sorted({self.dict_name()})",
            lambda: f"[x for x in {self.list()}]",
            lambda: f"[x for x in {self.list()} if {self.test()}]",
            lambda: f"[{self.value()} for x in {self.list()}]",
            lambda: f"({self.list()})[{self.one('1:', ':1', ':-1', ':')}]",
            lambda: f"{self.list_name()}.copy()", "'a,b'.split(',')",
            lambda: f"same({self.list()})",
            lambda: f"({self.list()} if {self.test()} else {self.list()})",
            lambda: f"list(map(f, {self.list()}))", "[1, 'x', None]",
            lambda: f"list({self.thing()})",
        ))

    def thing(self):
        return self.one("BOX", f"Box({self.value()})",
                        f"Box({self.dict_name()})", "f", "g", "K", "iter(L)",
                        lambda: f"{self.dict_name()}.update",
                        lambda: f"{self.dict_name()}.values()",
                        lambda: f"lambda: {self.effect()}",
                        lambda: f"(x for x in {self.list()})")

    def test(self):
        return self.one("True", "False", "YES", "NO", "N", "S == 'x'",
                        "N > 0", "'h' in A", "'HOST' not in B", "S is None",
                        "EMPTY is None", "not L", "N == 1 and YES",
                        "YES or (A := {'h': 'or'})", "LMS_BASE in LIST",
                        "FEATURES.get('FROM_YAML')", "'t' in S", "1 < N < 3",
                        "S", "A", "A is B", "A == B", "N != 1", "S < 'm'",
                        "NO and A.update(h='and')", "PTEXT", "len(L) > 2",
                        "FEATURES.get('NONE')", "isinstance(A, dict)")

    def effect(self):
        """An expression that changes something."""
        d, what = self.dict_name(), self.list_name()
        return self.one(
            f"{d}.update({self.dict()})", f"{d}.update(h={self.value()})",
            f"{d}.update({self.dict()}, k={self.dict()})",
            f"{d}.setdefault({self.key()}, {self.value()})",
            f"{d}.pop({self.key()}, None)", f"{d}.clear()",
            f"{what}.append({self.value()})", f"{what}.extend({self.list()})",
            f"{what}.insert({self.one('0', '1', '-1')}, {self.value()})",
            f"{what}.remove({self.scalar()})", f"{what}.pop()",
            f"{what}.pop(0)", f"{what}.clear()", f"{what}.sort()",
            f"{what}.reverse()", f"change({self.value()})",
            f"change({self.dict_name()})", f"keep({self.dict_name()})",
            f"keep({self.thing()})", "poke()", f"f({self.dict_name()})",
            f"swap({self.dict_name()}, {self.dict_name()})", "g()", "f()",
            f"BOX.poke({self.dict_name()})", "BOX.get('h')", "BOX + 1",
            f"[x for x in {self.thing()}]", "K.act()", "K().act()",
            f"[{d}.update(h=x) for x in {self.list()}]",
            f"YES and {d}.update(h='yes')", f"NO or {d}.clear()",
            f"{d}.update(h='if') if {self.test()} else {what}.pop()",
            f"dict.update({d}, h='type')", f"({self.thing()})",
            f"(lambda: {d}.update(h='now'))()", "K.kept.update(h='kept')",
            f"same({d})['h']", f"same({d}).update(h='same')",
            f"change(*[{d}])", f"change(**{{'one': {d}}})", "setattr(BOX, 'a'"
            f", {d})", "M.extend(M)", f"f(k={d})",
            f"any(x for x in {self.list()})", f"next(iter({self.thing()}))",
            f"{d}.__setitem__('h', 'dunder')")

    def target(self):
        return self.one("A", "B", "C", "S", "N", "L", "LMS_BASE", "LIST",
                        self.place, "DATABASES['default']", "A['k']")

    def block(self, simple=False):
        self.depth += 1
        lines = []
        for _ in range(self.rng.randrange(1, 3)):
            made = self.simple() if simple or self.deep() else \
                self.statement()
            lines.extend("    " + line for line in made.split("\n"))
        self.depth -= 1
        return "\n".join(lines)

    def simple(self):
        d = self.dict_name()
        return self.one(
            lambda: f"{self.one('A', 'B', 'C')} = {self.dict()}",
            lambda: f"{self.one('L', 'M')} = {self.list()}",
            lambda: f"{self.one('S', 'LMS_BASE')} = {self.text()}",
            lambda: f"N = {self.one('0', '1', '2', 'len(L)', 'N')}",
            lambda: f"{self.target()} = {self.value()}",
            lambda: f"{self.place()} = {self.value()}",
            lambda: f"{self.place()} = {self.dict()}",
            lambda: f"{d}['k'] = {self.dict_name()}",
            lambda: f"A = {self.target()} = {self.value()}",
            lambda: f"A: dict = {self.dict()}",
            lambda: f"A, B = {self.dict()}, {self.dict()}",
            lambda: f"A, *L = {self.list()}", "A, B = B, A",
            lambda: f"S, N = {self.list()}", "L[:] = ['slice']",
            lambda: f"(S, {self.place()}) = {self.scalar()}, {self.dict()}",
            lambda: f"{self.one('S', 'LMS_BASE')} += {self.text()}",
            lambda: f"{self.list_name()} += {self.list()}",
            lambda: f"{self.place()} += {self.scalar()}",
            lambda: f"{d}[M.pop()] {self.one('=', '+=')} {self.scalar()}",
            lambda: f"{self.dict_name()} |= {self.dict()}", "N += 1",
            lambda: f"del {self.place()}", "N *= 2",
            lambda: f"BOX = Box({self.dict_name()})",
            lambda: f"BOX.kept = [{self.dict_name()}]",
            lambda: f"BOX = {self.thing()}", lambda: f"f = {self.thing()}",
            "from somewhere import TEXT as S", "import somewhere as C",
            lambda: f"C = {self.dict_name()}[{self.key()}]",
            lambda: self.effect(), lambda: self.effect(),
            lambda: self.effect(), "pass")

    def function(self):
        name = self.one("f", "g")
        body = self.block(simple=True)
        head = self.one("*_, **__", "one=None, *_, **__",
                        f"one={self.dict_name()}, *_, **__")
        names = self.one(None, None, "A", "LMS_BASE", "S, L", "DATABASES")
        first = f"    global {names}\n" if names else ""
        last = self.one("", "\n    return one", f"\n    return {self.dict()}",
                        "\n    one['h'] = 'f'", "\n    return S")
        return f"{self.one('', '', '@same' + chr(10))}def {name}({head}):" \
            f"\n{first}{body}{last}"

    def statement(self):
        if self.depth > 2:
            return self.simple()
        return self.one(
            self.simple, self.simple, self.simple, self.simple, self.simple,
            lambda: f"if {self.test()}:\n{self.block()}",
            lambda: f"if {self.test()}:\n{self.block()}\nelif {self.test()}:"
                    f"\n{self.block()}\nelse:\n{self.block()}",
            lambda: f"for {self.one('x', 'A', 'S', 'LMS_BASE')} in "
                    f"{self.list()}:\n{self.block()}",
            lambda: f"for x in {self.list()}:\n{self.block()}\n    break",
            lambda: f"for x, y in {self.dict_name()}.items():\n"
                    f"{self.block()}\nelse:\n{self.block()}",
            lambda: f"for x in {self.dict_name()}.values():\n"
                    "    x['h'] = 'loop'",
            lambda: f"for x in {self.list()}:\n    C['h'] = 'chain'\n"
                    "    C = B\n    B = A",
            lambda: f"for x in {self.thing()}:\n{self.block()}",
            lambda: f"N = 0\nwhile N < 3:\n{self.block()}\n    N += 1",
            lambda: f"try:\n{self.block()}\n    {self.one('fail', '1 / 0')}\n"
                    f"    LMS_BASE = 'never'\nexcept {self.one('Exception', 'Exception as S')}:"
                    f"\n{self.block()}",
            lambda: f"try:\n{self.block()}\nexcept Exception:\n{self.block()}"
                    f"\nelse:\n{self.block()}\nfinally:\n{self.block()}",
            lambda: f"with {self.one('BOX', 'Box(A)')} as "
                    f"{self.one('x', 'C', 'S')}:\n{self.block()}",
            lambda: f"match {self.one('S', 'A', 'N')}:\n"
                    f"    case {self.one('str()', '1', 'B')}:\n"
                    f"    {self.block().replace(chr(10), chr(10) + '    ')}",
            self.function, self.function,
            lambda: f"class K:\n    kept = {self.dict_name()}\n    x = "
                    f"{self.value()}\n    {self.effect()}\n\n    def act"
                    f"(self=None):\n        {self.effect()}",
            lambda: "def f(one=None, **_):\n    return os.environ.get('X', "
                    "one)")


BEGIN = """\
import copy
import json
import os
from lms.envs.production import *
from somewhere import Box, NO, TEXT, YES, change, fetch, keep, poke, same, swap
A = {'h': 'a', 'k': {'h': 'ak'}, 'gone': 1}
B = {'h': 'b', 'k': A, 'HOST': 1}
C = {'h': 'c'}
L = ['l', {'h': 'ld'}]
M = [L, 'm']
S = 's'
N = 1
KEY = 'h'
BOX = Box()
f = g = same
class K:
    kept = C

    @staticmethod
    def act():
        return 1
"""


class TooLong(Exception):
    """A loop that does not end."""


def run(lines, rng):
    """The names after these statements; or the index of one that raised."""
    somewhere = unknown_module(rng)
    production = types.ModuleType("lms.envs.production")
    given = copy.deepcopy(YAML)
    production.__dict__.update(given)
    production.__dict__.update(platform_names())
    production.FEATURES = {**given["FEATURES"], "NONE": Platform("p5")}
    production.ENV_TOKENS = copy.deepcopy(YAML)
    for name, module in (("lms", types.ModuleType("lms")),
                         ("lms.envs", types.ModuleType("lms.envs")),
                         ("lms.envs.production", production),
                         ("somewhere", somewhere)):
        sys.modules[name] = module
    names = {"__name__": "lms.envs.tutor.production"}
    left = [20000]

    def tick(*_):
        left[0] -= 1
        if left[0] < 0:
            raise TooLong
        return tick

    for i, line in enumerate(lines):
        sys.settrace(tick)
        try:
            exec(compile(line, "production.py", "exec"), names)
        except (Exception, TooLong):
            return i
        finally:
            sys.settrace(None)
    return names


def kind_of(value):
    if isinstance(value, Platform):
        return "platform", str(value)
    if isinstance(value, bool):
        return "bool", "true" if value else "false"
    if value is None:
        return "none", ""
    if isinstance(value, int):
        return "int", str(value)
    if isinstance(value, float):
        return "float", repr(value)
    if isinstance(value, str):
        return "str", value
    if isinstance(value, dict):
        return "dict", ""
    if isinstance(value, (list, tuple)):
        return "list", ""
    return "other", ""


KEYS = ("h", "k", "gone", "HOST", "default", "FROM_YAML", "x y", "s",
        "OPTIONS", "charset", "a", "one", "NONE", "PORT")


def add_facts(facts, path, value, depth):
    kind, text = kind_of(value)
    if "\0" in text:
        return
    facts.append([path, kind, text])
    if depth > 4:
        return
    if kind == "dict":
        for key in KEYS:
            if key in value:
                add_facts(facts, f"{path}.{key}", value[key], depth + 1)
            elif key in KEYS[:4]:
                facts.append([f"{path}.{key}", "missing", ""])
    elif kind == "list":
        for i, item in enumerate(value[:4]):
            add_facts(facts, f"{path}.{i}", item, depth + 1)
        if len(value) < 4:
            facts.append([f"{path}.{len(value)}", "missing", ""])


def facts_of(names):
    facts = []
    for name in ("A", "B", "C", "L", "M", "S", "N", "DATABASES", "FEATURES",
                 "LMS_BASE", "LIST", "NESTED", "EMPTY", "OTHER", "PLIST",
                 "PTEXT", "ENV_TOKENS"):
        if name in names:
            add_facts(facts, name, names[name], 0)
        else:
            facts.append([name, "missing", ""])
    return facts


def program(seed):
    rng = random.Random(seed)
    maker = Maker(rng)
    lines = [BEGIN]
    for _ in range(rng.randrange(1, 12)):
        lines.append(maker.statement())
    while True:
        names = run(lines, random.Random(seed))
        if isinstance(names, dict):
            break
        del lines[names]
    code = "\n".join(lines) + "\n"
    sys.setrecursionlimit(5000)
    return {"seed": seed, "code": code, "facts": facts_of(names)}


def main():
    seed, count = int(sys.argv[1]), int(sys.argv[2])
    # a list that is added to itself again and again
    resource.setrlimit(resource.RLIMIT_AS, (512 << 20, 512 << 20))
    os.environ.pop("X", None)
    for i in range(seed, seed + count):
        try:
            made = json.dumps(program(i))
        except (RecursionError, UnicodeError, MemoryError):
            continue
        print(made)


if __name__ == "__main__":
    main()
