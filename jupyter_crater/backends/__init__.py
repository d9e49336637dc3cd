"""The places where jobs run. Backends submit, observe, tunnel and delete; nothing else."""
