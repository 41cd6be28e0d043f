"""A source out of any REST and JSON API by a TOML manifest, without code: docs/connectors/declarative.md."""
