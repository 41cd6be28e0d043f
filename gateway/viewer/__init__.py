"""Who asks: tokens, keys, and what they are granted."""
