"""Vendors whose systems are of kind SURVEY."""
