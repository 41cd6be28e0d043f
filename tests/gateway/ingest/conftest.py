"""A PostgreSQL of its own, which these tests may stop."""

from __future__ import annotations

from tests.gateway.store.conftest import cluster as cluster
