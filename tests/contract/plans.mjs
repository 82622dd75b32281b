// plans.mjs - hold plans against the schema that editors are given, with a
// validator that is not ours.
//
// usage: NODE_MODULES=FOLDER node plans.mjs SCHEMA PLAN.json... (tests/contract/plans)
// Prints TAP: each plan is valid, and each way to spoil the first is refused.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(`${process.env.NODE_MODULES}/`);
const Ajv = require('ajv');
const [schema, ...plans] = process.argv.slice(2);
const read = file => JSON.parse(readFileSync(file, 'utf8'));
const ajv = new Ajv({ allErrors: true, strict: true, strictTypes: false });
const valid = ajv.compile(read(schema));

const spoilt = {
	'a key that no step reads': p => { p.dnss = p.dns; },
	'a key within that no step reads': p => { p.dns.low_ttl = 60; },
	'a company that nobody knows': p => { p.dns.provider = 'nobody'; },
	'a number in words': p => { p.dns['low-ttl'] = 'soon'; },
	'a number below the least': p => { p.dns['low-ttl'] = 0; },
	'a text for a map': p => { p.hosts = 'courses.example.test'; },
	'a map for a text': p => { p.instance = {}; },
	'a list for a text': p => { p.dns.zone = ['example.test']; },
	'a word for yes or no': p => { p['old-running'] = 'perhaps'; },
	'an address without https': p => { p.argocd.server = 'http://a.test'; },
	'a port that there is not': p => { p.mysql.port = 70000; },
	'a list of maps': p => { p.new.address = [{}]; },
};
let failed = 0, n = 0;

function tell(ok, words) {
	failed += ok ? 0 : 1;
	console.log(`${ok ? '' : 'not '}ok ${++n} - ${words}`);
}

for (const file of plans) {
	const ok = valid(read(file));
	tell(ok, `${file} is a plan`);
	if (!ok)
		for (const e of valid.errors)
			console.log(`# ${e.instancePath}: ${e.message}`);
}
for (const [words, spoil] of Object.entries(spoilt)) {
	const plan = read(plans[0]);
	spoil(plan);
	tell(!valid(plan), `refused: ${words}`);
}
console.log(`1..${n}`);
process.exit(failed > 0 ? 1 : 0);
