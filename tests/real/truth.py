#!/usr/bin/env python3
"""What a rendered instance really runs with, by letting Python run it.

usage: truth.py ENV [OVERRIDES]

ENV is the folder env/ that Tutor rendered. lms.env.yml is read as
edx-platform reads it, then production.py runs, over a stand-in for what
edx-platform defines itself; nothing is made on the disk. All this happens in
two worlds, in which everything that the files don't say (edx-platform's
defaults, the environment, what is in other files, modules that aren't here)
is different: what comes out differently does not follow from the files, and
nobody who only reads them can know it.

Prints JSON:

  { "lms": FACTS, "cms": FACTS, "forum": DATABASE, "values": { KEY: VALUE } }

FACTS is a list of [PATH, KIND, TEXT]; KIND is none bool int float string
list dict, or "depends" where the worlds differ. "forum" is what the Ruby
forum's Deployment names (null: there is none). "values" is what belongs
into the new side's config.yml, by a mapping of its own; VALUE is
{"is": ...}, or {"not": ...} where it can't be told or is nothing to write.
"own" is true where Tutor would make the same by itself.

OVERRIDES holds pieces of Python, each after a line `## NAME`; each runs in
turn at the end of both production.py. Then a list is printed of such
objects, which have "name" and "code" too. A piece under `## NAME lms` stands
in the LMS's file only.
"""
import builtins
import copy
import importlib.abc
import importlib.machinery
import io
import json
import os
import sys
import types
import urllib.parse

import yaml

# Merged into edx-platform's own instead of put in its place
MERGED = ("FEATURES", "TRACKING_BACKENDS", "EVENT_TRACKING_BACKENDS",
          "JWT_AUTH", "CELERY_QUEUES", "MKTG_URL_LINK_MAP", "REST_FRAMEWORK",
          "EVENT_BUS_PRODUCER_CONFIG")
STORES = "(stores)"
world = 0


class Unknown:
    """A value that only edx-platform, or a module that isn't here, knows."""

    def _more(self, *_args, **_words):
        return self

    __call__ = __getitem__ = _more
    __add__ = __radd__ = __or__ = __ror__ = __mod__ = __truediv__ = _more

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __setitem__(self, key, value):
        pass

    __delitem__ = lambda self, key: None
    __iter__ = lambda self: iter(())
    __bool__ = __contains__ = lambda self, *_: bool(world)
    __eq__ = lambda self, other: bool(world)
    __hash__ = lambda self: world
    __fspath__ = lambda self: f"/unknown-{world}"
    __str__ = __repr__ = lambda self: f"unknown-{world}"
    __format__ = lambda self, spec: f"unknown-{world}"
    __mro_entries__ = lambda self, bases: ()


class Stub(types.ModuleType):
    """A module of which nothing is known but what it is made with."""
    __path__ = []

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (Warning,), {}) if name.endswith("Warning") \
            else Unknown()


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Asked first: only Python's own modules are what they are."""

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in sys.stdlib_module_names:
            return None
        return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec):
        return Stub(spec.name)

    def exec_module(self, module):
        pass


class Environment(dict):
    """Of the process: nothing is set in one world, everything in the other."""

    def __missing__(self, key):
        return f"environment-{world}"

    def __contains__(self, key):
        return bool(world)

    def get(self, key, default=None):
        return f"environment-{world}" if world else default


class Names(dict):
    """The module's own: one that nobody set comes from edx-platform."""

    def __missing__(self, key):
        if key in ("__annotations__",) or hasattr(builtins, key):
            raise KeyError(key)
        self[key] = value = Unknown()
        return value


class Features:
    """From Verawood on the features are the settings themselves."""

    def __init__(self, names):
        self.names = names

    def __getitem__(self, key):
        return self.names[key]

    def __setitem__(self, key, value):
        self.names[key] = value

    def __delitem__(self, key):
        del self.names[key]

    def __contains__(self, key):
        return key in self.names

    def get(self, key, default=None):
        return self.names[key] if key in self.names else default

    def update(self, *more, **words):
        self.names.update(*more, **words)

    def __ior__(self, more):
        self.names.update(more)
        return self

    def setdefault(self, key, default=None):
        return self.names.setdefault(key, default)

    def pop(self, key, *default):
        return self.names.pop(key, *default)


def update_module_store_settings(setting, doc_store_settings=None, **_):
    for store in setting["default"]["OPTIONS"]["stores"]:
        store["DOC_STORE_CONFIG"].update(doc_store_settings or {})


def platform():
    """The shapes of what edx-platform defines; every text of a world."""
    w = f"world-{world}"

    def located():
        return {"location": f"/{w}/"}

    def store(name):
        return {"NAME": name, "ENGINE": w, "OPTIONS": {"fs_root": w},
                "DOC_STORE_CONFIG": {"db": w, "host": w, "port": 20000 + world,
                                     "collection": w}}
    stores = [store("split"), store("draft")]
    return {
        "MODULESTORE": {"default": {"ENGINE": w, "OPTIONS": {
            "mappings": {}, "stores": stores}}},
        "FEATURES": {"PREVIEW_LMS_BASE": w, "ENABLE_DISCUSSION_SERVICE":
                     bool(world), "ENABLE_SOMETHING": bool(world)},
        "JWT_AUTH": {"JWT_ISSUER": w, "JWT_EXPIRATION": 30 + world},
        "DEFAULT_FILE_STORAGE": w,
        "STORAGES": {"default": {"BACKEND": w}, "staticfiles": {"BACKEND": w}},
        "VIDEO_IMAGE_SETTINGS": {"STORAGE_KWARGS": located()},
        "VIDEO_TRANSCRIPTS_SETTINGS": {"STORAGE_KWARGS": located()},
        "PROFILE_IMAGE_BACKEND": {"class": w, "options": located()},
        "GRADES_DOWNLOAD": {"STORAGE_TYPE": w, "STORAGE_KWARGS": located()},
        "COURSE_IMPORT_EXPORT_STORAGE": w, "USER_TASKS_ARTIFACT_STORAGE": w,
        "AWS_ACCESS_KEY_ID": w, "AWS_SECRET_ACCESS_KEY": w,
        "AWS_STORAGE_BUCKET_NAME": w, "AWS_S3_CUSTOM_DOMAIN": w,
        "AWS_QUERYSTRING_AUTH": bool(world), "AWS_DEFAULT_ACL": w,
        "DATABASES": {"default": {"NAME": w, "HOST": w}},
        "INSTALLED_APPS": [w, "lms.djangoapps.coursewarehistoryextended"],
        "DATABASE_ROUTERS": [w, "openedx.core.lib.django_courseware_routers."
                             "StudentModuleHistoryExtendedRouter"],
        "MIDDLEWARE": [w], "LOCALE_PATHS": [w], "CSRF_TRUSTED_ORIGINS": [w],
        "IDA_LOGOUT_URI_LIST": [w], "AUTHENTICATION_BACKENDS": [w],
        "CORS_ORIGIN_WHITELIST": [w], "LOGIN_REDIRECT_WHITELIST": [w],
        "REGISTRATION_EXTRA_FIELDS": {"city": w}, "XBLOCK_SETTINGS": {},
        "LOGGING": {"handlers": {"local": {"class": w}, "tracking": {}},
                    "loggers": {"": {"handlers": [w]}, "tracking": {}}},
        "MFE_CONFIG": {}, "CACHES": {"default": {"LOCATION": w}},
        "XQUEUE_INTERFACE": {"url": w}, "EVENT_BUS_PRODUCER_CONFIG": {},
        "STATIC_ROOT": f"/{w}", "DATA_DIR": f"/{w}", "LOG_DIR": f"/{w}",
        "MEDIA_ROOT": f"/{w}", "STATIC_ROOT_BASE": f"/{w}", "LMS_ROOT_URL": w,
        "corsheaders_default_headers": (w,),
    }


def star(side, tokens):
    """What `from lms.envs.production import *` leaves behind."""
    names = Names(platform())
    for key, value in copy.deepcopy(tokens).items():
        if key in MERGED and isinstance(value, dict):
            names.setdefault(key, {}).update(value)
        elif key not in MERGED:
            names[key] = value
    for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        names[key] = names[key] or None
    # these it sets itself, whatever the YAML says
    names.update(AWS_DEFAULT_ACL=f"world-{world}", ENV_TOKENS=tokens,
                 AUTH_TOKENS=tokens)
    return names


def quiet_os():
    fake = types.ModuleType("os")
    fake.__dict__.update(os.__dict__)
    fake.environ = Environment()
    fake.getenv = fake.environ.get
    fake.makedirs = fake.mkdir = lambda *_args, **_words: None
    return fake


def module(name, **members):
    for end in range(name.count(".") + 1):
        parent = name.rsplit(".", end)[0]
        sys.modules.setdefault(parent, Stub(parent))
    sys.modules[name] = made = Stub(name)
    made.__dict__.update(members)
    made.__all__ = [m for m in members if m.isupper()]


def run(side, tokens, code):
    """The module's names after production.py; False for FEATURES that are
    the settings themselves."""
    names = star(side, tokens)
    flat = []

    def proxy(_):
        names.update(names.pop("FEATURES"))
        flat.append(True)
        return Features(names)
    module(f"{side}.envs.production")
    module("xmodule.modulestore.modulestore_settings",
           update_module_store_settings=update_module_store_settings)
    module("openedx.core.lib.features_setting_proxy", FeaturesProxy=proxy)
    names.update(__name__=f"{side}.envs.tutor.production",
                 __file__=f"/openedx/{side}/envs/tutor/production.py",
                 open=lambda *_args, **_words: io.StringIO(f"file-{world}"))
    real, sys.modules["os"] = sys.modules["os"], quiet_os()
    try:
        exec(code, names)  # pylint: disable=exec-used
    finally:
        sys.modules["os"] = real
    if flat:
        del names["FEATURES"]
    return names


# --- facts: [path, kind, text] ---------------------------------------------

def flatten(value, path, out, seen=()):
    if isinstance(value, str) and path.endswith(("_JWK", "_JWK_SET")):
        value = json.loads(value)
    kind = {type(None): "none", bool: "bool", int: "int", float: "float",
            str: "string", list: "list", tuple: "list", dict: "dict"
            }.get(type(value), "depends")
    text = "" if kind in ("none", "dict", "depends") else str(value)
    out[path] = (kind, text.lower() if kind == "bool" else text)
    if kind == "dict" and id(value) not in seen:
        for key, member in value.items():
            if isinstance(key, str) and key and not set(".(") & set(key):
                flatten(member, f"{path}.{key}", out, seen + (id(value),))


def facts_of(names):
    out = {}
    for key, value in dict(names).items():
        if key.isupper() and key not in ("ENV_TOKENS", "AUTH_TOKENS",
                                         "MODULESTORE"):
            flatten(value, key, out)
    stores = []
    for store in names["MODULESTORE"]["default"]["OPTIONS"]["stores"]:
        stores.append({})
        flatten(store["DOC_STORE_CONFIG"], STORES + ".DOC_STORE_CONFIG",
                stores[-1])
    for path in set().union(*stores):
        found = {s.get(path) for s in stores}
        out[path] = found.pop() if len(found) == 1 else ("depends", "")
    return out


def facts(env, side, more=""):
    """Of both worlds; where they differ: depends."""
    global world  # pylint: disable=global-statement
    root = os.path.join(env, "apps", "openedx")
    with open(os.path.join(root, "config", side + ".env.yml"),
              encoding="utf-8") as f:
        text = f.read()
    path = os.path.join(root, "settings", side, "production.py")
    with open(path, encoding="utf-8") as f:
        code = compile(f.read() + "\n" + more, path, "exec")
    worlds = []
    for world in (0, 1):
        worlds.append(facts_of(run(side, yaml.safe_load(text), code)))
    out = {}
    for p in sorted(worlds[0].keys() | worlds[1].keys()):
        kind, text = worlds[0][p] if worlds[0].get(p) == worlds[1].get(p) \
            else ("depends", "")
        out[p] = (kind, "" if kind == "list" else text)
    return out


# --- the mapping to config.yml, told once more -------------------------------

MONGO = ("DOC_STORE_CONFIG.", "CONTENTSTORE.DOC_STORE_CONFIG.",
         STORES + ".DOC_STORE_CONFIG.")
BUCKETS = ("S3", "OPENEDX_AWS")
KEYS = {
    "MYSQL_HOST": ["DATABASES.default.HOST"],
    "MYSQL_PORT": ["DATABASES.default.PORT"],
    "OPENEDX_MYSQL_DATABASE": ["DATABASES.default.NAME"],
    "OPENEDX_MYSQL_USERNAME": ["DATABASES.default.USER"],
    "OPENEDX_MYSQL_PASSWORD": ["DATABASES.default.PASSWORD"],
    "MONGODB_HOST": [m + "host" for m in MONGO],
    "MONGODB_PORT": [m + "port" for m in MONGO],
    "MONGODB_DATABASE": [m + "db" for m in MONGO],
    "MONGODB_USERNAME": [m + "user" for m in MONGO],
    "MONGODB_PASSWORD": [m + "password" for m in MONGO],
    "MONGODB_USE_SSL": [m + "ssl" for m in MONGO],
    "MONGODB_AUTH_SOURCE": [m + n for m in MONGO
                            for n in ("authsource", "authSource")],
    "MONGODB_AUTH_MECHANISM": [m + "authMechanism" for m in MONGO],
    "MONGODB_REPLICA_SET": [m + "replicaSet" for m in MONGO],
    "FORUM_MONGODB_DATABASE": ["FORUM_MONGODB_DATABASE"],
    "OPENEDX_SECRET_KEY": ["SECRET_KEY"],
    "CMS_OAUTH2_KEY_SSO": ["SOCIAL_AUTH_EDX_OAUTH2_KEY"],
    "CMS_OAUTH2_SECRET": ["SOCIAL_AUTH_EDX_OAUTH2_SECRET"],
    "OPENEDX_AWS_ACCESS_KEY": ["AWS_ACCESS_KEY_ID"],
    "OPENEDX_AWS_SECRET_ACCESS_KEY": ["AWS_SECRET_ACCESS_KEY"],
    "S3_STORAGE_BUCKET": ["AWS_STORAGE_BUCKET_NAME"],
    "S3_REGION": ["AWS_S3_REGION_NAME"],
    "S3_FILE_UPLOAD_BUCKET": ["FILE_UPLOAD_STORAGE_BUCKET_NAME"],
    "S3_GRADE_BUCKET": ["GRADES_DOWNLOAD.STORAGE_KWARGS.bucket_name",
                        "GRADES_DOWNLOAD.STORAGE_KWARGS.bucket"],
    "S3_PROFILE_IMAGE_BUCKET": ["PROFILE_IMAGE_BACKEND.options.bucket_name",
                                "PROFILE_IMAGE_BACKEND.options.bucket"],
    "S3_PROFILE_IMAGE_CUSTOM_DOMAIN":
        ["PROFILE_IMAGE_BACKEND.options.custom_domain"],
    "S3_CUSTOM_DOMAIN": ["AWS_S3_CUSTOM_DOMAIN"],
    "S3_DEFAULT_ACL": ["AWS_DEFAULT_ACL"],
    "S3_ADDRESSING_STYLE": ["AWS_S3_ADDRESSING_STYLE"],
    "S3_SIGNATURE_VERSION": ["AWS_S3_SIGNATURE_VERSION"],
    "S3_REQUEST_CHECKSUM_CALCULATION": ["AWS_REQUEST_CHECKSUM_CALCULATION"],
    "JWT_COMMON_SECRET_KEY": ["JWT_AUTH.JWT_SECRET_KEY"],
    "JWT_COMMON_AUDIENCE": ["JWT_AUTH.JWT_AUDIENCE"],
    "JWT_COMMON_ISSUER": ["JWT_AUTH.JWT_ISSUER"],
    "SMTP_HOST": ["EMAIL_HOST"],
    "SMTP_PORT": ["EMAIL_PORT"],
    "SMTP_USE_TLS": ["EMAIL_USE_TLS"],
    "SMTP_USE_SSL": ["EMAIL_USE_SSL"],
    "SMTP_USERNAME": ["EMAIL_HOST_USER"],
    "SMTP_PASSWORD": ["EMAIL_HOST_PASSWORD"],
    "PLATFORM_NAME": ["PLATFORM_NAME"],
    "CONTACT_EMAIL": ["CONTACT_EMAIL"],
    "LANGUAGE_CODE": ["LANGUAGE_CODE"],
}
# An absent line means this, where Launchpad's template has another default
EMPTY = {"MONGODB_USERNAME": "", "MONGODB_PASSWORD": "",
         "MONGODB_AUTH_SOURCE": "", "MONGODB_AUTH_MECHANISM": "",
         "MONGODB_REPLICA_SET": "", "MONGODB_USE_SSL": False}
ONLY = {"CMS_OAUTH2_KEY_SSO": "cms", "CMS_OAUTH2_SECRET": "cms",
        "S3_PROFILE_IMAGE_BUCKET": "lms",
        "S3_PROFILE_IMAGE_CUSTOM_DOMAIN": "lms", "PLATFORM_NAME": "lms",
        "CONTACT_EMAIL": "lms", "LANGUAGE_CODE": "lms"}


def in_bucket(lms):
    for path in ("STORAGES.default.BACKEND", "DEFAULT_FILE_STORAGE"):
        kind, text = lms.get(path, ("none", ""))
        if kind == "string" and ("S3" in text or "MinIO" in text):
            return True
    return False


def typed(key, kind, text):
    """As config.yml has it; None: a port that is the default one."""
    if kind in ("list", "dict"):
        return {"not": kind}
    if key.endswith("_PORT"):
        if text == "":
            return None
        return {"is": int(text)} if text.isdigit() else {"not": "a number"}
    if key.endswith(("_SSL", "_TLS")):
        return {"is": text == "true"} if kind in ("none", "bool") \
            else {"not": "a bool"}
    return {"is": None if kind == "none" and key == "S3_DEFAULT_ACL"
            else text}


def value_of(key, sides):
    """{"is": ...}, {"not": ...}, or None: nothing sets it."""
    found = {sides[s][p] for s in sides for p in KEYS[key] if p in sides[s]
             and s == ONLY.get(key, s)}
    if not found:
        return {"is": EMPTY[key]} if key in EMPTY else None
    if ("depends", "") in found:
        return {"not": "depends"}
    if len(found) > 1:
        return {"not": "differs"}
    return typed(key, *found.pop())


def endpoint(sides):
    """S3_HOST, S3_PORT, S3_USE_SSL and Launchpad's own names."""
    url = [sides[s].get("AWS_S3_ENDPOINT_URL", ("none", ""))
           for s in ("lms", "cms")]
    if ("depends", "") in url or url[0] != url[1]:
        return {"S3_HOST": {"not": "depends"}}
    parts = urllib.parse.urlsplit(url[0][1])
    out = {"STORAGE_ENDPOINT_URL": url[0][1], "S3_PORT": parts.port,
           "S3_HOST": parts.hostname or "",
           "S3_USE_SSL": parts.scheme != "http",
           "STORAGE_TYPE": "spaces" if "digitaloceanspaces" in url[0][1]
           else "s3"}
    return {k: {"is": v} for k, v in out.items()}


def storage(sides, out):
    out.update(endpoint(sides))
    if out["S3_CUSTOM_DOMAIN"] is None:
        out["S3_CUSTOM_DOMAIN"] = {"is": ""}
    host = out["S3_HOST"].get("is", "")
    region = out["S3_REGION"] or {"is": ""}
    if region == {"is": ""} and host.endswith(".digitaloceanspaces.com"):
        region = {"is": host.split(".")[-3]}
    out["STORAGE_REGION"] = region
    out["STORAGE_BUCKET_NAME"] = out["S3_STORAGE_BUCKET"] or {"is": ""}


def mail(sides, out):
    """Only a server outside is taken along."""
    keys = [k for k in out if k.startswith("SMTP_")]
    host = out["SMTP_HOST"]
    if host is None or host.get("is") in ("", "smtp", "localhost"):
        for key in keys:
            del out[key]
    elif "not" in host:
        out.update({k: host for k in keys})
    else:
        out["RUN_SMTP"] = {"is": False}


def derived(lms, out):
    """What Tutor makes by itself need not be written."""
    host = lms["LMS_BASE"][1]
    own = {"JWT_COMMON_SECRET_KEY": [out["OPENEDX_SECRET_KEY"].get("is")],
           "JWT_COMMON_AUDIENCE": ["openedx"],
           "JWT_COMMON_ISSUER": [f"{s}://{host}/oauth2"
                                 for s in ("http", "https")],
           "S3_REQUEST_CHECKSUM_CALCULATION": ["when_required"]}
    for key, values in own.items():
        if out.get(key) and out[key].get("is") in values:
            out[key]["own"] = True


def values(sides, forum):
    bucket = in_bucket(sides["lms"])
    out = {}
    for key in KEYS:
        if bucket or not key.startswith(BUCKETS):
            out[key] = value_of(key, sides)
    if bucket:
        storage(sides, out)
    mail(sides, out)
    derived(sides["lms"], out)
    if forum:
        out["FORUM_MONGODB_DATABASE"] = {"is": forum}
    return {k: v for k, v in out.items() if v is not None}


def forum_database(env):
    """To Redwood the forum is a program of its own, with its own settings."""
    with open(os.path.join(env, "k8s", "deployments.yml"),
              encoding="utf-8") as f:
        for doc in yaml.safe_load_all(f):
            if doc and doc["metadata"]["name"] == "forum":
                pod = doc["spec"]["template"]["spec"]
                for e in pod["containers"][0].get("env", []):
                    if e["name"] == "MONGODB_DATABASE":
                        return e.get("value")
    return None


def truth(env, lms_more="", cms_more=""):
    sides = {"lms": facts(env, "lms", lms_more),
             "cms": facts(env, "cms", cms_more)}
    out = {s: [[p, *f] for p, f in sides[s].items()] for s in sides}
    out["forum"] = forum_database(env)
    out["values"] = values(sides, out["forum"])
    return out


def pieces(path):
    with open(path, encoding="utf-8") as f:
        parts = ("\n" + f.read()).split("\n## ")[1:]
    for part in parts:
        head, _, code = part.partition("\n")
        yield head, code, "" if head.endswith(" lms") else code


def main(env, overrides=None):
    sys.meta_path.insert(0, Finder())
    if overrides is None:
        print(json.dumps(truth(env), ensure_ascii=False))
        return
    out = []
    for name, lms, cms in pieces(overrides):
        try:
            out.append({"name": name, "lms code": lms, "cms code": cms,
                        **truth(env, lms, cms)})
        except Exception as e:
            sys.exit(f"{env}: {name}: {e!r}")
    print(json.dumps(out, ensure_ascii=False))


if __name__ == "__main__":
    main(*sys.argv[1:])
