"""The journal: what sources told by themselves, who was said to be one person, and who looked. SQLite or PostgreSQL."""
