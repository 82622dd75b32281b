// Validate workflow files and action.yml files with GitHub's own language
// service. Run from a copy beside its modules (see workflows). usage: node --import ./json-hook.mjs validate.mjs ROOT FILE...
// One line a finding; exit 1 if there is any.
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { validate } from '@actions/languageservice';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { parse } from 'yaml';

const root = resolve(process.argv[2]);
const own = path => path.replace(/^(\$|\.)\//, '');
const fileProvider = {
	async getFileContent(ref) {
		const path = own(ref.path);
		return { name: path, content: readFileSync(join(root, path), 'utf8') };
	},
};
// What we give to actions of others, so that a typo is found offline too.
const others = {
	'actions/checkout': { inputs: { 'fetch-depth': {}, 'persist-credentials': {} } },
};
const actionsMetadataProvider = {
	async fetchActionMetadata(action) {
		if (action.owner === '$' || action.owner === '.')
			return parse(readFileSync(join(root, action.name, action.path ?? '', 'action.yml'), 'utf8'));
		return others[`${action.owner}/${action.name}`];
	},
};
let found = 0;
for (const file of process.argv.slice(3)) {
	const text = readFileSync(join(root, file), 'utf8');
	const doc = TextDocument.create(pathToFileURL(join(root, file)).href, 'yaml', 1, text);
	for (const d of await validate(doc, { fileProvider, actionsMetadataProvider })) {
		console.log(`${file}:${d.range.start.line + 1}: ${d.message}`);
		found++;
	}
}
process.exit(found ? 1 : 0);
