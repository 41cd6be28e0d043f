"""The imitated vendors, one module each: a subclass of `sandbox.vendor.Vendor` with a `name` is found by being here."""

from __future__ import annotations

import importlib
import pkgutil

from sandbox.vendor import Vendor


def _found() -> tuple[type[Vendor], ...]:
    names = [module.name for module in pkgutil.iter_modules(__path__)]
    modules = [importlib.import_module(f"{__name__}.{name}") for name in names]
    return tuple(
        value
        for module in modules
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Vendor) and value.__module__ == module.__name__
    )


VENDOR_TYPES = _found()
