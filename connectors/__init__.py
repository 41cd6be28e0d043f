"""Connectors: one shape for every contact-centre system, and the modules that map each vendor to it.

This package knows nothing of the gateway and can be used without it.
"""
