"""Clients of an engine (Open WebUI): what they talk to, how they run locally, how they are opened."""
