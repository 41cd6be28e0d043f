"""What sources say has changed, copied into the journal; and what the journal says in their place."""
