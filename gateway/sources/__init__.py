"""Asking every source at once, each within its bounds."""
