"""What browsers are served: the widget's files, the page that frames it, and GraphiQL where it is wanted.

`widget/` and `graphiql/` here are built from the folders of those names in the project's root; why they are committed:
docs/decisions/0023-serving-the-widget.md.
"""
