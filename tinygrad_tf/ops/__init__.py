"""The rules: every op of the engine, by kind. Importing this fills ``tensor.FUNCTIONS``."""

from . import elementwise, fused, indexing, linalg, reduction, shape

__all__ = ["elementwise", "fused", "indexing", "linalg", "reduction", "shape"]
