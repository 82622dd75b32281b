#!/usr/bin/env python3
"""PyYAML's opinion of what data/yaml reads and edits.

usage: tests/unit/yaml_peer.py cases SEED NUMBER
       tests/unit/yaml_peer.py check CASES RESULTS

`cases` prints one JSON object a line: a config file, made up, and one edit of
a random place of it; and scalars. tests/unit/yaml_peer.c does them. `check`
looks at what came out: the tree that PyYAML composes differs at the edited
place only, the bytes differ within what PyYAML says is that value only, every
comment is still there, and each value is what PyYAML loads.
"""
import collections
import datetime
import json
import random
import sys

import yaml

sys.dont_write_bytecode = True
TAG = "tag:yaml.org,2002:"
PLAIN = ["x", "two words", "http://h:80/a#b", "a-b_c", "$1 %40 @", "it's",
         "{{ LMS_HOST }}", "e\u0301t\u00e9 \u2603", "C:\\d", "no more", "-1a",
         "12:30 h", "a,b", "key:value", "0x", "1e5", "?x", ":x", "-x"]
TYPED = ["017", "0x1F", "1_000", "1.10", "1.5e+3", "12:30:45", "yes", "Off",
         "~", "null", "2020-01-01", "3306", "-7", ".5", "true", "False", "0o7",
         "!!str 0123", "! 12", "2001-12-14t21:59:43.10-05:00"]
HOSTILE = ["", "new", "a: b # c", "it's", '"', "\\", "{{ X }}{% y %}{# z #}",
           "two\nlines\n", "\t\r\x7f", "\u2028\ufeff\x85", "- x", "null",
           "017", " blanks ", "#", "&a", "*a", "!t", "\U0001f600", "%40$#:@"]


# ---- made-up config files ---------------------------------------------------

class Maker:
    def __init__(self, rng):
        self.rng = rng
        self.comments = self.named = 0
        self.anchors = []
        self.nl = rng.choice(["\n"] * 4 + ["\r\n"])

    def one_in(self, n):
        return self.rng.randrange(n) == 0

    def comment(self):
        self.comments += 1
        return f"# note-{self.comments}-"

    def tail(self):
        """What may stand behind a value on its line."""
        if self.one_in(4):
            return self.rng.choice([" ", "   ", "\t"]) + self.comment()
        return self.rng.choice(["", "", "", " ", "  "])

    def gap(self, indent):
        out = ""
        while self.one_in(4):
            out += self.nl if self.one_in(2) else \
                " " * self.rng.choice([0, indent, indent + 3]) \
                + self.comment() + self.nl
        return out

    def key(self, taken):
        while True:
            key = self.rng.choice(["LMS", "MYSQL", "OPENEDX_MYSQL", "S3", "a",
                                   "GROVE", "MONGODB"]) \
                + self.rng.choice(["_HOST", "_PORT", "_X", ""]) \
                + self.rng.choice(["", "", str(self.rng.randrange(99))])
            if self.one_in(12):
                key = self.rng.choice(["k.d", "k [x]", "\u00e9", "a b", "'",
                                       '"', "8000", "k\\", "-", "true x"])
            if key not in taken or self.one_in(60):
                taken.add(key)
                return key

    def written_key(self, key):
        if self.one_in(8) or key[0] in "'\"-":
            return json.dumps(key) if self.one_in(2) else \
                "'" + key.replace("'", "''") + "'"
        return key

    def quoted(self, indent):
        text = self.rng.choice(PLAIN + HOSTILE[3:5])
        fold = self.nl + " " * indent
        if self.one_in(2):
            text = text.replace("'", "''")
            if self.one_in(4):
                text += " a" + fold + "b" + self.nl + fold + "c"
            return "'" + text + "'"
        text = json.dumps(text, ensure_ascii=self.one_in(2))[1:-1]
        if self.one_in(4):
            text += "\\x7b" + fold + "folded \\" + fold + "on"
        return '"' + text + '"'

    def block(self, indent):
        rng = self.rng
        step = rng.choice([2, 2, 4, 1])
        mark = rng.choice("|||>")
        lead = rng.choice([0, 0, 0, 2])
        hint = str(step) if lead or self.one_in(6) else ""
        chomp = rng.choice(["", "", "-", "+"])
        head = mark + (hint + chomp if self.one_in(2) else chomp + hint)
        head += " " + self.comment() if self.one_in(12) else ""
        lines = [" " * (step + indent + (lead if i == 0 else
                                         rng.choice([0, 0, 3])))
                 + rng.choice(['FEATURES["X"] = True', "# kept", "x: y", "- z",
                               "{{ A }}", "\u00e9\ttab", "'", "--- not"])
                 for i in range(rng.randrange(1, 5))]
        for _ in range(rng.randrange(3)):
            lines.insert(rng.randrange(1, len(lines) + 1),
                         rng.choice(["", " " * indent]))
        return head + self.nl + "".join(x + self.nl for x in lines)

    def flow(self, deep=0):
        rng = self.rng

        def gap():
            return rng.choice(["", "", " ", " " + self.nl + "      "]
                              + [" " + self.comment() + self.nl + "      "]
                              * self.one_in(6))
        kind = rng.randrange(4 if deep < 2 else 2)
        if kind < 2:
            return rng.choice(["1", "x", "'y z'", '"q\\n"', "true", "a b"])
        n = rng.randrange(4)
        end = rng.choice(["", "", "," if n else ""])
        parts = [gap() + (f"f{i}: " if kind == 3 else "")
                 + self.flow(deep + 1) + gap() for i in range(n)]
        return "[{"[kind - 2] + ",".join(parts) + end + gap() + "]}"[kind - 2]

    def scalar(self, indent):
        rng = self.rng
        kind = rng.randrange(12)
        if kind < 4:
            return rng.choice(PLAIN[:10])
        if kind < 7:
            return rng.choice(TYPED)
        if kind < 9:
            return self.quoted(indent + 1)
        if kind == 9:
            return "plain" + self.nl + " " * (indent + 2) + "on" + self.nl \
                + " " * (indent + 1) + "lines"
        if kind == 10 and self.anchors and self.one_in(2):
            return "*" + rng.choice(self.anchors)
        return self.flow()

    def value(self, indent, depth):
        """All behind `key:`, to the end of its last line."""
        rng = self.rng
        kind = rng.randrange(14)
        if self.one_in(14) and kind > 0:
            self.named += 1
            name = f"n{self.named}"
            value = self.value(indent, depth)
            if not value.lstrip().startswith(("*", "&")):
                # known from here on: no alias to what it stands in
                self.anchors.append(name)
                return f" &{name}" + value
            return value
        if kind == 0:
            return self.tail() + self.nl
        if kind < 3 and depth < 3:
            below = indent + rng.choice([2, 2, 2, 4])
            return self.tail() + self.nl + self.map(below, depth + 1)
        if kind < 5 and depth < 3:
            below = indent + rng.choice([0, 0, 2])
            return self.tail() + self.nl + self.seq(below, depth + 1)
        if kind < 7:
            return " " + self.block(indent)
        return rng.choice([" ", " ", "   "]) + self.scalar(indent) \
            + self.tail() + self.nl

    def map(self, indent, depth):
        taken = set()
        out = ""
        for _ in range(self.rng.randrange(1, 6)):
            key = self.written_key(self.key(taken))
            out += self.gap(indent) + " " * indent
            if self.one_in(30):
                out += "? " + key + self.nl + " " * indent + ":" \
                    + self.value(indent, depth)
            else:
                out += key + ":" + self.value(indent, depth)
        if self.anchors and self.one_in(10):
            out += " " * indent + "<<: *" + self.rng.choice(self.anchors) \
                + self.nl
        return out

    def seq(self, indent, depth):
        out = ""
        for _ in range(self.rng.randrange(1, 4)):
            out += self.gap(indent) + " " * indent
            if self.one_in(3) and depth < 3:
                item = self.map(indent + 2, depth + 1).lstrip(" \r\n")
                out += "- " + (item if item[0] != "#" else "x" + self.nl)
            else:
                out += "- " + self.scalar(indent) + self.tail() + self.nl
        return out

    def document(self):
        text = self.gap(0) + self.map(self.rng.choice([0] * 8 + [2]), 0)
        if self.one_in(3):
            text += "TUTOR_VERSION: v20.0.5" + self.nl
        if self.one_in(6):
            text = "---" + self.nl + text
        if self.one_in(12):
            text += "..." + self.nl
        text += self.gap(0)
        if self.one_in(6):
            text = text.rstrip("\r\n")
        if self.one_in(12):
            text = "\ufeff" + text
        return text


# ---- places -----------------------------------------------------------------

def escaped(key):
    for c in "\\.[":
        key = key.replace(c, "\\" + c)
    return key or "\\-"


def places(node, path="", steps=(), seen=()):
    """(path, steps, node) of all that is written."""
    if id(node) in seen:
        return
    if isinstance(node, yaml.MappingNode):
        last = {k.value: v for k, v in node.value}
        for key, value in last.items():
            if key != "<<":
                below = (path + "." if path else "") + escaped(key)
                yield below, steps + (key,), value
                yield from places(value, below, steps + (key,),
                                  seen + (id(node),))
    elif isinstance(node, yaml.SequenceNode):
        for i, value in enumerate(node.value):
            yield f"{path}[{i}]", steps + (i,), value
            yield from places(value, f"{path}[{i}]", steps + (i,),
                              seen + (id(node),))


def at(node, steps):
    for step in steps:
        if isinstance(node, yaml.MappingNode):
            node = {k.value: v for k, v in node.value}.get(step)
        elif isinstance(node, yaml.SequenceNode) and step < len(node.value):
            node = node.value[step]
        else:
            return None
    return node


def choose(rng, text):
    """An edit of a random place."""
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    found = list(places(root))
    path, steps, node = rng.choice(found)
    if not isinstance(node, yaml.ScalarNode) and rng.randrange(8):
        path, steps, node = rng.choice(
            [p for p in found if isinstance(p[2], yaml.ScalarNode)] or found)
    op = rng.choice(["string"] * 4 + ["tutor", "bool", "int", "null", "remove",
                                      "new", "new", "append"])
    case = {"path": path, "steps": steps, "op": op}
    if op == "append":
        lists = [p for p in found if isinstance(p[2], yaml.SequenceNode)]
        if not lists:
            op = case["op"] = "string"
        else:
            case["path"], case["steps"] = rng.choice(lists)[:2]
    if op == "new":
        maps = [("", ())] + [p[:2] for p in found
                             if isinstance(p[2], yaml.MappingNode)]
        path, steps = rng.choice(maps)
        key = rng.choice(["MYSQL_NEW", "NEW", "new.key", "OPENEDX_MYSQL_NEW"])
        case["path"] = (path + "." if path else "") + escaped(key)
        case["steps"] = steps + (key,)
    case["value"] = {"bool": "false", "int": "27017", "null": ""}.get(
        op, rng.choice(HOSTILE))
    return case


def make_cases(seed, number):
    rng = random.Random(seed)
    made = 0
    while made < number:
        text = Maker(rng).document()
        try:
            yaml.safe_load(text)
        except (yaml.YAMLError, ValueError, TypeError):
            continue
        made += 1
        print(json.dumps({"text": text, **choose(rng, text)}))
    for scalar in scalars(rng):
        print(json.dumps({"scalar": scalar, "text": "k: " + scalar + "\n"}))


def scalars(rng):
    yield from PLAIN + TYPED
    for word in ("yes no on off true false null y n none nan inf .inf .nan "
                 "-.inf +.inf -.nan = << ~ 0 -0 +0 00 0_ 0b 0x 0b_ 0x_ _1 1_ "
                 "1__0 0.0 -0.0 1. 1._ .5_ ._5 1:60 1:59 0:1 190:20:30.15 "
                 "1:1. 1:1:1.5 0x_f 0b1_0 08 0o8 1.0e+400 1.0e-400 5.0e-324 "
                 "123456789012345678901234567890 0xffffffffffffffffffff "
                 "99999999999:59:59 0777777777777777777777777 "
                 "0.1 1.7976931348623157e+308 4.35 100000.0e+11 1.e+16 "
                 "123456789.123456789e+5 2020-02-30 2020-02-29 2021-02-29 "
                 "2020-1-1 0000-01-01 2020-01-01T25:00:00 "
                 "2020-01-01T00:00:00Z 2020-01-01T00:00:60Z "
                 "2020-01-01T00:00:00+24:00 2020-01-01T0:00:00-23:59").split():
        yield from (word, word.upper(), word.capitalize())
    for _ in range(3000):
        yield "".join(rng.choice("0011234567899_..::+-eExXbBoOaAfFtTzZ~nN")
                      for _ in range(rng.randrange(1, 9)))
    for _ in range(1000):
        day = rng.choice(["%04d-%02d-%02d", "%04d-%d-%d"]) % (
            rng.randrange(2100), rng.randrange(14), rng.randrange(33))
        yield day + rng.choice(["", "T1:02:03", " 01:02:03.%d" % rng.randrange(
            999), "t23:59:61", " 24:00:00 Z", "T00:00:00 +%d" % rng.randrange(
                30), "T00:00:00-1:30"])
    for _ in range(1000):
        yield repr(rng.choice([rng.random(), rng.uniform(-1e6, 1e6),
                               rng.random() * 10.0 ** rng.randrange(-300, 300)
                               ]))


# ---- judging ----------------------------------------------------------------

class Wrong(Exception):
    pass


def expect(true, *what):
    if not true:
        raise Wrong(" ".join(str(x) for x in what))


def kind_of(value):
    """What data/yaml should say of a scalar that Python has."""
    if value is None:
        return "null", ""
    if isinstance(value, bool):
        return "bool", str(value).lower()
    if isinstance(value, int):
        return "int", str(value)
    if isinstance(value, float):
        return "float", repr(value)
    if isinstance(value, datetime.date):
        return "date", None
    return "string", value


def check_scalar(case, got):
    try:
        value = yaml.safe_load(case["text"])
        value = value["k"]
    except (yaml.YAMLError, ValueError, KeyError, TypeError):
        expect(not got["ok"], "PyYAML refuses it, we read", got)
        return
    expect(not isinstance(value, (dict, list)), "no scalar")
    kind, text = kind_of(value)
    expect(got["ok"], "PyYAML reads", repr(value), "we:", got.get("error"))
    expect((got["kind"], got["value"]) == (kind, text or got["value"]),
           "PyYAML:", kind, text, "we:", got["kind"], got["value"])


def shape(node, steps=None, new=None):
    """The composed tree as plain data; with steps, `new` at that place."""
    if steps == ():
        return new
    if node is None:
        return None
    if isinstance(node, yaml.ScalarNode):
        same = {"null": "", "bool": node.value.lower() in ("yes", "on", "true")
                and "true" or "false"}
        return node.tag, same.get(node.tag[len(TAG):], node.value)
    step, rest = (steps[0], steps[1:]) if steps else (None, None)
    if isinstance(node, yaml.SequenceNode):
        out = [shape(v, rest if i == step and steps else None, new)
               for i, v in enumerate(node.value)]
        if steps and step == len(out):
            out.append(new)
        return [x for x in out if x is not None]
    last = {k.value: i for i, (k, v) in enumerate(node.value)}
    out = [(k.value, shape(v, rest if last[k.value] == i and k.value == step
                           and steps else None, new))
           for i, (k, v) in enumerate(node.value)]
    if new is None and steps and not rest:	# all doubles go
        out = [(k, v) for k, v in out if k != step]
    return ("map", out)


def without(tree, steps):
    """The tree without the pair at steps, which an edit added."""
    step, rest = steps[0], steps[1:]
    if isinstance(tree, list):
        return [without(v, rest) if i == step else v
                for i, v in enumerate(tree)]
    return ("map", [(k, without(v, rest) if rest and k == step else v)
                    for k, v in tree[1] if rest or k != step])


def tutor(value):
    out = ""
    for i, c in enumerate(value):
        if c in '"\\':
            out += "\\" + c
        elif c == "{" and value[i + 1:i + 2] in tuple("{%#"):
            out += "\\x7b"
        elif ord(c) < 32 or 127 <= ord(c) < 160:
            out += f"\\x{ord(c):02x}"
        elif c in "\u2028\u2029\ufeff":
            out += f"\\u{ord(c):04x}"
        else:
            out += c
    return out


def wanted(case):
    op, value = case["op"], case["value"]
    if op == "tutor":
        value = tutor(value)
    if op in ("string", "tutor", "new", "append"):
        return TAG + "str", value
    return TAG + op, value


def one_insertion(old, new):
    head = 0
    while head < len(old) and old[head] == new[head]:
        head += 1
    tail = len(old) - head
    return tail == 0 or new.endswith(old[head:])


def check_bytes(case, old, new, root, node):
    op = case["op"]
    if op == "remove":
        return
    if node is None or op in ("append", "new"):
        expect(one_insertion(old, new) or "{}" in old, "more than one place")
        return
    start, end = node.start_mark.index, node.end_mark.index
    first = next(p for p in places(root) if p[2] is node)
    around = at(root, tuple(case["steps"])[:-1])
    if first[1] != tuple(case["steps"]) \
            or not around.start_mark.index <= start <= around.end_mark.index:
        return	# an alias: these are the marks of what it stands for
    written = old[start:end].rstrip()
    if getattr(node, "style", None) not in ("|", ">"):
        end = start + len(written)
    elif "+" not in written.split("\n")[0]:
        end = start + len(written)
    expect(new.startswith(old[:start].rstrip()), "bytes before the value")
    expect(new.endswith(old[end:]), "bytes behind the value")


def check_read(case, got):
    """What we read of the whole file is what PyYAML loads."""
    def flat(value, path):
        if isinstance(value, dict):
            for k, v in value.items():
                yield from flat(v, (path + "." if path else "")
                                + escaped(str(k)))
        elif isinstance(value, list):
            for i, v in enumerate(value):
                yield from flat(v, f"{path}[{i}]")
        else:
            yield path, kind_of(value)
    ours = {path: (kind, text) for path, kind, text in got["read"]}
    theirs = dict(flat(yaml.safe_load(case["text"]), ""))
    for path, (kind, text) in theirs.items():
        have = ours.pop(path, None)
        expect(have is not None and have[0] == kind
               and text in (None, have[1]), "at", path, "PyYAML:", kind, text,
               "we:", have)
    expect(not ours, "only we read", ours)


EXCUSES = ("anchor", "alias", "merge key", "comment within", "shares its line",
           "a map or a list", "braces over several lines", "has no place",
           "without changing other values", "all that its map holds",
           "is no map", "line ends other", "is no pair of a map")


def excuse(got):
    return next((x for x in EXCUSES if x in got["error"]), None)


def check_edit(case, got):
    old, steps = case["text"], tuple(case["steps"])
    expect(got.get("read") is not None, "not read:", got.get("error"))
    check_read(case, got)
    new = got["text"]
    before = yaml.compose(old, Loader=yaml.SafeLoader)
    node = at(before, steps)
    if not got["ok"]:
        expect(new == old, "refused, yet changed")
        expect(excuse(got) is not None, got["error"])
        return False
    after = yaml.compose(new, Loader=yaml.SafeLoader)
    want = wanted(case)
    if case["op"] == "append":
        had = [shape(v) for v in node.value]
        expect(shape(after) == shape(before, steps + (len(node.value),), want)
               or (want in had and new == old), "the tree", shape(after))
    elif case["op"] == "remove":
        now = shape(after)
        expect(shape(before, steps) == (("map", []) if now in (
            None, (TAG + "null", "")) else now), "the tree", now)
    elif node is None:
        expect(shape(at(after, steps)) == want, "the value")
        expect(without(shape(after), steps) == shape(before), "the rest")
    else:
        expect(shape(after) == shape(before, steps, want), "the tree",
               shape(after))
    check_bytes(case, old, new, before, node)
    if case["op"] != "remove":
        inside = old[node.start_mark.index:node.end_mark.index] \
            if node is not None else ""
        for i in range(1, old.count("# note-") + 9):
            note = f"# note-{i}-"
            expect(note not in old or note in new or note in inside,
                   "a comment is lost:", note)
    return True


def check(cases, results):
    bad = edits = refused = 0
    why = collections.Counter()
    for case, got in zip(open(cases), open(results)):
        case, got = json.loads(case), json.loads(got)
        try:
            if "scalar" in case:
                check_scalar(case, got)
            else:
                edits += 1
                if not check_edit(case, got):
                    refused += 1
                    why[case["op"], excuse(got)] += 1
        except (Wrong, yaml.YAMLError) as e:
            bad += 1
            if bad <= 10:
                print(f"{case.get('op')} {case.get('path')!r} "
                      f"{case.get('value')!r}: {e}\n{case['text']!r}\n"
                      f"{got.get('text')!r}")
    for (op, reason), n in sorted(why.items()):
        print(f"refused: {op}, {reason}: {n}")
    print(f"{edits} edits, {refused} of them refused, {bad} wrong")
    sys.exit(bad > 0 or edits == 0 or refused > edits // 4)


if len(sys.argv) == 4 and sys.argv[1] == "cases":
    make_cases(int(sys.argv[2]), int(sys.argv[3]))
elif len(sys.argv) == 4 and sys.argv[1] == "check":
    check(sys.argv[2], sys.argv[3])
else:
    sys.exit(__doc__)
