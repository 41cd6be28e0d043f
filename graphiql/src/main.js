import 'graphiql/style.css';
import './page.css';
import { GraphiQL } from 'graphiql';
import { createElement as h, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { askAs } from './ask.js';
import { storage } from './storage.js';
import { headersOf, viewersOf } from './viewers.js';

const QUESTION = `# Ctrl-Enter asks. Who asks stands under "Headers"; behind the book is what can be asked.
query Journey {
  singleCustomerView(by: {phone: "+393331110001"}) {
    state
    customer {
      id
      displayName
      journey(first: 5) {
        nodes { channel direction startedAt status subject queue { name } agent { name } }
        complete
        sources { source { name } state items }
      }
    }
  }
}
`;

/** `asked`: the page's own query: `viewer`, `query` and `variables` fill in what they name, for links that lead here. */
function Page({ viewers, asked }) {
  const [viewer, choose] = useState(viewers.find(({ name }) => name === asked.get('viewer')) ?? viewers[0]);
  const headers = headersOf(viewer);
  return h(
    GraphiQL,
    {
      fetcher: askAs(headers),
      storage,
      query: asked.get('query') ?? undefined,
      variables: asked.get('variables') ?? undefined,
      headers: JSON.stringify(headers, null, 2),
      defaultQuery: QUESTION,
      defaultEditorToolsVisibility: 'headers',
      showPersistHeadersSettings: false,
    },
    h(GraphiQL.Logo, null, viewer ? h(Chooser, { viewers, viewer, choose }) : 'Journey Gateway'),
  );
}

function Chooser({ viewers, viewer, choose }) {
  const change = (event) => choose(viewers.find(({ name }) => name === event.target.value));
  return h(
    'label',
    { className: 'viewer', title: viewer.description },
    'Ask as ',
    h('select', { value: viewer.name, onChange: change }, viewers.map(({ name }) => h('option', { key: name }, name))),
  );
}

const viewers = await viewersOf(document);
createRoot(document.querySelector('#graphiql')).render(h(Page, { viewers, asked: new URLSearchParams(location.search) }));
