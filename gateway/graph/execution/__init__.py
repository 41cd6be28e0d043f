"""Faster than field by field: documents prepared once, and lists of plain data written by code made for them.

`prepare.py` keeps parsed and validated documents. `compile.py` makes, once per selection, a function from items to
JSON. `executor.py` puts it to use inside graphql-core, which serves everything else. docs/execution.md explains it.
"""
