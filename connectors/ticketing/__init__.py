"""Vendors whose systems are of kind TICKETING."""
