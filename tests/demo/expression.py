"""GitHub's workflow expressions, as far as our workflow files use them.

evaluate("inputs.DRY_RUN && contains(...)", contexts) gives a Python value;
fill("text ${{ ... }}", contexts) gives text. What is not known is an error:
a runner that guessed would hide mistakes.
"""
import json
import re

TOKEN = re.compile(
    r"\s*(?:(?P<str>'(?:[^']|'')*')|(?P<num>-?\d+(?:\.\d+)?)"
    r"|(?P<word>[A-Za-z_][A-Za-z0-9_-]*)"
    r"|(?P<op>&&|\|\||==|!=|<=|>=|[!<>().,*\[\]]))")


def tokens(text):
    at, found = 0, []
    text = text.strip()
    while at < len(text):
        m = TOKEN.match(text, at)
        if not m:
            raise ValueError(f"can't read expression at {text[at:]!r}")
        found.append((m.lastgroup, m.group(m.lastgroup)))
        at = m.end()
    return found


def truth(v):
    return v not in (None, False, "", 0)


def text_of(v):
    if v is None:
        return ""
    if isinstance(v, bool):
        return "true" if v else "false"
    if isinstance(v, float) and v.is_integer():
        return str(int(v))
    return str(v) if not isinstance(v, (dict, list)) else json.dumps(v)


def same(a, b):
    if isinstance(a, str) and isinstance(b, str):
        return a.lower() == b.lower()
    if type(a) is type(b):
        return a == b

    def number(v):
        if v is None or v == "":
            return 0.0
        try:
            return float(v)
        except (TypeError, ValueError):
            return float("nan")
    return number(a) == number(b)


class Parser:
    def __init__(self, text, contexts):
        self.left, self.ctx = tokens(text), contexts

    def peek(self, value=None):
        if not self.left:
            return None
        return self.left[0][1] if value is None else self.left[0] == ("op", value)

    def take(self, value=None):
        kind, got = self.left.pop(0)
        if value is not None and got != value:
            raise ValueError(f"expected {value!r}, found {got!r}")
        return kind, got

    def either(self):
        v = self.both()
        while self.peek("||"):
            self.take()
            w = self.both()
            v = v if truth(v) else w
        return v

    def both(self):
        v = self.compare()
        while self.peek("&&"):
            self.take()
            w = self.compare()
            v = w if truth(v) else v
        return v

    def compare(self):
        v = self.unary()
        while self.peek() in ("==", "!="):
            op = self.take()[1]
            w = self.unary()
            v = same(v, w) == (op == "==")
        return v

    def unary(self):
        if self.peek("!"):
            self.take()
            return not truth(self.unary())
        return self.primary()

    def primary(self):
        kind, got = self.take()
        if kind == "str":
            return got[1:-1].replace("''", "'")
        if kind == "num":
            return float(got)
        if got == "(":
            v = self.either()
            self.take(")")
            return v
        if kind != "word":
            raise ValueError(f"unexpected {got!r}")
        if got in ("true", "false", "null"):
            return {"true": True, "false": False, "null": None}[got]
        return self.call(got) if self.peek("(") else self.place(got)

    def call(self, name):
        self.take("(")
        args = []
        while not self.peek(")"):
            args.append(self.either())
            if self.peek(","):
                self.take()
        self.take(")")
        return self.functions()[name.lower()](*args)

    def functions(self):
        state = self.ctx["state"]
        return {
            "success": lambda: state == "success",
            "failure": lambda: state == "failure",
            "cancelled": lambda: False,
            "always": lambda: True,
            "fromjson": json.loads,
            "tojson": lambda v: json.dumps(v),
            "format": lambda f, *a: f.format(*map(text_of, a)),
            "join": lambda v, sep=",": sep.join(map(text_of, v)),
            "contains": lambda v, x: (any(same(y, x) for y in v) if
                                      isinstance(v, list) else
                                      text_of(x).lower() in text_of(v).lower()),
            "startswith": lambda v, x: text_of(v).lower().startswith(text_of(x).lower()),
        }

    def place(self, name):
        if name not in self.ctx or name == "state":
            raise ValueError(f"no context {name!r} here")
        v = self.ctx[name]
        while self.peek("."):
            self.take()
            kind, key = self.take()
            if key == "*":
                v = list(v.values())
            elif isinstance(v, list):
                v = [x.get(key) for x in v]
            else:
                v = v.get(key) if isinstance(v, dict) else None
        return v


def evaluate(text, contexts):
    parser = Parser(text, contexts)
    value = parser.either()
    if parser.left:
        raise ValueError(f"left over in expression: {parser.left}")
    return value


HOLE = re.compile(r"\$\{\{(.*?)\}\}", re.S)


def fill(text, contexts):
    """Text with its expressions' values; a lone expression keeps its type."""
    if not isinstance(text, str):
        return text
    whole = HOLE.fullmatch(text.strip())
    if whole and whole.group(0).count("${{") == 1:
        return evaluate(whole.group(1), contexts)
    return HOLE.sub(lambda m: text_of(evaluate(m.group(1), contexts)), text)


def condition(text, contexts):
    """An `if:`; without a status function it asks for success too."""
    if text is None:
        return contexts["state"] == "success"
    text = str(text)
    m = HOLE.fullmatch(text.strip())
    text = m.group(1) if m else text
    asks = re.search(r"\b(success|failure|cancelled|always)\s*\(", text)
    return truth(evaluate(text, contexts)) and (
        bool(asks) or contexts["state"] == "success")
