"""Vendors whose systems are of kind WEB."""
