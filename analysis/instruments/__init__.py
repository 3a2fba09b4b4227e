"""What the questions share: sources, observations, probes, options, progress, the shapes of results."""
