"""The package beside PyTorch, JAX, HIPS autograd and micrograd on the same work; see ``__main__``."""
