"""How much memory a model needs, what is legal, and what fits."""
