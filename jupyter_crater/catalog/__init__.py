"""What is known before anything runs: models, GPUs and engines, as data with thin loaders.

Every loader reads its file on first use; importing these modules costs nothing.
"""
