"""Who looked at whom, how often somebody may look, and how a customer is forgotten."""
