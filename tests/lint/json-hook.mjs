// Node 20 wants an attribute on imports of JSON, which the language service
// leaves out: this loader adds it.
import { register } from 'node:module';
const hook = `export function resolve(specifier, context, next) {
	if (specifier.endsWith('.json'))
		context = { ...context,
			importAttributes: { ...context.importAttributes, type: 'json' },
			importAssertions: { ...context.importAssertions, type: 'json' } };
	return next(specifier, context);
}`;
register('data:text/javascript,' + encodeURIComponent(hook));
