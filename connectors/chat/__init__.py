"""Vendors whose systems are of kind CHAT."""
