"""Who is it: identifiers, records and the clusters they form."""
