"""Vendors whose systems are of kind WHATSAPP."""
