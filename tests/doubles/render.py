#!/usr/bin/env python3
"""What Launchpad's workflows, Tutor and kustomize do to files, in small.

A child of the world double: it runs the workflows (create, build, generate,
update) on a clone of the cluster repository, and turns rendered directories
into Kubernetes objects (manifests, old). PyYAML and Jinja are what Tutor
itself is made of, so comments, quotes and orders get lost here as they do
there. The models in fixtures/ are our own text in the forms of the originals.

    render.py create|build|generate|update CLONE INPUTS-AS-JSON
    render.py to-json FILE.yml
    render.py hosts config.yml
    render.py manifests ENV-FOLDER
    render.py old
    render.py steer ENV-FOLDER running|stale

Where SB_TUTOR names a folder with the real Tutor (tests/sandbox/full), that
one renders instances; then the models of env/ are not used.
"""

import base64
import datetime
import hashlib
import json
import os
import random
import shutil
import string
import subprocess
import sys
import tempfile

import jinja2
import yaml

HERE = os.path.dirname(os.path.abspath(__file__))
FIXTURES = os.path.join(HERE, "fixtures")


def random_string(length):
    return "".join(random.choices(string.ascii_letters + string.digits,
                                  k=length))


def rsa_private_key(bits):
    pem = subprocess.run(["openssl", "genrsa", "-traditional", str(bits)],
                         check=True, capture_output=True, text=True).stdout
    return pem.strip()


def rsa_jwk(pem):
    """The key's numbers as Tutor writes them into settings."""
    lines = subprocess.run(["openssl", "asn1parse"], input=pem, check=True,
                           capture_output=True, text=True).stdout.split("\n")
    numbers = [line.rsplit(":", 1)[1] for line in lines if "INTEGER" in line]
    names = ["n", "e", "d", "p", "q", "dp", "dq", "qi"]
    return {name: base64.urlsafe_b64encode(bytes.fromhex(number)).decode()
            .rstrip("=") for name, number in zip(names, numbers[1:])}


def environment():
    """Jinja as Tutor sets it up: what is not defined is an error."""
    env = jinja2.Environment(undefined=jinja2.StrictUndefined,
                             keep_trailing_newline=True,
                             trim_blocks=True, lstrip_blocks=True,
                             loader=jinja2.FileSystemLoader(FIXTURES))
    env.filters["random_string"] = random_string
    env.filters["rsa_private_key"] = rsa_private_key
    env.filters["rsa_jwk"] = rsa_jwk
    return env


JINJA = environment()


# --- Tutor's configuration -------------------------------------------------

def render_value(value, context):
    """Strings anywhere in a value, rendered."""
    if isinstance(value, str):
        return JINJA.from_string(value).render(**context)
    if isinstance(value, list):
        return [render_value(v, context) for v in value]
    if isinstance(value, dict):
        return {k: render_value(v, context) for k, v in value.items()}
    return value


def upgrade_obsolete(config):
    """The old names win over the new ones and vanish."""
    for old, new in (("MYSQL_DATABASE", ["OPENEDX_MYSQL_DATABASE"]),
                     ("MYSQL_USERNAME", ["OPENEDX_MYSQL_USERNAME"]),
                     ("MYSQL_PASSWORD", ["MYSQL_ROOT_PASSWORD",
                                         "OPENEDX_MYSQL_PASSWORD"]),
                     ("SECRET_KEY", ["OPENEDX_SECRET_KEY"])):
        if old in config:
            value = config.pop(old)
            for name in new:
                config[name] = value


# What Tutor makes up once and then keeps in config.yml
BASE = {
    "CMS_OAUTH2_SECRET": "{{ 24|random_string }}",
    "ID": "{{ 24|random_string }}",
    "JWT_RSA_PRIVATE_KEY": "{{ 2048|rsa_private_key }}",
    "MEILISEARCH_API_KEY": "{{ 64|random_string }}",
    "MEILISEARCH_MASTER_KEY": "{{ 24|random_string }}",
    "MYSQL_ROOT_PASSWORD": "{{ 8|random_string }}",
    "OPENEDX_MYSQL_PASSWORD": "{{ 8|random_string }}",
    "OPENEDX_SECRET_KEY": "{{ 24|random_string }}",
    "PLUGINS": [],
}

# What templates may use and config.yml never gets to hold, in the order in
# which one needs the other
DEFAULTS = [
    ("LMS_HOST", "www.myopenedx.com"), ("CMS_HOST", "studio.{{ LMS_HOST }}"),
    ("PREVIEW_LMS_HOST", "preview.{{ LMS_HOST }}"),
    ("MFE_HOST", "apps.{{ LMS_HOST }}"),
    ("MEILISEARCH_HOST", "meilisearch.{{ LMS_HOST }}"),
    ("PLATFORM_NAME", "My Open edX"), ("LANGUAGE_CODE", "en"),
    ("CONTACT_EMAIL", "contact@{{ LMS_HOST }}"),
    ("ENABLE_HTTPS", False), ("K8S_NAMESPACE", "openedx"),
    ("MYSQL_HOST", "mysql"), ("MYSQL_PORT", 3306),
    ("OPENEDX_MYSQL_DATABASE", "openedx"),
    ("OPENEDX_MYSQL_USERNAME", "openedx"),
    ("MONGODB_HOST", "mongodb"), ("MONGODB_PORT", 27017),
    ("MONGODB_DATABASE", "openedx"), ("MONGODB_USERNAME", ""),
    ("MONGODB_PASSWORD", ""), ("MONGODB_USE_SSL", False),
    ("MONGODB_AUTH_SOURCE", "admin"), ("MONGODB_AUTH_MECHANISM", ""),
    ("MONGODB_REPLICA_SET", ""),
    ("FORUM_MONGODB_DATABASE", "cs_comments_service"),
    ("REDIS_HOST", "redis"), ("REDIS_PORT", 6379), ("REDIS_USERNAME", ""),
    ("REDIS_PASSWORD", ""), ("SMTP_HOST", "smtp"), ("SMTP_PORT", 8025),
    ("SMTP_USERNAME", ""), ("SMTP_PASSWORD", ""), ("SMTP_USE_TLS", False),
    ("SMTP_USE_SSL", False), ("OPENEDX_AWS_ACCESS_KEY", ""),
    ("OPENEDX_AWS_SECRET_ACCESS_KEY", ""), ("S3_HOST", ""), ("S3_REGION", ""),
    ("S3_STORAGE_BUCKET", ""), ("S3_FILE_UPLOAD_BUCKET",
                                "{{ S3_STORAGE_BUCKET }}"),
    ("S3_GRADE_BUCKET", "{{ S3_STORAGE_BUCKET }}"),
    ("S3_PROFILE_IMAGE_BUCKET", "{{ S3_STORAGE_BUCKET }}"),
    ("S3_PROFILE_IMAGE_CUSTOM_DOMAIN", ""), ("S3_CUSTOM_DOMAIN", ""),
    ("S3_DEFAULT_ACL", ""), ("S3_ADDRESSING_STYLE", "auto"),
    ("S3_SIGNATURE_VERSION", "s3v4"), ("S3_USE_SSL", True),
    ("CMS_OAUTH2_KEY_SSO", "cms-sso"),
    ("DOCKER_IMAGE_OPENEDX", "docker.io/overhangio/openedx:20.0.5"),
    ("MFE_DOCKER_IMAGE", "docker.io/overhangio/openedx-mfe:20.1.1"),
    ("DRYDOCK_INIT_JOBS", False), ("TUTOR_VERSION", "v20.0.5"),
    ("GROVE_COMMON_ENV_FEATURES", ""), ("GROVE_COMMON_SETTINGS", ""),
    ("GROVE_LMS_PRODUCTION_SETTINGS", ""),
    ("GROVE_CMS_PRODUCTION_SETTINGS", ""), ("GROVE_OPENEDX_AUTH", ""),
    ("GROVE_MFE_LMS_COMMON_SETTINGS", ""), ("GROVE_LMS_ENV", ""),
    ("GROVE_CMS_ENV", ""),
]


def full_config(config):
    """config.yml with every default that templates need."""
    context = dict(config)
    if not {"grove", "grove-config"} & set(context.get("PLUGINS") or []):
        # nobody reads them without their plugin
        for name in [n for n in context if n.startswith("GROVE_")]:
            del context[name]
    for name, value in DEFAULTS:
        if name not in context:
            context[name] = render_value(value, context)
    return context


def load_config(folder):
    with open(os.path.join(folder, "config.yml"), encoding="utf-8") as f:
        return yaml.safe_load(f) or {}


def enable_plugins(config):
    """`tutor picasso run-extra-commands`, as far as it enables plugins."""
    plugins = set(config.get("PLUGINS") or [])
    for command in config.get("PICASSO_EXTRA_COMMANDS") or []:
        words = command.split()
        if words[:3] == ["tutor", "plugins", "enable"]:
            plugins.update(words[3:])
    config["PLUGINS"] = sorted(plugins)


def config_save(folder):
    """`tutor config save`: everything rendered, written back sorted."""
    if os.environ.get("SB_TUTOR"):
        subprocess.run([os.path.join(HERE, "../sandbox/full/tutor/save"),
                        folder], check=True, stdout=subprocess.DEVNULL)
        return
    config = load_config(folder)
    enable_plugins(config)
    upgrade_obsolete(config)
    for name, value in BASE.items():
        if name not in config:
            config[name] = render_value(value, {})
    config = {k: render_value(v, config) for k, v in config.items()}
    with open(os.path.join(folder, "config.yml"), "w",
              encoding="utf-8") as f:
        yaml.dump(config, f, default_flow_style=False)
    render_tree("env", os.path.join(folder, "env"), full_config(config))


def render_tree(model, target, context):
    """Every *.j2 below fixtures/MODEL, rendered below target."""
    root = os.path.join(FIXTURES, model)
    shutil.rmtree(target, ignore_errors=True)
    for at, _, names in sorted(os.walk(root)):
        for name in sorted(n for n in names if n.endswith(".j2")):
            path = os.path.relpath(os.path.join(at, name), FIXTURES)
            text = JINJA.get_template(path).render(**context)
            if not text.strip():
                continue  # a file that this configuration doesn't have
            out = os.path.join(target, os.path.relpath(at, root), name[:-3])
            os.makedirs(os.path.dirname(out), exist_ok=True)
            with open(out, "w", encoding="utf-8") as f:
                f.write(text)


# --- the workflows ---------------------------------------------------------

def instance_folder(clone, inputs):
    name = inputs["INSTANCE_NAME"].lower().replace(" ", "-")
    return name, os.path.join(clone, "instances", name)


def create(clone, inputs):
    name, folder = instance_folder(clone, inputs)
    if not name or os.path.exists(folder):
        sys.exit(f"instances/{name} exists already")
    context = {"name": name, "inputs": inputs, "env": os.environ,
               "sandbox": name == os.environ.get("SB_INSTANCE", "acme")}
    render_tree("instance", folder, context)


def build(clone, inputs):
    name, folder = instance_folder(clone, inputs)
    services = [inputs["SERVICE"]] if "SERVICE" in inputs else ["openedx",
                                                                "mfe"]
    config = load_config(folder)
    tag = "{}-{}-{}".format(name, datetime.date.today().strftime("%Y%m%d"),
                            random_string(8).lower())
    keys = {"openedx": "DOCKER_IMAGE_OPENEDX", "mfe": "MFE_DOCKER_IMAGE"}
    for service in services:
        image = config.get(keys[service], "ghcr.io/owner/cluster/x:y")
        path = image.rsplit(":", 1)[0]
        config[keys[service]] = f"{path}:{tag}-{service}"
    with open(os.path.join(folder, "config.yml"), "w",
              encoding="utf-8") as f:
        yaml.dump(config, f, default_flow_style=False)
    config_save(folder)


def generate(clone, inputs):
    _, folder = instance_folder(clone, inputs)
    config_save(folder)


def merge_deep(to, patch):
    for key, value in patch.items():
        if isinstance(value, dict) and isinstance(to.get(key), dict):
            merge_deep(to[key], value)
        else:
            to[key] = value


def update(clone, inputs):
    _, folder = instance_folder(clone, inputs)
    config = load_config(folder)
    merge_deep(config, json.loads(inputs["CONFIG"]))
    with open(os.path.join(folder, "config.yml"), "w",
              encoding="utf-8") as f:
        yaml.dump(config, f, default_flow_style=False)


# --- kustomize, as far as such directories use it --------------------------

def kustomize_hash(kind, data):
    """The suffix that kustomize gives to generated names. It means to hash
    the name too, but looks it up where it is not: it is always empty."""
    text = json.dumps({"data": data, "kind": kind, "name": ""},
                      separators=(",", ":"), sort_keys=True,
                      ensure_ascii=False)
    for char, escape in (("&", "\\u0026"), ("<", "\\u003c"),
                         (">", "\\u003e")):
        text = text.replace(char, escape)
    digest = hashlib.sha256(text.encode()).hexdigest()[:10]
    return digest.translate(str.maketrans("013ae", "ghkmt"))


def generate_configmaps(folder, kustomization):
    maps, names = [], {}
    for one in kustomization.get("configMapGenerator", []):
        data = {}
        for path in one["files"]:
            with open(os.path.join(folder, path), encoding="utf-8") as f:
                data[os.path.basename(path)] = f.read()
        name = one["name"] + "-" + kustomize_hash("ConfigMap", data)
        names[one["name"]] = name
        labels = dict(one.get("options", {}).get("labels", {}))
        maps.append({"apiVersion": "v1", "kind": "ConfigMap",
                     "metadata": {"name": name, "labels": labels},
                     "data": data})
    return maps, names


def rename_configmaps(value, names):
    """References to generated ConfigMaps get the full name."""
    if isinstance(value, list):
        for v in value:
            rename_configmaps(v, names)
    elif isinstance(value, dict):
        for key in ("configMap", "configMapRef", "configMapKeyRef"):
            ref = value.get(key)
            if isinstance(ref, dict) and ref.get("name") in names:
                ref["name"] = names[ref["name"]]
        for v in value.values():
            rename_configmaps(v, names)


def add_labels(item, labels, selectors):
    item["metadata"].setdefault("labels", {}).update(labels)
    if item["kind"] != "Deployment" or not selectors:
        return
    spec = item["spec"]
    spec["selector"].setdefault("matchLabels", {}).update(labels)
    spec["template"]["metadata"].setdefault("labels", {}).update(labels)


def kustomize(folder):
    with open(os.path.join(folder, "kustomization.yml"),
              encoding="utf-8") as f:
        kustomization = yaml.safe_load(f)
    items, names = generate_configmaps(folder, kustomization)
    for path in kustomization.get("resources", []):
        with open(os.path.join(folder, path), encoding="utf-8") as f:
            items += [i for i in yaml.safe_load_all(f) if i]
    for item in items:
        rename_configmaps(item, names)
        if item["kind"] != "Namespace":
            item["metadata"]["namespace"] = kustomization["namespace"]
        add_labels(item, kustomization.get("commonLabels", {}), True)
        item["metadata"].setdefault("annotations", {}).update(
            kustomization.get("commonAnnotations", {}))
    return items


# --- the old cluster -------------------------------------------------------

def steer_hash(folder, files, wanted):
    """Give the last file a last line that makes the name as wanted."""
    data = {}
    for path in files:
        with open(os.path.join(folder, path), encoding="utf-8") as f:
            data[os.path.basename(path)] = f.read()
    last = os.path.basename(files[-1])
    text = data[last]
    for n in range(1, 10000):
        data[last] = f"{text}# generation {n}\n"
        if wanted(kustomize_hash("ConfigMap", data)):
            break
    with open(os.path.join(folder, files[-1]), "w", encoding="utf-8") as f:
        f.write(data[last])


def old_generation(stale):
    """One generation; the stale one's settings sort after the running."""
    with tempfile.TemporaryDirectory() as folder:
        folder = os.path.join(folder, "env")
        render_tree("old", folder, {"env": os.environ, "stale": stale})
        steer(folder, stale)
        return kustomize(folder)


SETTINGS = ("openedx-settings-", "openedx-config")


def steer(folder, stale):
    """Names of the stale generation's settings sort after the running."""
    with open(os.path.join(folder, "kustomization.yml"),
              encoding="utf-8") as f:
        generators = yaml.safe_load(f)["configMapGenerator"]
    for one in generators:
        if one["name"].startswith(SETTINGS):
            steer_hash(folder, one["files"],
                       lambda h: (h > "h") == stale)


def old():
    """What runs, and what an earlier `apply` left behind."""
    running = old_generation(False)
    stale = [i for i in old_generation(True) if i["kind"] == "ConfigMap"
             and i["metadata"]["name"].startswith(SETTINGS)]
    for item in running:
        item["metadata"]["creationTimestamp"] = "2026-03-02T09:11:54Z"
    for item in stale:
        item["metadata"]["creationTimestamp"] = "2025-11-18T14:02:31Z"
    return running + stale


# --- verbs -----------------------------------------------------------------

def hosts(path):
    with open(path, encoding="utf-8") as f:
        config = yaml.safe_load(f) or {}
    lms = config.get("LMS_HOST", "")
    for key, prefix in (("LMS_HOST", ""), ("CMS_HOST", "studio."),
                        ("MFE_HOST", "apps."),
                        ("PREVIEW_LMS_HOST", "preview.")):
        print(config.get(key) or prefix + lms)


def to_json(path):
    with open(path, encoding="utf-8") as f:
        print(json.dumps(yaml.safe_load(f)))


def main(verb, *args):
    flows = {"create": create, "build": build, "generate": generate,
             "update": update}
    if verb in flows:
        try:
            flows[verb](args[0], json.loads(args[1]))
        except jinja2.UndefinedError as e:
            sys.exit(f"Error: Missing configuration value: {e}")
    elif verb == "hosts":
        hosts(args[0])
    elif verb == "to-json":
        to_json(args[0])
    elif verb == "manifests":
        print(json.dumps(kustomize(args[0])))
    elif verb == "old":
        print(json.dumps(old()))
    elif verb == "steer":
        steer(args[0], args[1] == "stale")
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(*sys.argv[1:])
