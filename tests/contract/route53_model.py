"""Hold recorded traffic of Route 53 against Amazon's service model.

usage: route53_model.py MODEL.json TRAFFIC.jsonl

A request must be an operation that the model has, with parameters and
elements that it knows, in its order where it is a document; so must be the
reply, with all that is required. Prints TAP: one test an operation.
"""
import json
import re
import sys
import xml.etree.ElementTree as ET

SPACE = "{https://route53.amazonaws.com/doc/2013-04-01/}"
model = json.load(open(sys.argv[1]))


def whole(shape):
    return {**model["shapes"][shape["shape"]], **shape} \
        if "shape" in shape else shape


def fits(path, pattern):
    part = re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(pattern))
    return re.fullmatch(part.rstrip("/") + "/?", path)


def operation(seen):
    for name, op in model["operations"].items():
        if op["http"].get("method", "POST" if "input" in op and op["input"]
                          .get("locationName") else "GET") == seen["method"] \
                and fits(seen["path"], op["http"]["requestUri"]):
            return name, op
    return None, None


def plain(node, shape, where):
    """A leaf: is its text of the type?"""
    text = node.text or ""
    kind = shape.get("type", "string")
    good = {"boolean": r"true|false", "long": r"-?\d+", "integer": r"-?\d+",
            "timestamp": r"\d{4}-\d\d-\d\dT.*Z"}.get(kind, r"[\s\S]*")
    if len(node) or not re.fullmatch(good, text):
        yield f"{where}: {text!r} is no {kind}"


def judge(node, shape, where):
    shape = whole(shape)
    kind = shape.get("type", "string")
    if kind == "structure":
        yield from judge_structure(node, shape, where)
    elif kind == "list":
        member = whole(shape["member"])
        for child in node:
            if child.tag != SPACE + member.get("locationName", "member"):
                yield f"{where}: {child.tag} is not described"
            yield from judge(child, member, where + "/" +
                             child.tag.replace(SPACE, ""))
    else:
        yield from plain(node, shape, where)


def judge_structure(node, shape, where):
    known = {whole(m).get("locationName", n): m
             for n, m in shape["members"].items()
             if whole(m).get("location") is None}
    names = [child.tag.replace(SPACE, "") for child in node]
    order = [n for n in known if n in names]
    if sorted(names, key=lambda n: order.index(n) if n in order else 0) \
            != names and where.startswith("request"):
        yield f"{where}: not in the order of the model: {names}"
    for child, name in zip(node, names):
        if name not in known or not child.tag.startswith(SPACE):
            yield f"{where}: {child.tag} is not described"
        else:
            yield from judge(child, known[name], where + "/" + name)
    for name in shape.get("required", []):
        if name in known and name not in names:
            yield f"{where}: {name} lacks"


def judge_query(seen, op):
    known = {m["locationName"] for m in op["input"]["members"].values()
             if m.get("location") == "querystring"}
    for name in seen["query"] or {}:
        if name not in known:
            yield f"query {name} is not described"


def judge_error(seen):
    root = ET.fromstring(seen["reply"])
    if root.tag != SPACE + "ErrorResponse" \
            or not root.findtext(f"{SPACE}Error/{SPACE}Code"):
        yield "this error is none of the service's"


def judge_seen(seen, op):
    if seen["status"] >= 400:
        yield from judge_error(seen)
        return
    yield from judge_query(seen, op)
    if seen["body"] is not None:
        root = ET.fromstring(seen["body"])
        if root.tag != SPACE + op["input"]["locationName"]:
            yield f"the request is a {root.tag}"
        yield from judge(root, {**op["input"], "required": ["ChangeBatch"]},
                         "request")
    yield from judge(ET.fromstring(seen["reply"]), op["output"], "reply")


tests = {}
for line in open(sys.argv[2]):
    seen = json.loads(line)
    name, op = operation(seen)
    bad = tests.setdefault(name or seen["method"] + " " + seen["path"], set())
    bad.update(judge_seen(seen, op) if op else ["no such operation"])
for n, (name, bad) in enumerate(sorted(tests.items()), 1):
    print(f"{'not ok' if bad else 'ok'} {n} - {name}")
    for fault in sorted(bad)[:12]:
        print(f"# {fault}")
print(f"1..{len(tests)}")
sys.exit(1 if not tests or any(tests.values()) else 0)
