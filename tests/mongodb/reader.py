#!/usr/bin/env python3
"""Read a dump with pymongo's bson, and compare it with what a server holds.

usage: reader.py FOLDER URI DATABASE...

FOLDER has a folder for each database, as mongorestore takes it. Documents are
compared byte by byte, options and indexes by value. Prints one line a
collection; exit 1, and what differs, if anything does.
"""
import sys
from pathlib import Path
from urllib.parse import unquote

import bson
from bson import json_util
from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from pymongo import MongoClient

RAW = CodecOptions(document_class=RawBSONDocument)
bad = []


def differ(name, what, dumped, served):
    bad.append(f"{name}: {what}: {dumped!r} in the dump, {served!r} there")


def documents(path):
    """Its documents' bytes; bson.decode_file_iter refuses what is cut."""
    with open(path, "rb") as f:
        return [d.raw for d in bson.decode_file_iter(f, RAW)]


def plain(value):
    """By value: neither the order of fields nor the kind of number counts."""
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [plain(v) for v in value]
    return value


def compare_metadata(database, name, row, text):
    meta = json_util.loads(text, json_options=json_util.JSONOptions(
        json_mode=json_util.JSONMode.CANONICAL))
    full = f"{database.name}.{name}"
    if meta.get("collectionName") != name:
        differ(full, "name", meta.get("collectionName"), name)
    if plain(meta["options"]) != plain(row.get("options", {})):
        differ(full, "options", meta["options"], row.get("options"))
    if meta["type"] != row["type"]:
        differ(full, "type", meta["type"], row["type"])
    indexes = [] if row["type"] == "view" else \
        [dict(i) for i in database[name].list_indexes()]
    if plain(meta["indexes"]) != plain(indexes):
        differ(full, "indexes", meta["indexes"], indexes)


def compare_documents(database, name, path):
    dumped = documents(path)
    served = [d.raw for d in database.get_collection(name, RAW).find()]
    if sorted(dumped) != sorted(served):
        lost = set(served) - set(dumped)
        made = set(dumped) - set(served)
        differ(f"{database.name}.{name}", "documents",
               f"{len(dumped)} ({len(made)} of its own)",
               f"{len(served)} ({len(lost)} not in the dump)")
    print(f"{database.name}.{name}: {len(dumped)} documents")


def compare_database(folder, database):
    rows = {r["name"]: r for r in database.list_collections()
            if not r["name"].startswith("system.")}
    files = {unquote(p.name) for p in folder.iterdir()}
    wanted = {f"{n}.metadata.json" for n in rows} | \
        {f"{n}.bson" for n, r in rows.items() if r["type"] == "collection"}
    if files != wanted:
        differ(database.name, "files", sorted(files - wanted),
               sorted(wanted - files))
    for path in sorted(folder.iterdir()):
        name = unquote(path.name)
        if name.endswith(".bson"):
            compare_documents(database, name.removesuffix(".bson"), path)
        elif (name := name.removesuffix(".metadata.json")) in rows:
            compare_metadata(database, name, rows[name], path.read_text())


folder, uri, names = Path(sys.argv[1]), sys.argv[2], sys.argv[3:]
client = MongoClient(uri, serverSelectionTimeoutMS=10000)
for n in names:
    compare_database(folder / n, client[n])
print("\n".join(bad))
sys.exit(1 if bad else 0)
