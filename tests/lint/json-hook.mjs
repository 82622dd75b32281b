// Node wants an attribute on imports of JSON, which the language service
// leaves out: this loader adds it.
import { register } from 'node:module';
const hook = `export async function resolve(specifier, context, next) {
	const found = await next(specifier, context);
	return specifier.endsWith('.json')
		? { ...found, importAttributes: { type: 'json' } } : found;
}`;
register('data:text/javascript,' + encodeURIComponent(hook));
