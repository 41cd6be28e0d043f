import { fileURLToPath } from 'node:url';
import { join } from 'node:path';

export const WIDGET = fileURLToPath(new URL('..', import.meta.url));
export const ROOT = join(WIDGET, '..');
/** Where the gateway serves it from; committed, so that nobody needs Node to run a gateway. */
export const BUNDLE = join(ROOT, 'gateway/pages/widget');

/** What the gateway serves. */
export const SCHEMA = join(ROOT, 'schema.graphql');

export const isMain = (url) => process.argv[1] === fileURLToPath(url);
