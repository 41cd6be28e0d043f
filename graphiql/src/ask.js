import { getOperationAST } from 'graphql';
import { createClient } from 'graphql-sse';

const URL = '/graphql';

/**
 * What GraphiQL asks the gateway with: JSON, or events for a subscription, under the headers that stand in its editor. The
 * schema is asked for before there is an editor, so under `first`.
 */
export const askAs = (first) => ({ query, variables, operationName }, { headers, documentAST } = {}) => {
  const asked = { query, variables, operationName };
  const isTold = documentAST && getOperationAST(documentAST, operationName)?.operation === 'subscription';
  if (isTold) return listen(asked, headers ?? {});
  return once(asked, headers ?? (operationName === 'IntrospectionQuery' ? first : {}));
};

async function once(asked, headers) {
  const answer = await fetch(URL, {
    method: 'POST',
    headers: { ...headers, accept: 'application/graphql-response+json, application/json', 'content-type': 'application/json' },
    body: JSON.stringify(asked),
    credentials: 'omit',
  });
  return answer.json();
}

/** A client a stream, since each has headers of its own. What was lost stays lost: whoever looks sees that it ended. */
function listen(asked, headers) {
  return createClient({ url: URL, headers, credentials: 'omit', retryAttempts: 0 }).iterate(asked);
}
