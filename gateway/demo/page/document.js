// A GraphQL document that was written without line breaks, as people like to read it.

const TOKENS = /"(?:[^"\\]|\\.)*"|\.\.\.(?:on\b)?|[@$]?\w+|[{}()[\]:!=]/g;
const NOTHING_BEFORE = new Set([')', ']', '}', '!', ':']);
const NOTHING_AFTER = new Set(['(', '[', '{', ':', '=']);

export function indented(text) {
  let depth = 0;
  let rounds = 0;
  let before = '';
  let out = '';
  const line = () => `\n${'  '.repeat(depth)}`;
  for (const token of text.match(TOKENS) ?? []) {
    if (token === '(') rounds += 1;
    if (token === ')') rounds -= 1;
    if (token === ':') out += ': ';
    else if (rounds > 0 || token === '(' || token === ')') out += token === '=' ? ' = ' : `${token !== '(' && needsComma(before, token) ? ', ' : ''}${token}`;
    else if (token === '{') {
      depth += 1;
      out += ' {';
    } else if (token === '}') {
      depth -= 1;
      out += `${line()}}`;
    } else if (token.startsWith('@') || before === '...on') out += ` ${token}`;
    else if (before === ':' || before === '...') out += token;
    else if (depth > 0) out += `${line()}${token}`;
    else out += `${before === '}' ? '\n\n' : before ? ' ' : ''}${token}`;
    before = token;
  }
  return out;
}

const needsComma = (before, token) => !NOTHING_BEFORE.has(token) && !NOTHING_AFTER.has(before);
