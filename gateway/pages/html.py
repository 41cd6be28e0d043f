"""The two pages, as text, and what a browser may do on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from string import Template

EMBED_SHEET = "body { margin: 0 }\n"

_EMBED = Template("""\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="cj-hosts" content="$hosts">
<title>Customer journey</title>
<link rel="stylesheet" href="/embed.css">
<script type="module" src="$folder/cj.js" integrity="$cj"></script>
<script type="module" src="$folder/embed.js" integrity="$embed"></script>
</head>
<body><customer-journey endpoint="/graphql"></customer-journey></body>
</html>
""")

_GRAPHIQL = Template("""\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
$viewers<title>GraphiQL – Journey Gateway</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/graphiql/graphiql.css">
<script type="module" src="/graphiql/graphiql.js"></script>
</head>
<body><div id="graphiql"></div></body>
</html>
""")

_NOTHING_ELSE = "default-src 'none'; base-uri 'none'; form-action 'none'; script-src 'self'; connect-src 'self'"
GRAPHIQL_POLICY = f"{_NOTHING_ELSE}; style-src 'self' 'unsafe-inline'; img-src data:; frame-ancestors 'none'"
"""Its dialogs write sheets of their own into the page."""


def embed_page(folder: str, integrity: Mapping[str, str], origins: Sequence[str]) -> str:
    """`folder`: the path of the very version whose `integrity` it names. `origins`: of the hosts that it talks to."""
    hosts = escape(" ".join(origins))
    return _EMBED.substitute(hosts=hosts, folder=folder, cj=integrity["cj.js"], embed=integrity["embed.js"])


def embed_policy(origins: Sequence[str]) -> str:
    """Without an origin nobody may frame it."""
    ancestors = " ".join(origins) or "'none'"
    types = "require-trusted-types-for 'script'; trusted-types lit-html"
    return f"{_NOTHING_ELSE}; style-src 'self'; {types}; frame-ancestors {ancestors}"


def graphiql_page(viewers_path: str | None) -> str:
    """`viewers_path`: where the demo tells its viewers and their tokens."""
    viewers = "" if viewers_path is None else f'<meta name="viewers" content="{escape(viewers_path)}">\n'
    return _GRAPHIQL.substitute(viewers=viewers)
