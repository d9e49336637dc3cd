"""The hash-locked requirements of the engine environments; ``python -m`` this package remakes them."""
