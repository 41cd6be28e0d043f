"""Vendors whose systems are of kind TELEPHONY."""
