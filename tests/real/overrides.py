# Python as operators append it to their settings; each piece alone, see
# truth.py. Some can be read, some can't: no value may be wrong.

## nothing
pass

## spread
DATABASES["read_replica"] = {**DATABASES["default"], "HOST": "replica"}
DATABASES["default"] = {**DATABASES["default"], "HOST": "other",
                        "OPTIONS": {**DATABASES["default"]["OPTIONS"],
                                    "ssl": {"ca": "/ca.pem"}}}

## dict call
DATABASES["default"] = dict(DATABASES["default"], NAME="by-dict", PORT=1)
CACHES = dict(default={"LOCATION": "x"})

## dict of pairs
DATABASES["default"].update(dict([("HOST", "pairs"), ("PORT", 2)]))

## update by words
DATABASES["default"].update(HOST="words", PORT=3307)
FEATURES.update(ENABLE_SOMETHING=True)

## update from a name
_more = {"PASSWORD": "from-a-name"}
DATABASES["default"].update(_more)
_more["PASSWORD"] = "later"

## setdefault takes only what is missing
DATABASES["default"].setdefault("HOST", "wrong")
DATABASES["default"].setdefault("CONN_MAX_AGE", 60)
DATABASES.setdefault("default", {})["NAME"] = "by-setdefault"
DATABASES.setdefault("students", {"NAME": "s"})["HOST"] = "students-host"

## del
del DATABASES["default"]["OPTIONS"]
del mongodb_parameters["replicaSet"]
del AWS_STORAGE_BUCKET_NAME

## pop
_name = DATABASES["default"].pop("NAME")
DATABASES["default"]["NAME"] = _name + "_v2"
mongodb_parameters.pop("nothing-there", None)

## pop from the environment's copy
ENV_TOKENS["DATABASES"]["default"]["HOST"] = "token"

## augmented
PLATFORM_NAME += " (moved)"
AWS_QUERYSTRING_EXPIRE //= 7
ALLOWED_HOSTS += ["www.example.test"]
EMAIL_PORT -= 1
FEATURES |= {"ENABLE_SOMETHING": False}

## arithmetic
CONN = 24 * 60 * 60
DATABASES["default"]["PORT"] = 3300 + 2 ** 3 - 1
AWS_QUERYSTRING_EXPIRE = (7 * 24 + 1) * 3600 // 2 % 1000
EMAIL_PORT = int("587")
X_PORT = int("0x24b", 16)

## slices and methods of strings
MYSQL = DATABASES["default"]["HOST"]
DATABASES["default"]["NAME"] = MYSQL.split(".")[0]
DATABASES["default"]["USER"] = MYSQL[:5].upper()
SITE_NAME = LMS_BASE.replace("campus", "college").strip()
CMS_BASE = "studio." + LMS_BASE.partition(".")[2]

## formats
DATABASES["default"]["HOST"] = f"{LMS_BASE}.db"
DATABASES["default"]["NAME"] = "%s_%d" % ("x", 7)
DATABASES["default"]["USER"] = "{}-{n:03}".format("u", n=7)
DATABASES["default"]["PASSWORD"] = f"{LMS_BASE!r:>40} {1 + 1}{{}}"
MONGO_URL = "mongodb://{user}@{host}".format(**mongodb_parameters)

## joined
CELERY_BROKER_HOSTNAME = ":".join(["redis", str(6379)])
CELERY_BROKER_VHOST = ""  "7"
CELERY_BROKER_USER = ("a"
                      'b' """c""")

## conditional that can be told
if "drydock" == "drydock":
    DATABASES["default"]["HOST"] = "told"
if False:
    DATABASES["default"]["PORT"] = 1
elif not None:
    DATABASES["default"]["PORT"] = 2
else:
    DATABASES["default"]["PORT"] = 3

## conditional on what the files say
if FEATURES.get("PREVIEW_LMS_BASE_2"):
    DATABASES["default"]["HOST"] = "never"
if LMS_BASE.endswith(".example.test"):
    DATABASES["default"]["NAME"] = "ends"
SECRET_KEY = "a" if CMS_BASE == LMS_BASE else "b"

## conditional on the environment
import os
if os.environ.get("STAGING"):
    DATABASES["default"]["HOST"] = "staging"
    mongodb_parameters["host"] = "staging"
else:
    mongodb_parameters["port"] = 1

## environment
import os
from os import environ as env, getenv
DATABASES["default"]["PASSWORD"] = os.environ["PASSWORD"]
DATABASES["default"]["HOST"] = os.environ.get("HOST", "fallback")
mongodb_parameters["password"] = getenv("MONGO_PASSWORD", "x")
SECRET_KEY = env.get("KEY") or "key"
AWS_STORAGE_BUCKET_NAME = f"{os.getenv('BUCKET')}-uploads"

## environment in a dict
import os
DATABASES["default"].update({"HOST": "fixed", "USER": os.environ["X"]})
CACHES["default"] = {"LOCATION": os.environ["X"], "KEY_PREFIX": "p"}

## a key from the environment
import os
DATABASES["default"][os.environ["K"]] = "x"
FEATURES[os.environ["K"]] = True

## a file
with open("/run/secrets/mysql") as f:
    DATABASES["default"]["PASSWORD"] = f.read().strip()
SECRET_KEY = open("/run/secrets/key").read()

## a file of YAML
import yaml
_extra = yaml.safe_load(open("/etc/extra.yml"))
DATABASES["default"]["HOST"] = _extra

## a module that nobody has
from operator_settings import *
from operator_settings import SECRET_KEY
import operator_settings as other
EMAIL_HOST = other.EMAIL_HOST

## functions
def host(of):
    return of + ".db.example.test"
DATABASES["default"]["HOST"] = host("mysql")
_key = lambda: "x"
SECRET_KEY = _key()

## a function with effects
def setup():
    DATABASES["default"]["HOST"] = "by-function"
    global SECRET_KEY
    SECRET_KEY = "by-function"
setup()

## a function that nobody calls
def unused():
    DATABASES["default"]["HOST"] = "unused"

## effects through an argument
def patch(settings, key="HOST"):
    settings[key] = "patched"
patch(DATABASES["default"])
patch(mongodb_parameters, key="host")

## loops
for key, value in (("HOST", "loop"), ("PORT", 5)):
    DATABASES["default"][key] = value
for store in MODULESTORE["default"]["OPTIONS"]["stores"]:
    store["DOC_STORE_CONFIG"]["host"] = "loop"
for name in ["default", "general"]:
    CACHES[name]["KEY_PREFIX"] = name

## a loop over what is there
for alias in DATABASES:
    DATABASES[alias]["CONN_MAX_AGE"] = 60
for alias, database in DATABASES.items():
    database["OPTIONS"] = {"ssl": {"ca": "/ca.pem"}}

## while
n = 0
while n < 3:
    n += 1
DATABASES["default"]["PORT"] = n
while True:
    SECRET_KEY = "w"
    break

## comprehensions
DATABASES["default"] = {k: v for k, v in DATABASES["default"].items()}
ALLOWED_HOSTS = [h for h in ALLOWED_HOSTS if h != "lms"]
SECRET_KEY = "".join(c for c in "key")

## aliases
db = DATABASES["default"]
db["HOST"] = "alias"
options = db["OPTIONS"]
options["ssl"] = {"ca": "/ca.pem"}
m = mongodb_parameters
m["host"] = "alias"
db = {}
db["HOST"] = "not any more"

## copies
import copy
db = DATABASES["default"].copy()
db["HOST"] = "copy"
deep = copy.deepcopy(DATABASES)
deep["default"]["HOST"] = "deep"
shallow = dict(DATABASES)
shallow["default"]["NAME"] = "through-the-copy"
DATABASES["second"] = db

## a copy that shares what it holds
flat = {**DATABASES["default"]}
flat["HOST"] = "flat"
flat["OPTIONS"]["charset"] = "shared"

## mongo after the copy into MODULESTORE
mongodb_parameters["host"] = "mongo-2"
DOC_STORE_CONFIG["user"] = "user-2"

## mongo again everywhere
mongodb_parameters["host"] = "mongo-3"
CONTENTSTORE["DOC_STORE_CONFIG"] = mongodb_parameters
update_module_store_settings(MODULESTORE, doc_store_settings=DOC_STORE_CONFIG)

## mongo by a new dict
DOC_STORE_CONFIG = {"host": "mongo-4", "db": "d", "port": 27017,
                    "user": "u", "password": "p", "ssl": True}
CONTENTSTORE["DOC_STORE_CONFIG"] = DOC_STORE_CONFIG
update_module_store_settings(MODULESTORE, doc_store_settings=DOC_STORE_CONFIG)

## mongo by position
mongodb_parameters.update(host="mongo-5", tlsCAFile="/ca.pem")
update_module_store_settings(MODULESTORE, DOC_STORE_CONFIG)

## mongo as a URI
mongodb_parameters["host"] = (
    "mongodb://h1.example.test:27017,h2.example.test:27017/"
    "?replicaSet=rs0&readPreference=secondaryPreferred&retryWrites=false")

## stores by hand
MODULESTORE["default"]["OPTIONS"]["stores"][0]["DOC_STORE_CONFIG"] = {}

## tuples and chains
a = b = "chained"
DATABASES["default"]["HOST"] = SECRET_KEY = b
EMAIL_HOST, EMAIL_PORT = "tuple", 25
(EMAIL_HOST_USER, EMAIL_HOST_PASSWORD) = ["u", "p"]
first, *rest = "x", "y", "z"
EMAIL_USE_TLS = EMAIL_USE_SSL = not True

## swaps
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = EMAIL_HOST_PASSWORD, EMAIL_HOST_USER

## annotations
SECRET_KEY: str = "annotated"
LATER: int
DATABASES["default"]["PORT"]: int = 7

## walrus
DATABASES["default"]["HOST"] = (h := "walrus")
if (n := 5) > 4:
    DATABASES["default"]["PORT"] = n

## strings
S1 = 'a\/b\d\x41\101\1\u00e9\U0001F600\
c'
S2 = r"raw\n" "\t" u"é" '''
two'''
S3 = "\N{EM DASH}"
SECRET_KEY = S1 + S2

## names of characters
DATABASES["default"]["PASSWORD"] = "\N{EM DASH}"

## bytes
SECRET_KEY = b"bytes".decode()
EMAIL_HOST = str(b"x")

## numbers
N1 = 1_000
N2 = 0x1F
N3 = 0o17
N4 = 0b101
N5 = -5
N6 = 1e5
N7 = 1.50
N8 = +3
N9 = 10 ** 20
N10 = 7 / 2
N11 = ~5
N12 = True + 1

## comparisons and logic
B1 = 1 < 2
B2 = "a" in {"a": 1}
B3 = not LMS_BASE
B4 = LMS_BASE and "yes"
B5 = "" or CMS_BASE
B6 = None is None
B7 = 3 == 3.0
DATABASES["default"]["HOST"] = "" or None or "logic"

## ternary
SECRET_KEY = "a" if EMAIL_USE_TLS else "b"

## get with and without
DATABASES["default"]["HOST"] = ENV_TOKENS.get("NOBODY", "default-of-get")
DATABASES["default"]["NAME"] = ENV_TOKENS.get("LMS_BASE", "x")
SECRET_KEY = ENV_TOKENS["SECRET_KEY"] + "!"
EMAIL_HOST = AUTH_TOKENS.get("EMAIL_HOST")

## try
try:
    import pymysql
    DATABASES["default"]["ENGINE"] = "pymysql"
except ImportError:
    DATABASES["default"]["ENGINE"] = "none"
try:
    SECRET_KEY = "tried"
finally:
    EMAIL_HOST = "finally"

## try that fails
try:
    EMAIL_HOST = "tried"
    DATABASES["nobody"]["HOST"] = "x"
    SECRET_KEY = "not reached"
except KeyError:
    DATABASES["default"]["HOST"] = "excepted"

## globals
globals()["SECRET_KEY"] = "by-globals"
locals().update(EMAIL_HOST="by-locals")

## vars
vars()["DATABASES"]["default"]["HOST"] = "by-vars"

## exec
exec("SECRET_KEY = 'by-exec'")

## setattr on the module
import sys
setattr(sys.modules[__name__], "SECRET_KEYS", "x") if False else None

## import star again
from lms.envs.production import *

## class
class Overrides:
    SECRET_KEY = "of-the-class"
    DATABASES["default"]["HOST"] = "of-the-class"

## lists
ALLOWED_HOSTS.append("a")
ALLOWED_HOSTS.extend(["b", "c"])
ALLOWED_HOSTS.insert(0, "d")
ALLOWED_HOSTS.pop()
INSTALLED_APPS += ["x"]
MIDDLEWARE.insert(0, "y")

## list of dicts
ELASTIC_SEARCH_CONFIG = [{"host": "h", "port": 9200}]
ELASTIC_SEARCH_CONFIG[0]["host"] = "h2"
JWT_AUTH["JWT_ISSUERS"][0]["SECRET_KEY"] = "issuer"

## jwt
JWT_AUTH.update({"JWT_AUDIENCE": "other"})
JWT_AUTH["JWT_SECRET_KEY"] = SECRET_KEY
import json
JWT_AUTH["JWT_PRIVATE_SIGNING_JWK"] = json.dumps({"kty": "RSA", "n": "1"})

## json and yaml in strings
import json
_conf = json.loads('{"HOST": "from-json"}')
DATABASES["default"].update(_conf)

## storage
STORAGES = {"default": {"BACKEND":
            "django.core.files.storage.FileSystemStorage"}}
DEFAULT_FILE_STORAGE = "django.core.files.storage.FileSystemStorage"

## storage of an own class
DEFAULT_FILE_STORAGE = "campus.storage.S3Storage"
STORAGES["default"]["BACKEND"] = DEFAULT_FILE_STORAGE

## storage that can't be told
import os
DEFAULT_FILE_STORAGE = os.environ.get("STORAGE")
STORAGES["default"]["BACKEND"] = os.environ.get("STORAGE")

## endpoint of spaces
AWS_S3_ENDPOINT_URL = "https://ams3.digitaloceanspaces.com"

## endpoint with a port and a path
AWS_S3_ENDPOINT_URL = "http://minio.example.test:9000/base"

## no endpoint
AWS_S3_ENDPOINT_URL = None

## buckets
GRADES_DOWNLOAD = {"STORAGE_KWARGS": {"bucket": "grades-2"}}
PROFILE_IMAGE_BACKEND = {"class": "x", "options": {"bucket": "faces-2"}}
FILE_UPLOAD_STORAGE_BUCKET_NAME = AWS_STORAGE_BUCKET_NAME

## only the lms lms
DATABASES["default"]["HOST"] = "of-the-lms-only"
SECRET_KEY = "of-the-lms-only"

## only the lms again lms
mongodb_parameters["password"] = "of-the-lms-only"

## the same value in other words lms
DATABASES["default"]["PORT"] = 25000 + 61

## a number as a text
DATABASES["default"]["PORT"] = "25061"
mongodb_parameters["port"] = "27127"

## none and empty
DATABASES["default"]["PASSWORD"] = None
DATABASES["default"]["PORT"] = ""
mongodb_parameters["user"] = ""
mongodb_parameters["ssl"] = None

## wrong kinds
mongodb_parameters["host"] = ["h1", "h2"]
mongodb_parameters["ssl"] = "true"
DATABASES["default"]["PORT"] = "port"

## whole databases
DATABASES = {"default": {"ENGINE": "django.db.backends.mysql", "HOST": "w",
                         "NAME": "w", "USER": "w", "PASSWORD": "w",
                         "PORT": 3306}}

## databases by a helper
import dj_database_url
DATABASES["default"] = dj_database_url.parse("mysql://u:p@h/d")

## databases partly by a helper
import helper
DATABASES["default"]["OPTIONS"] = helper.options()
DATABASES["default"]["TEST"] = {"NAME": "t"}

## a helper that may change anything
import helper
helper.configure(DATABASES["default"])
helper.configure(globals())

## sentry
import sentry_sdk
from sentry_sdk.integrations.django import DjangoIntegration
sentry_sdk.init(dsn="https://k@sentry.example.test/1",
                integrations=[DjangoIntegration()], environment=LMS_BASE)

## logging
import logging
LOGGING["handlers"]["console"] = {"class": "logging.StreamHandler"}
LOGGING["loggers"][""]["handlers"] = ["console"]
logging.getLogger("x").setLevel(logging.WARNING)

## features
FEATURES["ENABLE_DISCUSSION_SERVICE"] = False
FEATURES['ENABLE_SOMETHING'] = not FEATURES["ENABLE_DISCUSSION_SERVICE"]
FEATURES.setdefault("ENABLE_OTHER", True)
FEATURES.pop("ENABLE_OTHER")

## assert and match
assert DATABASES["default"]["HOST"]
match LMS_BASE:
    case "never":
        SECRET_KEY = "matched"
    case _:
        EMAIL_HOST = "matched"

## decorators and yield
def outer(f):
    DATABASES["default"]["HOST"] = "decorated"
    return f
@outer
def inner():
    yield 1

## default arguments run at once
def f(x=DATABASES["default"].update(HOST="default-argument")):
    return x

## print and expressions
print("", end="", file=__import__("sys").stderr)
DATABASES["default"]["HOST"]
"a string alone"

## sorted and friends
ALLOWED_HOSTS = sorted(set(ALLOWED_HOSTS))
SECRET_KEY = min("ba", "ab")
EMAIL_PORT = len("abc")
EMAIL_HOST = str(1) + repr("x")
EMAIL_USE_TLS = bool(1)

## nested
A = {"b": {"c": [{"d": {"e": "deep"}}]}}
SECRET_KEY = A["b"]["c"][0]["d"]["e"]
A["b"]["c"][-1]["d"]["e"] = "changed"
EMAIL_HOST = A["b"]["c"][0]["d"]["e"]

## a name that is deleted
tmp = DATABASES["default"]
del tmp
DATABASES["default"]["HOST"] = "after-del"

## a key that is not there
if "ssl" not in DATABASES["default"]["OPTIONS"]:
    DATABASES["default"]["OPTIONS"]["ssl"] = {}
if "default" in DATABASES:
    DATABASES["default"]["HOST"] = "is-there"

## getattr and hasattr
import sys
this = sys.modules.get("nothing")
if hasattr(this, "X"):
    SECRET_KEY = "has"
EMAIL_HOST = getattr(this, "Y", "got")

## django
from django.utils.translation import gettext_lazy as _
PLATFORM_DESCRIPTION = _("Words")
from path import Path
STATIC_ROOT = Path("/x") / "y"
from datetime import timedelta
JWT_AUTH["JWT_EXPIRATION"] = timedelta(days=1).total_seconds()
