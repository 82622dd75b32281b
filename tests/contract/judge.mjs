// judge.mjs - hold recorded traffic against the vendor's own description:
// GitHub's, or that in the file DESCRIPTION (OpenAPI 3.0 as JSON).
//
// Reads files with one request and reply a line, as the doubles write them, and prints TAP: one test per operation and status. A request must be
// what the description allows (known parameters, known and well-typed members
// of the body, the headers that GitHub asks for); a reply must be what it
// promises, and may hold nothing that it doesn't know. An operation or status
// that the description lacks fails, but for the gaps listed below.
//
// usage: NODE_MODULES=FOLDER node judge.mjs FILE.jsonl... (tests/contract/judge)
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

// The modules lie in the cache, not beside this file.
const require = createRequire(`${process.env.NODE_MODULES}/`);
const Ajv = require('ajv');
const formats = require('ajv-formats');
const other = process.env.DESCRIPTION;
const api = other === undefined
    ? require('@octokit/openapi/generated/api.github.com.deref.json')
    : whole(JSON.parse(readFileSync(other, 'utf8')));

// With what its $refs name in their place; what names itself is left open.
function whole(root) {
	function at(node, way) {
		if (node === null || typeof node !== 'object')
			return node;
		if (Array.isArray(node))
			return node.map(n => at(n, way));
		if (typeof node.$ref === 'string')
			return way.includes(node.$ref) ? {}
			    : at(node.$ref.split('/').slice(1).reduce((o, n) =>
			        o?.[n.replaceAll('~1', '/')
			            .replaceAll('~0', '~')], root) ?? {},
			    [...way, node.$ref]);
		return Object.fromEntries(Object.entries(node).map(
		    ([key, value]) => [key, at(value, way)]));
	}
	return at(root, []);
}

// Statuses that GitHub answers with although its description is silent.
const anywhere = {
	304: 'a conditional request, which GitHub allows for every GET',
	400: 'an unknown API version or a body that is no JSON',
	401: 'a wrong token, wherever one is needed',
	403: 'a missing permission, or a rate limit that is used up',
	404: 'no token for a private repository looks like no repository',
	429: 'a secondary rate limit',
};
const gaps = {
	'POST /repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches':
	    { 422: 'inputs that the workflow refuses: no 4xx is described' },
};

// Formats that the description claims and GitHub itself does not keep to.
const loose = {
	email: 'github-actions[bot] has an address that is none by RFC 5321',
	'repo.nwo': 'a format of its own', int64: 'a format of its own',
	int32: 'a format of its own',
};
// `created` is "date-time" there; its documentation gives ranges (>=, ..).
const ranges = new Set(['created']);

// Members that the company answers with, newer or older than its description.
const zone = ['plan', 'status', 'paused', 'type'];
const unlisted = {
	'GET /zones 200': [0, 1].flatMap(i =>
	    zone.map(m => `/result/${i}/${m}`)),
	'GET /zones/{zone_id} 200': zone.map(m => `/result/${m}`),
};
// A record of a request is described as the one of a reply there.
const made = new Set(['id', 'proxiable', 'created_on', 'modified_on']);
// It is null where a record has none, as the company's own examples say.
const nullable = new Set(['comment']);

// A batch is newer than the description: it is judged as what it is made of.
function parts(seen) {
	if (!other || !/\/dns_records\/batch$/.test(seen.path))
		return [seen];
	const at = seen.path.replace(/\/batch$/, '');
	if (seen.status >= 400)
		return [{ ...seen, path: at }];
	const part = (method, name, body) => (o, i) => ({ ...seen, method,
	    path: o.id ? `${at}/${o.id}` : at, body: body(o),
	    reply: { ...seen.reply, result: seen.reply.result[name][i] } });
	const whole = ({ id, ...rest }) => rest;
	return [
		...seen.body.patches.map(part('PATCH', 'patches', whole)),
		...seen.body.posts.map(part('POST', 'posts', whole)),
	];
}

// --- the description ------------------------------------------------------

// OpenAPI 3.0 to JSON Schema: nullable, and `example` and such left alone.
function plain(schema) {
	if (Array.isArray(schema))
		return schema.map(plain);
	if (schema === null || typeof schema !== 'object')
		return schema;
	const out = {};
	for (const [key, value] of Object.entries(schema)) {
		if (other && key === 'properties') {
			out[key] = Object.fromEntries(Object.entries(value).map(
			    ([n, s]) => [n, plain(nullable.has(n)
			        ? { ...s, nullable: true } : s)]));
			continue;
		}
		if (key === 'enum' || key === 'default' || key === 'example' ||
		    key === 'examples')
			out[key] = value;
		else if (key !== 'nullable' && key !== 'discriminator')
			out[key] = plain(value);
	}
	return schema.nullable === true
	    ? { anyOf: [{ type: 'null' }, out] } : out;
}

// RFC 6902, as far as x-github-breaking-changes use it.
function patchAt(target, { op, path, value }) {
	const names = path.split('/').slice(1)
	    .map(n => n.replaceAll('~1', '/').replaceAll('~0', '~'));
	const last = names.pop();
	const at = names.reduce((o, n) => o?.[n], target);
	if (at === undefined)
		return;
	if (op === 'remove')
		delete at[last];
	else
		at[last] = value;
}

// The operation as that version of the API has it.
function versioned(node, version) {
	if (node === null || typeof node !== 'object')
		return node;
	const copy = Array.isArray(node) ? [] : {};
	for (const [key, value] of Object.entries(node))
		copy[key] = versioned(value, version);
	for (const change of node['x-github-breaking-changes'] ?? []) {
		if (change.version <= version && Array.isArray(change.patch))
			for (const step of change.patch)
				patchAt(copy, step);
	}
	return copy;
}

// What stands before all paths, such as /client/v4.
const base = other && /^https:\/\/[^/]*(\/.*[^/])\/?$/
    .exec(api.servers?.[0]?.url ?? '')?.[1] || '';

const paths = Object.entries(api.paths).map(([path, item]) => {
	const last = Object.values(item).some(op => op.parameters?.some(
	    p => p['x-multi-segment']));
	const parts = path.split('/').map((part, i, all) =>
	    /^\{.*\}$/.test(part)
	        ? (last && i === all.length - 1 ? '?.*' : '[^/]+')
	        : part.replace(/[.*+?^$()|[\]\\]/g, '\\$&'));
	return { path, item, fits: new RegExp(`^${parts.join('/')}$`),
	    words: path.split('/').filter(p => !p.startsWith('{')).length };
}).sort((a, b) => b.words - a.words);

function operation(method, path) {
	// compare's basehead and a ref may hold slashes
	const found = paths.find(p => p.fits.test(path) &&
	    p.item[method.toLowerCase()]);
	return found && { name: `${method} ${found.path}`, path: found.path,
	    op: found.item[method.toLowerCase()] };
}

// --- judging --------------------------------------------------------------

const ajv = new Ajv({ strict: false, allErrors: true, logger: false,
	validateFormats: true });
formats(ajv);
for (const name of Object.keys(loose))
	ajv.addFormat(name, true);

const compiled = new Map();

function faults(key, schema, value) {
	if (!compiled.has(key))
		compiled.set(key, ajv.compile(plain(schema)));
	const check = compiled.get(key);
	return check(value) ? [] : check.errors.slice(0, 6).map(e =>
	    `${e.instancePath || '/'} ${e.message}` +
	    (e.params.allowedValues
	        ? ` (${e.params.allowedValues.join(', ')})` : ''));
}

// All properties that a schema names for an object, through combinations;
// null: it allows any.
function names(schema) {
	const branches = [schema, ...(schema.allOf ?? []),
	    ...(schema.anyOf ?? []), ...(schema.oneOf ?? [])];
	let all = {};
	let closed = false;
	for (const b of branches) {
		if (b !== schema && (b.allOf || b.anyOf || b.oneOf)) {
			const inner = names(b);
			if (inner === null)
				return null;
			all = { ...all, ...inner };
			closed = true;
		}
		if (b.additionalProperties)
			return null;
		if (b.properties) {
			all = { ...all, ...b.properties };
			closed = true;
		}
	}
	return closed ? all : null;
}

function itemSchema(schema) {
	return schema.items ?? [...(schema.anyOf ?? []),
	    ...(schema.oneOf ?? [])].map(itemSchema).find(Boolean);
}

// Members of a value that its schema does not know.
function strangers(schema, value, where = '') {
	if (!schema || value === null || typeof value !== 'object')
		return [];
	if (Array.isArray(value)) {
		const of = itemSchema(schema);
		return value.slice(0, 3).flatMap((v, i) =>
		    strangers(of, v, `${where}/${i}`));
	}
	const known = names(schema);
	if (known === null)
		return [];
	return Object.entries(value).flatMap(([key, v]) => known[key]
	    ? strangers(known[key], v, `${where}/${key}`)
	    : [`${where}/${key} is not described`]);
}

// A schema without what only the server can know.
function asked(schema) {
	if (!other || schema === null || typeof schema !== 'object')
		return schema;
	if (Array.isArray(schema))
		return schema.map(asked);
	return Object.fromEntries(Object.entries(schema).map(([key, value]) =>
	    key === 'required' && Array.isArray(value)
	        ? [key, value.filter(n => !made.has(n))]
	        : [key, asked(value)]));
}

function judgeRequest({ name, op }, seen) {
	const bad = [];
	const query = (op.parameters ?? []).filter(p => p.in === 'query');
	for (const [key, text] of Object.entries(seen.query ?? {})) {
		const p = query.find(q => q.name === key);
		if (!p)
			bad.push(`query ${key} is not described`);
		if (!p || ranges.has(key))
			continue;
		const value = /^(integer|number)$/.test(p.schema.type)
		    ? Number(text)
		    : p.schema.type === 'boolean' ? text === 'true' : text;
		bad.push(...faults(`${name} ?${key}`, p.schema, value)
		    .map(f => `query ${key}: ${f}`));
	}
	// A person's shell may leave them out; the product may not.
	if (!other && /^transplant/.test(seen.headers['user-agent'] ?? '')) {
		if (!seen.headers['x-github-api-version'])
			bad.push('X-GitHub-Api-Version is not sent');
		if (!/application\/vnd\.github/.test(seen.headers.accept ?? ''))
			bad.push('Accept is not application/vnd.github+json');
	}
	const schema = op.requestBody?.content?.['application/json']?.schema;
	if (seen.body !== null && !schema)
		bad.push('a body is sent, none is described');
	if (schema && (seen.body !== null || op.requestBody.required)) {
		bad.push(...faults(`${name} body`, asked(schema), seen.body),
		    ...strangers(schema, seen.body));
	}
	return bad;
}

const errorSchema = {
	type: 'object', required: ['message'], additionalProperties: false,
	properties: { message: { type: 'string' },
	    documentation_url: { type: 'string' }, status: { type: 'string' },
	    errors: { type: 'array' }, url: { type: 'string' } },
};

function judgeReply({ name, op }, seen) {
	const kind = `${String(seen.status)[0]}`;
	const described = op.responses[seen.status] ?? (other &&
	    (op.responses[`${kind}XX`] ?? op.responses[`${kind}xx`] ??
	    op.responses.default));
	const type = seen.reply_headers['Content-Type'] ?? '';
	if (!described && seen.status === 304)
		return seen.reply === null ? [] : ['a 304 has a body'];
	if (!described) {
		if (!(gaps[name]?.[seen.status] ?? anywhere[seen.status]))
			return [`status ${seen.status} is not described`];
		return type.startsWith('text/html') ? []
		    : faults('error', errorSchema, seen.reply);
	}
	if (seen.status === 403 && !seen.headers['user-agent'])
		return []; // the front door's own page, in HTML
	const media = Object.keys(described.content ?? {});
	if (media.length === 0)
		return seen.reply === null || seen.status >= 400 ? []
		    : ['a body is sent, none is described'];
	if (/raw/.test(type))
		return typeof seen.reply === 'string' ||
		    seen.reply !== null ? [] : ['the raw reply is empty'];
	if (!type.startsWith('application/json'))
		return [`Content-Type is ${type}`];
	const whole = described.content['application/json']?.schema ??
	    described.content[media[0]].schema;
	// Cloudflare describes a failure as a success that is one as well.
	const schema = other && seen.status >= 400 && whole.allOf
	    ? whole.allOf.at(-1) : whole;
	const key = `${name} ${seen.status} ${seen.version}`;
	return [...faults(key, schema, seen.reply),
	    ...(seen.status >= 400 ? [] : strangers(schema, seen.reply)
	        .filter(s => !unlisted[`${name} ${seen.status}`]?.some(
	            u => s.startsWith(`${u} `))))];
}

// A request that the server refused need not be valid: that is why.
function judge(found, seen) {
	seen.version = seen.headers['x-github-api-version'] ?? '2022-11-28';
	const op = versioned(found.op, seen.version);
	const here = { ...found, op };
	return [...(seen.status < 400 ? judgeRequest(here, seen) : []),
	    ...judgeReply(here, seen)];
}

// --- TAP ------------------------------------------------------------------

const tests = new Map(); // "GET /path 200": { count, bad }

function take(seen) {
	const path = seen.path.startsWith(`${base}/`)
	    ? seen.path.slice(base.length) : seen.path;
	const found = operation(seen.method, path);
	const test = `${found?.name ?? `${seen.method} ${path}`} ` +
	    seen.status;
	const bad = found ? judge(found, seen)
	    : ['the operation is not described'];
	const sum = tests.get(test) ?? { count: 0, bad: new Set() };
	sum.count += 1;
	bad.forEach(b => sum.bad.add(b));
	tests.set(test, sum);
}

for (const file of process.argv.slice(2)) {
	if (!existsSync(file))
		continue;
	for (const line of readFileSync(file, 'utf8').split('\n'))
		if (line !== '')
			parts(JSON.parse(line)).forEach(take);
}

let n = 0;
for (const [test, { count, bad }] of [...tests].sort()) {
	n += 1;
	console.log(`${bad.size ? 'not ok' : 'ok'} ${n} - ${test} ` +
	    `(${count} seen)`);
	[...bad].slice(0, 12).forEach(b => console.log(`# ${b}`));
}
if (n === 0) {
	n = 1;
	console.log('not ok 1 - there is recorded traffic');
}
console.log(`1..${n}`);
process.exitCode = [...tests.values()].some(t => t.bad.size) ||
    tests.size === 0 ? 1 : 0;
