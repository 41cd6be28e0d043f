"""One journey: merge, cursors, filters, figures, liveness."""
