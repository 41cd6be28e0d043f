"""GraphQL: types that only translate."""
