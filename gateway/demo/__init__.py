"""Everything `gateway demo` brings along: a configuration for the sandbox, ready-made viewers, known customers."""
