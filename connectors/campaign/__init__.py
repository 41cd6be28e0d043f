"""Vendors whose systems are of kind CAMPAIGN."""
