"""How tests/lint/layers, style and exports look at our C files.

No full parser: it knows comments, texts, brackets and statements. That is
enough because our layout is uniform: the name of a function and the braces
around its body stand at the start of a line.
"""
import pathlib
import re
import sys

TOKEN = re.compile(r"[A-Za-z_]\w*|\S")
LITERAL = re.compile(
    r"/\*.*?\*/|//[^\n]*|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'", re.S)
DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.M)
NAME = re.compile(r"[A-Za-z_]\w*")


def files(*roots):
    return [p for root in roots
            for p in sorted(pathlib.Path(root).rglob("*.[ch]"))]


def end(breaches):
    """Print them, one a line, and exit with 1 if there is any."""
    print("\n".join(breaches))
    sys.exit(1 if breaches else 0)


def blank(match):
    """The same lines and columns, empty."""
    return re.sub(r"[^\n\t]", " ", match[0])


def without_comments(text):
    return LITERAL.sub(
        lambda m: m[0] if m[0][0] in "\"'" else blank(m), text)


def code_of(text):
    """Without comments, what stands in texts, and preprocessor lines."""
    quiet = LITERAL.sub(
        lambda m: '"' + blank(m)[1:-1] + '"' if m[0][0] in "\"'" else blank(m),
        text)
    return DIRECTIVE.sub(blank, quiet)


class Function:
    """A definition. line: where its name is; lines: of its body."""

    def __init__(self, head, line, body):
        named = re.search(r"^([A-Za-z_]\w*)\s*\(", head, re.M)
        self.own_line = named is not None
        named = named or re.search(r"([A-Za-z_]\w*)\s*\(", head)
        self.name = named[1]
        self.line = line + head[:named.start()].count("\n")
        self.static = "static" in head[:named.start()].split()
        self.body = body
        self.lines = max(0, body.count("\n") - 1)

    def levels(self):
        """How deep its statements are below control statements."""
        walk = Walk(self.body)
        walk.statement(0)
        return walk.deepest


def functions(code):
    for m in re.finditer(r"^\{$.*?^\}", code, re.M | re.S):
        start = max(code.rfind(c, 0, m.start()) for c in ";}") + 1
        head = code[start:m.start()]
        start += len(head) - len(head.lstrip())
        head = head.strip()
        if head.endswith(")") and "=" not in head:
            yield Function(head, code[:start].count("\n") + 1, m[0])


class Walk:
    """Over the statements of a body. An else-if ladder is one level."""

    def __init__(self, body):
        self.tokens = TOKEN.findall(body)
        self.at = 0
        self.deepest = 0

    def peek(self, ahead=0):
        at = self.at + ahead
        return self.tokens[at] if at < len(self.tokens) else ""

    def skip_pair(self):
        level = 0
        while self.peek():
            level += (self.peek() in "([{") - (self.peek() in ")]}")
            self.at += 1
            if level == 0:
                return

    def skip_to(self, last):
        while self.peek() not in (last, ""):
            if self.peek() in "([{":
                self.skip_pair()
            else:
                self.at += 1
        self.at += 1

    def statement(self, level):
        self.deepest = max(self.deepest, level)
        token = self.peek()
        if token == "{":
            self.at += 1
            while self.peek() not in ("}", ""):
                self.statement(level)
            self.at += 1
        elif token in ("case", "default"):
            self.skip_to(":")
        elif self.peek(1) == ":":
            self.at += 2
        elif token == "do":
            self.at += 1
            self.statement(level + 1)
            self.skip_to(";")
        elif token == "if":
            self.condition(level)
        elif token in ("for", "while", "switch") or self.is_macro_loop():
            self.at += 1
            self.skip_pair()
            self.statement(level + 1)
        else:
            self.skip_to(";")

    def condition(self, level):
        self.at += 1
        self.skip_pair()
        self.statement(level + 1)
        if self.peek() == "else":
            self.at += 1
            self.statement(level if self.peek() == "if" else level + 1)

    def is_macro_loop(self):
        """NAME(...) with a statement behind it, as cJSON_ArrayForEach."""
        if self.peek(1) != "(" or not NAME.match(self.peek()):
            return False
        start, self.at = self.at, self.at + 1
        self.skip_pair()
        behind, self.at = self.peek(), start
        return behind == "{" or NAME.match(behind) is not None
