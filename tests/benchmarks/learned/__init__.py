"""How fast the learned networks are trained: python -m tests.benchmarks.learned."""
