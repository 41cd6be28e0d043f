// Writes src/api/operations.ts and the bundle's documents.json from src/api/operations/*.graphql and the API's schema.
// `--check` writes nothing and fails when what is there differs.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  buildSchema, getNamedType, isAbstractType, isEnumType, isInputObjectType, isListType, isNonNullType,
  isObjectType, parse, print, stripIgnoredCharacters, typeFromAST, validate, visit, Kind,
} from 'graphql';
import { BUNDLE, SCHEMA, WIDGET, isMain } from './paths.mjs';

const FOLDER = join(WIDGET, 'src/api/operations');
const SCALARS = { ID: 'string', String: 'string', DateTime: 'string', URL: 'string', Int: 'number', Float: 'number', Boolean: 'boolean' };

/** The files to write, by path. Throws with every complaint when an operation does not fit the schema. */
export function generate(schemaPath = SCHEMA) {
  const schema = buildSchema(readFileSync(schemaPath, 'utf8'), { assumeValidSDL: true });
  const names = readdirSync(FOLDER).filter((name) => name.endsWith('.graphql')).sort();
  const document = parse(names.map((name) => readFileSync(join(FOLDER, name), 'utf8')).join('\n'));
  const complaints = validate(schema, document);
  if (complaints.length) throw new Error(complaints.map(String).join('\n'));

  const fragments = new Map(document.definitions.filter(isFragment).map((each) => [each.name.value, each]));
  const operations = document.definitions.filter((each) => each.kind === Kind.OPERATION_DEFINITION);
  const types = new Types(schema, fragments);
  const documents = {};
  const constants = operations.map((operation) => {
    const text = textOf(operation, fragments);
    const hash = createHash('sha256').update(text).digest('hex');
    documents[hash] = text;
    const name = operation.name.value;
    const variables = types.variables(operation);
    const data = types.selection(schema.getRootType(operation.operation), operation.selectionSet);
    return `export const ${name}: Operation<${data}, ${variables}> = { hash: '${hash}' };`;
  });
  const shapes = [...fragments.values()].map((each) => {
    const type = typeFromAST(schema, each.typeCondition);
    return `export type ${each.name.value} = ${types.selection(type, each.selectionSet)};`;
  });
  const source = [
    '// Written by scripts/operations.mjs from the API\'s schema; not by hand.',
    '/** A document that gateways know by its hash; its text is in documents.json, for those that do not. */',
    'export interface Operation<Data, Variables> {\n  readonly hash: string;\n  readonly shape?: (variables: Variables) => Data;\n}',
    ...types.declarations(), ...shapes, ...constants,
  ].join('\n\n');
  return {
    [join(WIDGET, 'src/api/operations.ts')]: `${source}\n`,
    [join(BUNDLE, 'documents.json')]: JSON.stringify(documents),
  };
}

const isFragment = (each) => each.kind === Kind.FRAGMENT_DEFINITION;

/** The operation with the fragments it needs, as short as it gets: what is sent and hashed. */
function textOf(operation, fragments) {
  const needed = new Set();
  const collect = (node) => visit(node, {
    FragmentSpread({ name }) {
      if (needed.has(name.value)) return;
      needed.add(name.value);
      collect(fragments.get(name.value));
    },
  });
  collect(operation);
  const parts = [operation, ...[...needed].sort().map((name) => fragments.get(name))];
  return stripIgnoredCharacters(parts.map(print).join('\n'));
}

/** TypeScript for what GraphQL selects. An abstract type becomes a union over the types that may stand there. */
class Types {
  constructor(schema, fragments) {
    this.schema = schema;
    this.fragments = fragments;
    this.used = new Map();
  }

  variables(operation) {
    const fields = (operation.variableDefinitions ?? []).map((definition) => {
      const type = typeFromAST(this.schema, definition.type);
      return `${definition.variable.name.value}${isNonNullType(type) ? '' : '?'}: ${this.of(type, (named) => this.name(named))}`;
    });
    return `{ ${fields.join('; ')} }`;
  }

  selection(type, set) {
    const [only, ...others] = set.selections;
    if (only.kind === Kind.FRAGMENT_SPREAD && !others.length) return only.name.value;
    if (!isAbstractType(type)) return this.object(type, set);
    const variants = new Map();
    for (const possible of this.schema.getPossibleTypes(type)) {
      const shape = this.object(possible, set, true);
      variants.set(shape, [...(variants.get(shape) ?? []), possible.name]);
    }
    const shapes = [...variants].map(([shape, names]) => shape.replace('$TYPE', names.map((name) => `'${name}'`).join(' | ')));
    return shapes.length === 1 ? shapes[0] : `(${shapes.join(' | ')})`;
  }

  object(type, set, named = false) {
    const fields = new Map();
    this.collect(type, set, fields);
    const lines = [...fields].map(([key, { field, sets, optional }]) => {
      if (field === '__typename') return `${key}: ${named ? '$TYPE' : `'${type.name}'`}`;
      const shape = this.of(field.type, (inner) => (sets.length
        ? this.selection(inner, { kind: Kind.SELECTION_SET, selections: sets.flatMap((each) => each.selections) })
        : this.name(inner)));
      return `${key}${optional ? '?' : ''}: ${shape}`;
    });
    return `{ ${lines.join('; ')} }`;
  }

  collect(type, set, fields) {
    for (const node of set.selections) {
      if (node.kind === Kind.FIELD) {
        const key = node.alias?.value ?? node.name.value;
        const known = fields.get(key) ?? {
          field: node.name.value === '__typename' ? '__typename' : type.getFields()[node.name.value],
          sets: [],
          optional: (node.directives ?? []).length > 0,
        };
        if (node.selectionSet) known.sets.push(node.selectionSet);
        fields.set(key, known);
        continue;
      }
      const inner = node.kind === Kind.FRAGMENT_SPREAD ? this.fragments.get(node.name.value) : node;
      const on = inner.typeCondition ? typeFromAST(this.schema, inner.typeCondition) : type;
      if (on === type || (isAbstractType(on) && this.schema.isSubType(on, type))) this.collect(type, inner.selectionSet, fields);
    }
  }

  of(type, inner) {
    if (isNonNullType(type)) return this.bare(type.ofType, inner);
    return `${this.bare(type, inner)} | null`;
  }

  bare(type, inner) {
    if (isListType(type)) return `(${this.of(type.ofType, inner)})[]`;
    return inner(getNamedType(type));
  }

  name(type) {
    if (SCALARS[type.name]) return SCALARS[type.name];
    if (!isObjectType(type)) this.used.set(type.name, type);
    return type.name;
  }

  /** Enums and inputs that were used. Enums may grow: clients keep a default branch. */
  declarations() {
    const written = new Map();
    while (this.used.size > written.size) {
      for (const [name, type] of this.used) if (!written.has(name)) written.set(name, this.declaration(type));
    }
    return [...written].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, text]) => text);
  }

  declaration(type) {
    if (isEnumType(type)) return `export type ${type.name} = ${type.getValues().map(({ name }) => `'${name}'`).join(' | ')};`;
    if (!isInputObjectType(type)) throw new Error(`no TypeScript for ${type.name}`);
    const fields = Object.values(type.getFields()).map((field) => {
      const optional = !isNonNullType(field.type);
      return `  ${field.name}${optional ? '?' : ''}: ${this.of(field.type, (named) => this.name(named))};`;
    });
    return `export interface ${type.name} {\n${fields.join('\n')}\n}`;
  }
}

if (isMain(import.meta.url)) {
  const check = process.argv.includes('--check');
  for (const [path, text] of Object.entries(generate())) {
    if (check) {
      if (readFileSync(path, 'utf8') !== text) throw new Error(`${path} is not what scripts/operations.mjs writes`);
    } else {
      mkdirSync(join(path, '..'), { recursive: true });
      writeFileSync(path, text);
    }
  }
}
