"""How fast, beside whom, and how far from the limit: python -m tests.benchmarks."""
