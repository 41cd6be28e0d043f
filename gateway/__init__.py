"""Journey Gateway: one customer, every system, one journey, as this viewer may see it."""
