"""Faster than field by field: documents prepared and planned once, lists of plain data written by code made for them.

`prepare.py` keeps parsed and validated documents with their plans. A plan (`operation.py`, `plan.py`, `fields.py`,
`arguments.py`) is what graphql-core would find out anew for every request; its executor runs by it. `compile.py` makes,
once per selection on a list, a function from items to JSON, and `executor.py` puts it to use. Whatever is unusual is
graphql-core's. docs/execution.md explains it.
"""
