"""What a pod of the platform runs for the step probe-data (site/probe.c).

Python 3.8 to 3.12, with the clients of the platform's own image. It finds in
its globals

    given = {"mark", "seconds", "write", "secrets", "probes": [{"kind", ...}]}

runs all probes at once, each in a process of its own, prints one JSON
document between two marks and ends after `seconds`, whatever still hangs:

    {"python", "cpus", "results": [{"cause", "text", "stage", "ms", ...}]}

with one result a probe. "cause" is a word of probe_cause.c, "" if all is
well. The only thing it writes is one object of a bucket, if told to `write`,
and that it deletes again.
"""
import ipaddress, json, os, select, signal, socket, ssl, sys, time
from urllib.parse import quote, urlsplit

LIMIT = given["seconds"]
WAIT = max(1, LIMIT / 4)


class Found(Exception):
    def __init__(self, cause, text=""):
        Exception.__init__(self, cause)
        self.cause, self.text = cause, text


# Said at once, so that what hangs is known by where.
def stage(r, name):
    say(r, {"stage": [name, time.monotonic()]})


def is_private(addresses):
    found = [ipaddress.ip_address(a.split("%")[0]) for a in addresses]
    return any(a.is_private and not a.is_loopback for a in found)


def resolve(r, host, port):
    stage(r, "name")
    try:
        found = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as e:
        raise Found("dns", str(e))
    return list(dict.fromkeys(f[4][0] for f in found))


# A connection without a word; the login that follows makes good for it.
def reach(r, host, port):
    addresses = resolve(r, host, port)
    r["addresses"] = addresses
    stage(r, "connection")
    why = Found("error")
    for a in addresses[:4]:
        try:
            socket.create_connection((a, port), WAIT).close()
            return
        except (socket.timeout, TimeoutError):
            why = Found("timeout", a)
        except ConnectionRefusedError:
            why = Found("refused", a)
        except OSError as e:
            why = Found("unreachable", "%s: %s" % (a, e.strerror))
    if why.cause != "refused" and is_private(addresses):
        why.cause = "vpc"
    raise why


def check_file(path):
    if path and not os.path.exists(path):
        raise Found("ca-file", path)


# What a failed TLS handshake was about, by what OpenSSL says.
def tls_cause(text):
    low = text.lower()
    if "hostname mismatch" in low or "doesn't match" in low \
            or "not valid for" in low:
        return "name"
    if "certificate verify failed" in low or "self signed" in low \
            or "self-signed" in low or "unable to get" in low \
            or "unknown ca" in low or "not trusted" in low:
        return "ca"
    return "tls"


MYSQL = {1040: "full", 1203: "full", 1226: "full", 1044: "rights",
         1045: "login", 1698: "login", 1049: "database", 1129: "host",
         1130: "host", 1142: "rights", 2013: "cut", 2059: "plugin",
         2061: "tls-needed", 3159: "tls-needed", 1820: "login",
         3118: "login", 1862: "login"}


def mysql_client():
    try:
        import MySQLdb as client
        version = client.__version__
    except ImportError:
        import pymysql as client
        version = client.VERSION_STRING if hasattr(
            client, "VERSION_STRING") else client.__version__
    return client, "%s %s" % (client.__name__, version)


def mysql_words(p):
    words = dict(p["options"])
    words.pop("isolation_level", None)
    if isinstance(words.get("ssl"), dict):
        for name in ("ca", "cert", "key"):
            check_file(words["ssl"].get(name))
    words.update(host=p["host"], port=p["port"], user=p["user"],
                 passwd=p["password"], db=p["database"],
                 connect_timeout=int(WAIT))
    return words


def number(cursor, statement):
    cursor.execute(statement)
    row = cursor.fetchone()
    return int(row[1]) if row else None


def probe_mysql(p, r):
    client, r["client"] = mysql_client()
    reach(r, p["host"], p["port"])
    stage(r, "login")
    try:
        c = client.connect(**mysql_words(p))
        stage(r, "SELECT 1")
        cursor = c.cursor()
        cursor.execute("SELECT 1")
        cursor.fetchone()
        stage(r, "max_connections")
        r["limit"] = number(cursor, "SHOW GLOBAL VARIABLES LIKE "
                            "'max_connections'")
        r["used"] = number(cursor, "SHOW GLOBAL STATUS LIKE "
                           "'Threads_connected'")
        c.close()
    except (client.Error, client.Warning) as e:
        code = e.args[0] if e.args else 0
        cause = MYSQL.get(code, "error")
        if code in (2026, 2012) or cause == "error" and "SSL" in str(e):
            cause = tls_cause(str(e))
        raise Found(cause, str(e))
    except (TypeError, ValueError) as e:
        raise Found("options", str(e))


def mongo_words(p):
    ms = int(WAIT * 1000)
    words = {"serverSelectionTimeoutMS": ms, "connectTimeoutMS": ms,
             "socketTimeoutMS": ms, "maxPoolSize": 1}
    for name, to in (("auth_source", "authSource"),
                     ("mechanism", "authMechanism"),
                     ("replica_set", "replicaSet")):
        if p[name]:
            words[to] = p[name]
    if p["user"]:
        words.update(username=p["user"], password=p["password"])
    if p["tls"]:
        words["tls"] = True
    words.update(p["options"])
    for name in ("tlsCAFile", "ssl_ca_certs", "tlsCertificateKeyFile"):
        check_file(words.get(name))
    return words


def mongo_reach(p, r, pymongo):
    nodes = [(p["host"], p["port"])]
    if "://" in p["host"]:
        stage(r, "name")
        try:
            nodes = pymongo.uri_parser.parse_uri(p["host"])["nodelist"]
        except pymongo.errors.ConfigurationError as e:
            raise Found("srv" if "dnspython" in str(e) else "dns", str(e))
    r["host"], r["port"] = nodes[0]
    why = None
    for host, port in nodes:
        try:
            reach(r, host, port)
            return
        except Found as e:
            why = why or e
    raise why


def mongo_cause(e, pymongo):
    text, code = str(e), getattr(e, "code", None)
    if code == 18 or "auth" in text.lower() and "fail" in text.lower():
        return "login"
    if code == 13:
        return "rights"
    if isinstance(e, pymongo.errors.ConfigurationError):
        return "options"
    if "SSL" in text or "certificate" in text:
        return tls_cause(text)
    if "connection closed" in text or "reset by peer" in text:
        return "tls-needed"
    if isinstance(e, pymongo.errors.ServerSelectionTimeoutError):
        return "members"
    return "silent" if "timed out" in text else "error"


def mongo_ask(p, r, client, pymongo):
    for name, collection in p["databases"]:
        stage(r, "reading " + name)
        client[name][collection].find_one({}, {"_id": 1})
    stage(r, "serverStatus")
    try:
        n = client.admin.command("serverStatus")["connections"]
        r["used"] = n["current"]
        r["limit"] = n["current"] + n["available"]
    except (pymongo.errors.OperationFailure, KeyError, TypeError):
        pass


def probe_mongodb(p, r):
    import pymongo
    import pymongo.errors
    import pymongo.uri_parser
    r["client"] = "pymongo " + pymongo.version
    try:
        words = mongo_words(p)
        mongo_reach(p, r, pymongo)
        stage(r, "login")
        client = pymongo.MongoClient(
            p["host"], None if "://" in p["host"] else p["port"], **words)
        client.admin.command("ping")
        mongo_ask(p, r, client, pymongo)
        client.close()
    except (pymongo.errors.PyMongoError, TypeError, ValueError) as e:
        raise Found(mongo_cause(e, pymongo), str(e))


S3 = {"InvalidAccessKeyId": "login", "SignatureDoesNotMatch": "login",
      "InvalidSecurity": "login", "NoSuchBucket": "bucket",
      "AccessDenied": "policy", "AllAccessDisabled": "policy",
      "AccessControlListNotSupported": "acl", "403": "policy",
      "PermanentRedirect": "region", "301": "region",
      "AuthorizationHeaderMalformed": "region",
      "IllegalLocationConstraintException": "region",
      "RequestTimeTooSkewed": "clock", "SlowDown": "full"}


def s3_client(p, r):
    import boto3
    from botocore.config import Config
    r["client"] = "boto3 " + boto3.__version__
    words = {"connect_timeout": LIMIT / 8, "read_timeout": LIMIT / 8,
             "retries": {"max_attempts": 0}}
    if p["signature"]:
        words["signature_version"] = p["signature"]
    if p["style"]:
        words["s3"] = {"addressing_style": p["style"]}
    return boto3.session.Session().client(
        "s3", aws_access_key_id=p["key"], aws_secret_access_key=p["secret"],
        region_name=p["region"] or None, endpoint_url=p["endpoint"] or None,
        config=Config(**words))


def s3_absent(e):
    code = e.response.get("Error", {}).get("Code")
    return code in ("NoSuchKey", "404", "AccessDenied", "403")


# Is it there as it was put? Not for sure at once: the probe of a run that
# was killed may still be at the same object.
def s3_same(client, at, body, more, error):
    for again in range(4):
        if again:
            time.sleep(1)
            client.put_object(Body=body, **at, **more)
        try:
            if client.get_object(**at)["Body"].read(64) == body:
                return True
        except error as e:
            if e.response.get("Error", {}).get("Code") != "NoSuchKey":
                raise
    return False


# Put, get and delete one object; what another program put there stays.
def s3_write(p, r, client, error):
    at = {"Bucket": p["bucket"], "Key": p["object"]}
    mark = b"transplant probe\n"
    body = mark + os.urandom(8).hex().encode()
    more = {"ACL": p["acl"]} if p["acl"] else {}
    try:
        if not client.get_object(**at)["Body"].read(64).startswith(mark):
            raise Found("taken", p["object"])
    except error as e:
        if not s3_absent(e):
            raise
    put = False
    try:
        stage(r, "put")
        put = True
        client.put_object(Body=body, **at, **more)
        stage(r, "get")
        if not s3_same(client, at, body, more, error):
            raise Found("differs", p["object"])
        stage(r, "delete")
        put = False
        client.delete_object(**at)
    finally:
        if put:
            s3_take_away(r, client, at)


# After a failure: it may be there all the same.
def s3_take_away(r, client, at):
    try:
        client.delete_object(**at)
    except Exception:
        r["left"] = at["Key"]


def probe_s3(p, r):
    client = s3_client(p, r)
    from botocore import exceptions as x
    url = urlsplit(client.meta.endpoint_url)
    r["host"] = url.hostname
    r["port"] = url.port or (443 if url.scheme == "https" else 80)
    reach(r, r["host"], r["port"])
    try:
        if given["write"]:
            stage(r, "look")
            s3_write(p, r, client, x.ClientError)
        else:
            stage(r, "list")
            client.list_objects_v2(Bucket=p["bucket"], MaxKeys=1)
    except x.ClientError as e:
        error = e.response.get("Error", {})
        cause = S3.get(error.get("Code"), "error")
        if cause == "policy" and not given["write"]:
            cause = "listing"
        raise Found(cause, "%s: %s" % (error.get("Code"),
                                       error.get("Message")))
    except x.SSLError as e:
        raise Found(tls_cause(str(e)), str(e))
    except (x.ConnectTimeoutError, x.ReadTimeoutError) as e:
        raise Found("silent", str(e))
    except x.ConnectionError as e:
        raise Found("cut", str(e))
    except (x.BotoCoreError, ValueError) as e:
        raise Found("options", str(e))


def probe_smtp(p, r):
    import smtplib
    r["client"], r["port"] = "smtplib", p["port"]
    reach(r, p["host"], p["port"])
    try:
        stage(r, "greeting")
        if p["ssl"]:
            c = smtplib.SMTP_SSL(p["host"], p["port"], timeout=WAIT,
                                 context=ssl.create_default_context())
        else:
            c = smtplib.SMTP(p["host"], p["port"], timeout=WAIT)
        c.ehlo()
        if p["tls"] and not p["ssl"]:
            stage(r, "STARTTLS")
            c.starttls(context=ssl.create_default_context())
            c.ehlo()
        if p["user"]:
            stage(r, "login")
            c.login(p["user"], p["password"])
        c.quit()
    except smtplib.SMTPAuthenticationError as e:
        raise Found("login", str(e))
    except smtplib.SMTPNotSupportedError as e:
        raise Found("offer", str(e))
    except ssl.SSLError as e:
        raise Found(tls_cause(str(e)), str(e))
    except socket.timeout as e:
        raise Found("silent", str(e))
    except (smtplib.SMTPServerDisconnected, ConnectionError) as e:
        raise Found("cut", str(e))
    except smtplib.SMTPException as e:
        raise Found("error", str(e))


def probe_none(_p, _r):
    raise Found("unread")


PROBES = {"mysql": probe_mysql, "mongodb": probe_mongodb, "s3": probe_s3,
          "smtp": probe_smtp, "none": probe_none}


def try_it(p, r):
    try:
        PROBES[p["kind"]](p, r)
        return "", ""
    except Found as e:
        return e.cause, e.text
    except ImportError as e:
        return "client", str(e)
    except Exception as e:
        return "error", "%s: %s" % (type(e).__name__, e)


def say(r, words):
    os.write(r["pipe"], json.dumps(words).encode() + b"\n")


# Each in a process of its own: one that hangs, or breaks, is no other's harm.
def start(p):
    ours, its = os.pipe()
    pid = os.fork()
    if pid > 0:
        os.close(its)
        return {"pid": pid, "pipe": ours, "said": b""}
    signal.alarm(int(LIMIT) + 5)
    r = {"pipe": its}
    cause, text = try_it(p, r)
    r.update(cause=cause, text=plain(text), end=time.monotonic())
    say(r, r)
    os._exit(0)


def listen(children, until):
    left = {c["pipe"]: c for c in children}
    while left and time.monotonic() < until:
        ready = select.select(list(left), [], [], until - time.monotonic())
        for pipe in ready[0]:
            part = os.read(pipe, 65536)
            left[pipe]["said"] += part
            if not part:
                del left[pipe]
    for c in left.values():
        os.kill(c["pid"], signal.SIGKILL)


def plain(text):
    for secret in given["secrets"]:
        for form in (secret, quote(secret, "")):
            text = text.replace(form, "***")
    return " ".join(text.split())[:400]


# How long each stage took, and where it ended.
def tell(child):
    times, r = [], {"cause": "limit", "text": "", "end": time.monotonic()}
    for line in child["said"].splitlines():
        words = json.loads(line)
        times += [words.pop("stage")] if "stage" in words else []
        r.update(words)
    end = r.pop("end")
    r["stage"] = times[-1][0] if times else "start"
    r["ms"] = round((end - times[0][1]) * 1000, 1) if times else 0
    r["stages"] = [
        [name, round((next_at - at) * 1000, 1)] for (name, at), next_at
        in zip(times, [t[1] for t in times[1:]] + [end])]
    return r


children = [start(p) for p in given["probes"]]
listen(children, time.monotonic() + LIMIT)
answer = {"python": sys.version.split()[0], "cpus": os.cpu_count(),
          "results": [tell(c) for c in children]}
print("\n" + given["mark"] + json.dumps(answer) + given["mark"], flush=True)
