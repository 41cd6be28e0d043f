import { fileURLToPath } from 'node:url';
import { join } from 'node:path';

export const WIDGET = fileURLToPath(new URL('..', import.meta.url));
export const ROOT = join(WIDGET, '..');
export const BUNDLE = join(WIDGET, 'bundle');

/** What the gateway serves. */
export const SCHEMA = join(ROOT, 'schema.graphql');

export const isMain = (url) => process.argv[1] === fileURLToPath(url);
